//! A plugin in Rust: two penalties and a loss that are not built in. Each file is written as a
//! built-in type's is; the last line of this one makes the crate a plugin.

mod asymmetric_l1;
mod exclusive_lasso;
mod log_cosh;

pub use asymmetric_l1::AsymmetricL1;
pub use exclusive_lasso::ExclusiveLasso;
pub use log_cosh::LogCosh;

fenchel_plugin::export_plugin!();
