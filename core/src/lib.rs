//! The words that every part of fenchel speaks: what a loss, a penalty, a prox, a design and a
//! certificate are. This crate knows no other crate of the workspace, opens no file, starts no
//! thread and prints nothing.
//!
//! | subject | module |
//! |---|---|
//! | penalties and what they may offer | [`penalty`] |
//! | losses, before and after they have seen data | [`loss`] |
//! | losses on a part of the rows | [`Part`] |
//! | losses that are sums over single samples | [`elementwise`] |
//! | objectives over a flat parameter vector, with a design or without | [`objective`] |
//! | objectives at the end of a barrier's path | [`CentralPath`] |
//! | objectives that are sums over samples | [`FiniteSum`] |
//! | coefficients that are the weights of a network | [`Layer`] |
//! | designs, seen through operations | [`design`], [`matrix`], [`rows`], [`kernels`] |
//! | a problem and its certificate | [`problem`], [`certificate`], [`dual`] |
//! | one epoch of coordinate descent | [`sweep`] |
//! | the simplex: projection and distances | [`simplex`] |
//! | how problem files name maths | [`spec`], [`card`] |

pub mod blocks;
pub mod card;
mod central_path;
pub mod certificate;
mod convex_concave;
mod copies;
mod curvature;
pub mod design;
mod directions;
pub mod dual;
pub mod elementwise;
mod error;
mod finite_sum;
pub mod functions;
pub mod groups;
pub mod joint;
pub mod kernels;
mod layers;
mod linalg;
pub mod loss;
pub mod matrix;
mod names;
pub mod objective;
mod part;
pub mod penalty;
pub mod problem;
mod products;
pub mod rows;
pub mod samples;
pub mod simplex;
mod snapshot;
mod space;
pub mod spec;
mod subset;
pub mod sweep;
mod thresholds;
mod weights;

pub use card::{BuildLoss, BuildPenalty, Card, Kind, Parameters, cards};
pub use central_path::{CentralPath, Stage};
pub use certificate::{
    Baseline, Certificate, CertificateKind, Certifier, FreeStep, certify, certify_with,
    certify_within,
};
pub use convex_concave::ConvexConcave;
pub use copies::{Copied, Copies};
pub use curvature::CurvatureForm;
pub use design::Design;
pub use error::{Error, nearest};
pub use finite_sum::{FiniteSum, SampleFit};
pub use groups::Groups;
pub use layers::{Layer, Side};
pub use loss::{
    Bound, Curvature, DataFit, EntrywiseProx, FitConjugate, FitProx, Forward, HessianProduct, Loss,
    OwnParameters, OwnReport, Predictor, Product, SmoothFit,
};
pub use matrix::{Column, DenseMatrix, Matrix, SparseMatrix};
pub use names::Names;
pub use objective::{LinearModel, Objective, Shape, Smooth, Workspace};
pub use part::Part;
pub use penalty::{
    Blocks, Conjugate, Convexity, Elementary, Lineality, Operator, Penalty, Prox, Restrict, Scalar,
    Separable, Subdifferential, Term, Terms, ZeroThreshold,
};
pub use problem::Problem;
pub use rows::Rows;
pub use samples::{Response, ResponseKind, Samples};
pub use snapshot::Snapshot;
pub use space::Space;
pub use spec::{
    Context, FeatureRef, GroupsSpec, LossSpec, PenaltySpec, Raw, Resolve, feature_weights, one,
};
pub use sweep::{Grams, Sweep, SweepReport};
pub use thresholds::{ClassSums, Neighbours, Pairs, Thresholds};
pub use weights::{PerCoefficient, Uniform, Weights};

#[doc(hidden)]
pub use {inventory, schemars};

/// The larger of two violations, where NaN counts as infinitely bad (`f64::max` would lose it).
#[inline]
pub fn worst(a: f64, b: f64) -> f64 {
    if b.is_nan() { f64::INFINITY } else { a.max(b) }
}
