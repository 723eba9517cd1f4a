//! Whole runs, from a table to a solution.

mod cv;
mod fit;
mod fixture;
mod nonsmooth;
mod own;
mod path;
mod resume;
mod shared;
