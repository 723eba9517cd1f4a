//! The nuclear norm.

use fenchel_core::{
    BuildPenalty, Conjugate, Context, Convexity, Error, Lineality, Penalty, Prox, Space,
    Subdifferential, ZeroThreshold, kernels,
};

use crate::gram;
use crate::svd::{singular_values, svd};

/// The nuclear norm: coefficients of low rank, outputs that share few directions.
/// ```text
/// Omega(B)          = lambda sum_r sigma_r(B)
/// prox_{t Omega}(V) = sum_r max(sigma_r - t lambda, 0) u_r v_r',    V = sum_r sigma_r u_r v_r'
/// dOmega(B)         = lambda { U V' + W : U'W = 0, W V = 0, ||W||_2 <= 1 },   B = U S V', S > 0
/// Omega*(Y)         = 0  if the spectral norm ||Y||_2 <= lambda,  else +inf
/// ```
/// - Shapes: B is p x K, column by column; the distance to the subdifferential is one block's, in
///   the Frobenius norm.
/// - Errors: [`Error::Parameter`] unless `lambda` is finite and at least 0.
/// - For one output this is `lambda ||b||_2`.
/// - Source: Watson (1992), Linear Algebra Appl. 170, eq. 6 (subdifferential); Cai, Candes & Shen
///   (2010), SIAM J. Optim. 20(4), theorem 2.1 (prox).
#[derive(Debug, Clone)]
pub struct Nuclear {
    lambda: f64,
    outputs: usize,
}

impl Nuclear {
    /// Checks the parameter.
    pub fn new(lambda: f64, space: &Space) -> Result<Self, Error> {
        let lambda = Error::check_non_negative("lambda", lambda)?;
        Ok(Self { lambda, outputs: space.outputs().max(1) })
    }

    fn spectral_norm(&self, u: &[f64]) -> f64 {
        singular_values(u, self.outputs).map_or(f64::NAN, |s| s.first().copied().unwrap_or(0.0))
    }
}

impl Penalty for Nuclear {
    fn value(&self, beta: &[f64]) -> f64 {
        singular_values(beta, self.outputs)
            .map_or(f64::NAN, |s| self.lambda * s.iter().sum::<f64>())
    }
    fn scaled(&self, scale: f64) -> Box<dyn Penalty> {
        Box::new(Self { lambda: self.lambda * scale, ..self.clone() })
    }
    fn convexity(&self) -> Convexity {
        Convexity::Convex
    }
    fn lineality(&self) -> Lineality {
        if self.lambda == 0.0 { Lineality::Everything } else { Lineality::Trivial }
    }
    fn as_prox(&self) -> Option<&dyn Prox> {
        Some(self)
    }
    fn as_subdifferential(&self) -> Option<&dyn Subdifferential> {
        Some(self)
    }
    fn as_conjugate(&self) -> Option<&dyn Conjugate> {
        Some(self)
    }
    fn as_zero_threshold(&self) -> Option<&dyn ZeroThreshold> {
        Some(self)
    }
}

impl Prox for Nuclear {
    /// NaN throughout where `v` is not finite.
    fn prox(&self, v: &[f64], step: f64, out: &mut [f64]) -> f64 {
        let threshold = step * self.lambda;
        if threshold == 0.0 {
            out.copy_from_slice(v);
            return self.value(v);
        }
        // Only what is above the threshold, where that is as good.
        if let Some(total) = gram::shrink(v, self.outputs, threshold, out) {
            return self.lambda * total;
        }
        let Some(parts) = svd(v, self.outputs) else {
            out.fill(f64::NAN);
            return f64::NAN;
        };
        out.fill(0.0);
        let p = v.len() / self.outputs;
        let mut total = 0.0;
        for ((value, left), right) in parts.values.iter().zip(&parts.left).zip(&parts.right) {
            let shrunk = kernels::soft_threshold(*value, threshold);
            if shrunk == 0.0 {
                break; // descending
            }
            total += shrunk;
            for (out, r) in out.chunks_mut(p).zip(right) {
                kernels::axpy(shrunk * r, left, out);
            }
        }
        self.lambda * total
    }
}

impl Subdifferential for Nuclear {
    /// With `M = -G` and projections `P = U U'`, `Q = V V'`, the part `N = (I - P) M (I - Q)` is
    /// free up to `||N||_2 <= lambda` and the rest is pinned to `lambda U V'`; the two are
    /// orthogonal.
    fn subdiff_dist(&self, beta: &[f64], grad: &[f64]) -> f64 {
        let Some(parts) = svd(beta, self.outputs) else { return f64::INFINITY };
        let p = beta.len() / self.outputs;
        let top = parts.values.first().copied().unwrap_or(0.0);
        let negligible = 4.0 * p.max(self.outputs) as f64 * f64::EPSILON * top;
        let rank = parts.values.iter().take_while(|s| **s > negligible).count();
        let (left, right) = (&parts.left[..rank], &parts.right[..rank]);

        let mut free: Vec<f64> = grad.iter().map(|g| -g).collect();
        for column in free.chunks_mut(p) {
            for u in left {
                let component = kernels::dot(u, column);
                kernels::axpy(-component, u, column);
            }
        }
        for v in right {
            let mut image = vec![0.0; p]; // N v
            for (column, v) in free.chunks(p).zip(v) {
                kernels::axpy(*v, column, &mut image);
            }
            for (column, v) in free.chunks_mut(p).zip(v) {
                kernels::axpy(-v, &image, column);
            }
        }
        let mut pinned: Vec<f64> = grad.iter().zip(&free).map(|(g, n)| -g - n).collect();
        for (u, v) in left.iter().zip(right) {
            for (column, v) in pinned.chunks_mut(p).zip(v) {
                kernels::axpy(-self.lambda * v, u, column);
            }
        }
        let Some(values) = singular_values(&free, self.outputs) else { return f64::INFINITY };
        let excess: Vec<f64> = values.iter().map(|s| (s - self.lambda).max(0.0)).collect();
        kernels::norm2(&pinned).hypot(kernels::norm2(&excess))
    }
}

impl Conjugate for Nuclear {
    fn conjugate(&self, u: &[f64]) -> f64 {
        let inside = self.spectral_norm(u) <= self.lambda * (1.0 + 1e-12);
        if inside { 0.0 } else { f64::INFINITY }
    }
    fn dual_scale(&self, u: &[f64]) -> f64 {
        let norm = self.spectral_norm(u);
        if norm <= self.lambda { 1.0 } else { self.lambda / norm }
    }
}

impl ZeroThreshold for Nuclear {
    fn zero_threshold(&self, grad: &[f64]) -> Option<f64> {
        match self.spectral_norm(grad) {
            0.0 => Some(0.0),
            norm => (self.lambda > 0.0).then_some(norm / self.lambda),
        }
    }
}

/// What the file says.
#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct NuclearSpec {
    /// Penalty strength.
    #[serde(default = "fenchel_core::one")]
    #[schemars(range(min = 0.0))]
    lambda: f64,
}

impl BuildPenalty for NuclearSpec {
    fn build_penalty(&self, context: &Context<'_>) -> Result<Box<dyn Penalty>, Error> {
        Ok(Box::new(Nuclear::new(self.lambda, context.space)?))
    }
}

fenchel_core::register_penalty!("nuclear", NuclearSpec, {
    summary: "sum of the singular values of B (p x K): outputs share few directions",
    formula: "lambda * sum_r sigma_r(B)",
    method: "prox: soft threshold of the singular values",
    combines: "losses with several outputs by proximal gradient; duality gap known",
    example: "lambda = 0.1",
    source: "Cai, Candes & Shen (2010), SIAM J. Optim. 20(4), theorem 2.1",
});

#[cfg(test)]
mod tests {
    use fenchel_core::{PenaltySpec, Raw, Resolve};

    use super::*;

    fn penalty(lambda: f64, features: usize, outputs: usize) -> Nuclear {
        Nuclear::new(lambda, &Space::numbered(features, outputs)).unwrap()
    }

    #[test]
    fn a_diagonal_matrix_is_thresholded_on_its_diagonal() {
        let mut out = [9.0; 4];
        let value = penalty(0.5, 2, 2).prox(&[3.0, 0.0, 0.0, -0.8], 2.0, &mut out);
        for (got, expected) in out.iter().zip([2.0, 0.0, 0.0, 0.0]) {
            assert!((got - expected).abs() < 1e-15);
        }
        assert!((value - 1.0).abs() < 1e-15);
    }

    #[test]
    fn one_output_or_one_feature_is_the_euclidean_norm() {
        for (p, outputs) in [(3, 1), (1, 3)] {
            let penalty = penalty(2.0, p, outputs);
            assert!((penalty.value(&[2.0, -1.0, 2.0]) - 6.0).abs() < 1e-15);
            let mut out = [9.0; 3];
            penalty.prox(&[2.0, -1.0, 2.0], 1.5, &mut out);
            assert_eq!(out, [0.0; 3]);
        }
    }

    #[test]
    fn the_distance_is_that_of_the_closest_subgradient() {
        // B = e_1 e_1': dOmega = lambda (e_1 e_1' + w e_2 e_2'), |w| <= 1.
        let penalty = penalty(1.0, 2, 2);
        let b = [5.0, 0.0, 0.0, 0.0];
        assert!(penalty.subdiff_dist(&b, &[-1.0, 0.0, 0.0, 0.9]) < 1e-15);
        let distance = penalty.subdiff_dist(&b, &[-1.0, 3.0, 0.0, -5.0]);
        assert!((distance - 5.0).abs() < 1e-14); // hypot(3, 5 - 1)
        // At zero, the spectral ball: singular values 3 and 0.5.
        let distance = penalty.subdiff_dist(&[0.0; 4], &[0.0, 3.0, 0.5, 0.0]);
        assert!((distance - 2.0).abs() < 1e-14);
    }

    #[test]
    fn zeros_and_nans_are_ordinary_inputs() {
        let penalty = penalty(1.0, 3, 2);
        let mut out = [9.0; 6];
        assert_eq!(penalty.prox(&[0.0; 6], 1.0, &mut out), 0.0);
        assert_eq!(out, [0.0; 6]);
        assert_eq!(penalty.subdiff_dist(&[0.0; 6], &[0.0; 6]), 0.0);
        let nan = [0.0, f64::NAN, 0.0, 0.0, 0.0, 0.0];
        assert!(penalty.prox(&nan, 1.0, &mut out).is_nan());
        assert_eq!(penalty.subdiff_dist(&[0.0; 6], &nan), f64::INFINITY);
        assert_eq!(penalty.conjugate(&nan), f64::INFINITY);
    }

    #[test]
    fn laws_hold() {
        for (features, outputs) in [(4, 3), (2, 3), (5, 1), (1, 3)] {
            let space = Space::numbered(features, outputs);
            fenchel_laws::penalty::assert_laws(&penalty(0.8, features, outputs), &space);
        }
    }

    struct NoFiles;

    impl Resolve for NoFiles {
        fn penalty(&self, _: &Raw, _: &Space) -> Result<Box<dyn Penalty>, Error> {
            Err(Error::Unsupported("no nested penalties here".into()))
        }
        fn table_column(&self, file: &str, _: &str) -> Result<Vec<String>, Error> {
            Err(Error::Data(format!("no file {file}")))
        }
        fn matrix(&self, file: &str) -> Result<(Vec<f64>, usize), Error> {
            Err(Error::Data(format!("no file {file}")))
        }
    }

    #[test]
    fn wrong_parameters_are_named() {
        let space = Space::numbered(3, 2);
        let build = |json: &str| -> Result<Box<dyn Penalty>, String> {
            let spec: Box<dyn PenaltySpec> =
                serde_json::from_str(json).map_err(|e| e.to_string())?;
            spec.build(&Context { space: &space, resolve: &NoFiles }).map_err(|e| e.to_string())
        };
        assert!(build(r#"{"type":"nuclear"}"#).is_ok());
        let error = build(r#"{"type":"nuclear","lambda":-1}"#).unwrap_err();
        assert_eq!(error, "`lambda` must be finite and at least 0, got -1");
        assert!(build(r#"{"type":"nuclear","rank":1}"#).unwrap_err().contains("unknown field"));
    }
}
