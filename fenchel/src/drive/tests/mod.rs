//! Whole runs, from a table to a solution.

mod cv;
mod fixture;
mod fit;
mod own;
mod path;
mod resume;
