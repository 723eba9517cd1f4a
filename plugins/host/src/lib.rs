//! Plugins, seen from the host: a library is read once, its bytes are hashed and sealed, and what
//! was hashed is what is loaded. Its types then look like any other: a foreign penalty is a
//! [`Penalty`](fenchel_core::Penalty), a foreign loss a [`Loss`](fenchel_core::Loss).
//!
//! Native code in this process can do anything that the process can. What is promised here is less:
//! nothing runs unasked, broken promises are noticed and named, and a run can be kept in a process
//! of its own.

pub mod calls;
mod cards;
mod crash;
mod error;
mod fault;
mod image;
pub mod isolate;
mod library;
mod loss;
mod object;
mod open;
mod output;
mod parameters;
mod penalty;
mod plugin;
mod refusal;
mod sealed;
mod tables;
mod texts;
pub mod trust;
mod watch;

pub use crash::{leave, name_crashes};
pub use error::LoadError;
pub use fault::{Fault, Faults};
pub use image::Image;
pub use library::{Library, LibraryInfo, PluginType};
pub use open::open;
pub use watch::{Watch, watch};
