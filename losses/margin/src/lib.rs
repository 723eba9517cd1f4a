//! Losses of a margin, `s eta` with `s = -1` or `1`.

mod squared_hinge;

pub use squared_hinge::SquaredHinge;
