//! Losses of a residual, `y - eta`.

mod huber;
mod quadratic;
mod quantile;

pub use huber::Huber;
pub use quadratic::Quadratic;
pub use quantile::Quantile;
