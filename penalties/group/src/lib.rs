//! Penalties on groups of features and on rows of the coefficients: sums of Euclidean norms over
//! blocks, so that a block enters or leaves as a whole.

mod group_lasso;
mod row_group;
mod sparse_group_lasso;
mod weights;

pub use group_lasso::GroupLasso;
pub use sparse_group_lasso::SparseGroupLasso;

#[cfg(test)]
mod testing;
