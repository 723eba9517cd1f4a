//! The fused lasso on a chain.

use fenchel_core::{
    BuildPenalty, Conjugate, Context, Convexity, Error, Lineality, Penalty, Prox, Space,
    Subdifferential, ZeroThreshold, kernels, worst,
};

use crate::{chain, tv};

/// The fused lasso: neighbouring coefficients are equal but for a few jumps.
/// ```text
/// Omega(B)          = lambda sum_k ( sum_j |b_jk - b_(j-1)k| + l1 sum_j |b_jk| )
/// prox_{t Omega}(V) = S(tv(V_k, t lambda), t lambda l1) in each column, tv the prox of the first sum
/// Omega*(U)         = 0  if u_j = z_{j-1} - z_j + v_j with |z_j| <= lambda, z_0 = z_p = 0 and
///                     |v_j| <= lambda l1 in each column,  else +inf
/// dist(-G, dOmega)  = the least t within which some subgradient is in every coordinate
/// ```
/// - Shapes: B is p x K, column by column; the chain runs along the features in each column.
/// - Errors: [`Error::Parameter`] unless `lambda` and `l1` are finite and at least 0.
/// - Source: Tibshirani, Saunders, Rosset, Zhu & Knight (2005), JRSS B 67(1), eq. 3; the order of
///   the prox in Friedman, Hastie, Hoefling & Tibshirani (2007), AOAS 1(2), lemma A.1.
#[derive(Debug, Clone)]
pub struct Fused {
    lambda: f64,
    l1: f64,
    features: usize,
    outputs: usize,
}

impl Fused {
    /// Checks the parameters; `l1` is the share of the absolute values beside the differences.
    pub fn new(lambda: f64, l1: f64, space: &Space) -> Result<Self, Error> {
        Ok(Self {
            lambda: Error::check_non_negative("lambda", lambda)?,
            l1: Error::check_non_negative("l1", l1)?,
            features: space.features(),
            outputs: space.outputs(),
        })
    }

    fn columns<'a>(&self, beta: &'a [f64]) -> std::slice::Chunks<'a, f64> {
        beta.chunks(self.features.max(1))
    }

    fn size(&self) -> f64 {
        self.lambda * self.l1
    }

    fn gauge(&self, u: &[f64]) -> f64 {
        self.columns(u).fold(0.0, |top, u| worst(top, chain::gauge(u, self.lambda, self.size())))
    }

    /// Whether every column of `u` sums to zero up to rounding, where it has to.
    fn balanced(&self, u: &[f64]) -> bool {
        self.size() > 0.0
            || self.columns(u).all(|u| {
                let total = chain::total(u);
                let absolute: f64 = u.iter().map(|u| u.abs()).sum();
                total.abs() <= 1e-10 * self.lambda + 16.0 * f64::EPSILON * absolute
            })
    }
}

impl Penalty for Fused {
    fn value(&self, beta: &[f64]) -> f64 {
        let jumps: f64 = self
            .columns(beta)
            .map(|b| b.windows(2).map(|pair| (pair[1] - pair[0]).abs()).sum::<f64>())
            .sum();
        let sizes = if self.l1 > 0.0 { beta.iter().map(|b| b.abs()).sum() } else { 0.0 };
        self.lambda * (jumps + self.l1 * sizes)
    }
    fn scaled(&self, scale: f64) -> Box<dyn Penalty> {
        Box::new(Self { lambda: self.lambda * scale, ..self.clone() })
    }
    fn convexity(&self) -> Convexity {
        Convexity::Convex
    }
    fn lineality(&self) -> Lineality {
        if self.lambda == 0.0 || (self.l1 == 0.0 && self.features == 1) {
            return Lineality::Everything;
        }
        if self.l1 > 0.0 {
            return Lineality::Trivial;
        }
        let constant = |k: usize| {
            let mut direction = vec![0.0; self.features * self.outputs];
            direction[k * self.features..(k + 1) * self.features].fill(1.0);
            direction
        };
        Lineality::Basis((0..self.outputs).map(constant).collect())
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

impl Prox for Fused {
    fn prox(&self, v: &[f64], step: f64, out: &mut [f64]) -> f64 {
        for (v, out) in self.columns(v).zip(out.chunks_mut(self.features.max(1))) {
            tv::prox(v, step * self.lambda, out);
            if self.l1 > 0.0 {
                let threshold = step * self.size();
                out.iter_mut().for_each(|b| *b = kernels::soft_threshold(*b, threshold));
            }
        }
        self.value(out)
    }
}

impl Subdifferential for Fused {
    fn subdiff_dist(&self, beta: &[f64], grad: &[f64]) -> f64 {
        let mut u = Vec::with_capacity(self.features);
        self.columns(beta).zip(self.columns(grad)).fold(0.0, |top, (beta, grad)| {
            u.clear();
            u.extend(grad.iter().map(|g| -g));
            worst(top, chain::distance(beta, &u, self.lambda, self.size()))
        })
    }
}

impl Conjugate for Fused {
    fn conjugate(&self, u: &[f64]) -> f64 {
        let inside = self.balanced(u) && self.gauge(u) <= 1.0 + 1e-12;
        if inside { 0.0 } else { f64::INFINITY }
    }
    fn dual_scale(&self, u: &[f64]) -> f64 {
        if !self.balanced(u) {
            return 0.0;
        }
        let gauge = self.gauge(u);
        let mut scale = if gauge <= 1.0 { 1.0 } else { 1.0 / gauge };
        // Scaling rounds every entry, and on a long chain the sums feel it.
        let mut shrink = 1e-12;
        let mut scaled = Vec::with_capacity(u.len());
        while scale > 0.0 && shrink < 1e-3 {
            scaled.clear();
            scaled.extend(u.iter().map(|u| scale * u));
            if self.conjugate(&scaled).is_finite() {
                return scale;
            }
            scale *= 1.0 - shrink;
            shrink *= 4.0;
        }
        0.0
    }
}

impl ZeroThreshold for Fused {
    /// Without `l1` the constants are free: the scale is that at which every jump is zero, whatever
    /// the mean of the gradient.
    fn zero_threshold(&self, grad: &[f64]) -> Option<f64> {
        let gauge = self.gauge(grad);
        gauge.is_finite().then_some(gauge)
    }
}

/// What the file says.
#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct FusedSpec {
    /// Penalty strength.
    #[serde(default = "fenchel_core::one")]
    #[schemars(range(min = 0.0))]
    lambda: f64,
    /// Weight of the absolute values beside the differences, in units of `lambda`.
    #[serde(default)]
    #[schemars(range(min = 0.0))]
    l1: f64,
}

impl BuildPenalty for FusedSpec {
    fn build_penalty(&self, context: &Context<'_>) -> Result<Box<dyn Penalty>, Error> {
        Ok(Box::new(Fused::new(self.lambda, self.l1, context.space)?))
    }
}

fenchel_core::register_penalty!("fused", FusedSpec, {
    summary: "differences of neighbouring coefficients: piecewise constant along the features",
    formula: "lambda * (sum_j |b_j - b_(j-1)| + l1 * ||b||_1) in each column of B",
    method: "prox: 1-D total variation by a taut string, linear in p, then soft threshold",
    combines: "every smooth loss by proximal gradient, signals by `design = \"identity\"`; gap known",
    example: "lambda = 0.1\nl1 = 0.0",
    source: "Tibshirani, Saunders, Rosset, Zhu & Knight (2005), JRSS B 67(1), eq. 3",
});

#[cfg(test)]
mod tests {
    use fenchel_core::{PenaltySpec, Raw, Resolve};

    use super::*;

    fn penalty(l1: f64, features: usize, outputs: usize) -> Fused {
        Fused::new(0.7, l1, &Space::numbered(features, outputs)).unwrap()
    }

    #[test]
    fn the_chain_does_not_run_from_one_output_into_the_next() {
        let value = penalty(0.5, 2, 2).value(&[0.0, 1.0, 5.0, 3.0]);
        assert!((value - 0.7 * (1.0 + 2.0 + 0.5 * 9.0)).abs() < 1e-15);
    }

    #[test]
    fn a_constant_prox_is_reached_at_the_zero_threshold_of_the_gradient() {
        let y = [3.0, -1.0, 2.0, 0.5, 2.5];
        let grad: Vec<f64> = y.iter().map(|y| -y).collect();
        let penalty = penalty(0.0, 5, 1);
        let s = penalty.zero_threshold(&grad).unwrap();
        let mut out = [0.0; 5];
        let mut jumps = |s: f64| {
            penalty.scaled(s).as_prox().unwrap().prox(&y, 1.0, &mut out);
            out.windows(2).filter(|pair| pair[0] != pair[1]).count()
        };
        assert_eq!(jumps(1.000001 * s), 0);
        assert!(jumps(0.999 * s) > 0);
    }

    #[test]
    fn with_sizes_the_zero_threshold_is_where_the_prox_is_zero() {
        let y = [3.0, -1.0, 2.0, 0.5, 2.5, 1.0, 0.2, -0.3];
        let grad: Vec<f64> = y.iter().map(|y| -y).collect();
        let penalty = penalty(0.4, 4, 2);
        let s = penalty.zero_threshold(&grad).unwrap();
        let mut out = [0.0; 8];
        penalty.scaled(1.000001 * s).as_prox().unwrap().prox(&y, 1.0, &mut out);
        assert_eq!(out, [0.0; 8]);
        penalty.scaled(0.999 * s).as_prox().unwrap().prox(&y, 1.0, &mut out);
        assert_ne!(out, [0.0; 8]);
    }

    #[test]
    fn constants_are_free_without_sizes_only() {
        let Lineality::Basis(basis) = penalty(0.0, 3, 2).lineality() else { panic!() };
        assert_eq!(basis[1], [0.0, 0.0, 0.0, 1.0, 1.0, 1.0]);
        assert_eq!(penalty(0.1, 3, 2).lineality(), Lineality::Trivial);
        assert_eq!(penalty(0.0, 1, 2).lineality(), Lineality::Everything);
        assert_eq!(penalty(0.0, 3, 1).dual_scale(&[1.0, 1.0, 1.0]), 0.0);
    }

    #[test]
    fn the_scaled_dual_point_is_inside_on_long_chains() {
        for n in [1000, 100_000] {
            for l1 in [0.0, 1e-6, 0.3] {
                let penalty = penalty(l1, n, 1);
                let mut u: Vec<f64> =
                    (0..n).map(|i| 10.0 * (i as f64 * 1.618).sin() + 0.01).collect();
                let mean = u.iter().sum::<f64>() / n as f64;
                u.iter_mut().for_each(|u| *u -= mean);
                let scale = penalty.dual_scale(&u);
                assert!(scale > 0.0 && scale < 1.0);
                let scaled: Vec<f64> = u.iter().map(|u| scale * u).collect();
                assert_eq!(penalty.conjugate(&scaled), 0.0);
                let beyond: Vec<f64> = u.iter().map(|u| 1.00001 * scale * u).collect();
                assert_eq!(penalty.conjugate(&beyond), f64::INFINITY);
            }
        }
    }

    #[test]
    fn laws_hold() {
        for (features, outputs) in [(6, 1), (3, 2), (1, 2), (2, 1)] {
            for l1 in [0.0, 0.4, 3.0] {
                let space = Space::numbered(features, outputs);
                fenchel_laws::penalty::assert_laws(&penalty(l1, features, outputs), &space);
            }
        }
    }

    #[test]
    fn without_sizes_the_value_is_convex_and_above_its_supports() {
        let penalty = penalty(0.0, 5, 1);
        let point = |seed: f64| -> Vec<f64> {
            (0..5).map(|j| 3.0 * (7.1 * seed + 2.9 * f64::from(j)).sin()).collect()
        };
        for seed in 0..40 {
            let (a, b) = (point(f64::from(seed)), point(100.5 + f64::from(seed)));
            let middle: Vec<f64> = a.iter().zip(&b).map(|(a, b)| 0.5 * (a + b)).collect();
            let above = 0.5 * (penalty.value(&a) + penalty.value(&b));
            assert!(penalty.value(&middle) <= above + 1e-13);
            let mean = a.iter().sum::<f64>() / 5.0;
            let mut u: Vec<f64> = a.iter().map(|a| a - mean).collect();
            let scale = penalty.dual_scale(&u);
            u.iter_mut().for_each(|u| *u *= scale);
            assert_eq!(penalty.conjugate(&u), 0.0);
            assert!(kernels::dot(&u, &b) <= penalty.value(&b) + 1e-13);
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
        let space = Space::numbered(3, 1);
        let build = |json: &str| -> Result<Box<dyn Penalty>, String> {
            let spec: Box<dyn PenaltySpec> =
                serde_json::from_str(json).map_err(|e| e.to_string())?;
            spec.build(&Context { space: &space, resolve: &NoFiles }).map_err(|e| e.to_string())
        };
        assert_eq!(build(r#"{"type":"fused"}"#).unwrap().value(&[0.0, 1.0, 0.0]), 2.0);
        let error = build(r#"{"type":"fused","l1":-1}"#).unwrap_err();
        assert_eq!(error, "`l1` must be finite and at least 0, got -1");
        let error = build(r#"{"type":"fused","lambda":-1}"#).unwrap_err();
        assert_eq!(error, "`lambda` must be finite and at least 0, got -1");
        assert!(build(r#"{"type":"fused","l2":1}"#).unwrap_err().contains("unknown field `l2`"));
    }
}
