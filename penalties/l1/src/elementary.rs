//! What follows from `omega_j(b) = l1_j |b| + l2_j/2 b^2` alone: conjugate, dual scale and zero
//! threshold of the sum.

use fenchel_core::{Elementary, kernels};

/// Numbers that are folded at a time, each into a result of its own: one would wait for the other.
const LANES: usize = 8;

/// The fold of `f(j, u_j)` by `join` from `empty` on, in [`LANES`] parts.
fn fold(
    u: &[f64],
    empty: f64,
    f: impl Fn(usize, f64) -> f64,
    join: impl Fn(f64, f64) -> f64,
) -> f64 {
    kernels::widest(
        #[inline(always)]
        || {
            let mut parts = [empty; LANES];
            let (chunks, rest) = u.as_chunks::<LANES>();
            for (c, u) in chunks.iter().enumerate() {
                for l in 0..LANES {
                    parts[l] = join(parts[l], f(c * LANES + l, u[l]));
                }
            }
            let done = u.len() - rest.len();
            for (l, u) in rest.iter().enumerate() {
                parts[l] = join(parts[l], f(done + l, *u));
            }
            parts.into_iter().fold(empty, &join)
        },
    )
}

/// `sum_j omega_j*(u_j)`.
pub(crate) fn conjugate(penalty: &impl Elementary, u: &[f64]) -> f64 {
    fold(u, 0.0, |j, u| penalty.scalar(j).conjugate(u), |sum, part| sum + part)
}

/// The smallest dual scale over the coefficients.
pub(crate) fn dual_scale(penalty: &impl Elementary, u: &[f64]) -> f64 {
    let scale = |j, u| {
        let scale = penalty.scalar(j).dual_scale(u);
        if scale.is_nan() { 0.0 } else { scale }
    };
    fold(u, 1.0, scale, |least, scale| if scale < least { scale } else { least })
}

/// The largest threshold over the coefficients; `None` where one has none.
pub(crate) fn zero_threshold(penalty: &impl Elementary, grad: &[f64]) -> Option<f64> {
    let mut thresholds = grad.iter().enumerate().map(|(j, g)| penalty.scalar(j).zero_threshold(*g));
    let top = thresholds.try_fold(0.0, |top, s| s.map(|s| fenchel_core::worst(top, s)));
    top.filter(|s| s.is_finite())
}

/// Implements `Conjugate` and `ZeroThreshold` from `Elementary`.
macro_rules! derive_from_scalars {
    ($($penalty:ty $(, $weights:ident)?);* $(;)?) => {$(
        impl$(<$weights: fenchel_core::Weights>)? fenchel_core::Conjugate for $penalty {
            fn conjugate(&self, u: &[f64]) -> f64 {
                crate::elementary::conjugate(self, u)
            }
            fn dual_scale(&self, u: &[f64]) -> f64 {
                crate::elementary::dual_scale(self, u)
            }
        }
        impl$(<$weights: fenchel_core::Weights>)? fenchel_core::ZeroThreshold for $penalty {
            fn zero_threshold(&self, grad: &[f64]) -> Option<f64> {
                crate::elementary::zero_threshold(self, grad)
            }
        }
    )*};
}
/// The capabilities of a penalty that has all but blocks and terms.
macro_rules! all_elementary_capabilities {
    () => {
        fn as_prox(&self) -> Option<&dyn fenchel_core::Prox> {
            Some(self)
        }
        fn as_separable(&self) -> Option<&dyn fenchel_core::Separable> {
            Some(self)
        }
        fn as_subdifferential(&self) -> Option<&dyn fenchel_core::Subdifferential> {
            Some(self)
        }
        fn as_conjugate(&self) -> Option<&dyn fenchel_core::Conjugate> {
            Some(self)
        }
        fn as_zero_threshold(&self) -> Option<&dyn fenchel_core::ZeroThreshold> {
            Some(self)
        }
        fn as_elementary(&self) -> Option<&dyn fenchel_core::Elementary> {
            Some(self)
        }
    };
}
pub(crate) use {all_elementary_capabilities, derive_from_scalars};
