//! No penalty, the lasso, ridge, elastic net and SLOPE.
//!
//! The first four are sums over coefficients of `l1 |b| + l2/2 b^2`; each spells its own value, prox
//! and subdifferential, and takes the rest from that description (`elementary`).

mod elastic_net;
mod elementary;
mod l1;
mod l2;
mod none;
mod quantile;
mod slope;
#[cfg(test)]
mod testing;

pub use elastic_net::ElasticNet;
pub use l1::L1;
pub use l2::L2;
pub use none::NoPenalty;
pub use slope::Slope;
