//! Plugins, seen from the host: a library is read once, its bytes are hashed and sealed, and what
//! was hashed is what is loaded. Its types then look like any other: a foreign penalty is a
//! [`Penalty`](fenchel_core::Penalty), a foreign loss a [`Loss`](fenchel_core::Loss).
//!
//! Native code in this process can do anything that the process can. What is promised here is less:
//! nothing runs unasked, broken promises are noticed and named, and a run can be kept in a process
//! of its own.

pub mod calls;
mod crash;
mod fault;
mod library;
mod parameters;
mod watch;

pub use crash::name_crashes;
pub use fault::{Fault, Faults};
pub use library::{Library, LibraryInfo, PluginType};
pub use watch::{Watch, watch};
