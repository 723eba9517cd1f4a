//! Whole runs, from a table to a solution.

mod cv;
mod fit;
mod fixture;
mod own;
mod path;
mod resume;
