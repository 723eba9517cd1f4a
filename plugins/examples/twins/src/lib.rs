//! Built-in types once more, as a plugin: what the boundary costs, and that it changes no answer,
//! is seen by comparing `l1` with `l1_rust`. Each spec builds the family's own type.

mod losses;
mod penalties;

fenchel_plugin::export_plugin!();
