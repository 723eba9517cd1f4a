//! Losses of class labels, ordered or not.

mod classes;
mod cumulative_logit;
mod interval;
mod intervals;
mod multinomial;
mod ordered;
mod shared;
mod threshold;

pub use cumulative_logit::CumulativeLogit;
pub use multinomial::Multinomial;
