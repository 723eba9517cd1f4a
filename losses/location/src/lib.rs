//! Losses of a residual, `y - eta`.

mod huber;
mod quadratic;

pub use huber::Huber;
pub use quadratic::Quadratic;
