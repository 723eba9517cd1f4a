//! A plugin in Rust that breaks its promises, each type in its own way: what tests hold against the
//! host. All of its penalties are the lasso's but for one thing.

mod losses;
mod penalties;

fenchel_plugin::export_plugin!();
