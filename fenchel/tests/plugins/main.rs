//! The real command with libraries: good ones, ones that break their promises, and ones that nobody
//! trusts.

mod bench;
#[path = "../common/mod.rs"]
mod common;
mod faults;
mod isolated;
mod named;
mod predict;
mod stuck;
mod trust;
