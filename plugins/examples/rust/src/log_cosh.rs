//! The log-cosh loss.

use fenchel_plugin::elementwise::{
    DOMAIN_SLACK, Elementwise, ElementwiseConjugate, ElementwiseFit, ElementwiseProx,
    ElementwiseSmooth, SmoothCurved, check_responses, increasing_root,
};
use fenchel_plugin::{
    Bound, BuildLoss, Design, Error, FitConjugate, FitProx, Loss, Predictor, ResponseKind, Samples,
};

/// The logarithm of the hyperbolic cosine of the residual: quadratic near zero, absolute far out,
/// and smooth throughout.
/// ```text
/// l(y, eta)       = log cosh(eta - y)
/// dl/deta         = tanh(eta - y),    d2l/deta2 = 1 / cosh(eta - y)^2 <= 1
/// l*(y, u)        = u y + ((1 + u) log(1 + u) + (1 - u) log(1 - u)) / 2  on [-1, 1]
/// prox_{t l}(v)   : y + r, r the root of r - (v - y) + t tanh(r), by safeguarded Newton
/// deviance        = the weighted mean of 2 sum_k l
/// ```
/// - Shapes: responses n x K for any K, each with its own column of `eta`.
/// - Errors: [`Error::Domain`] where a response is not finite.
/// - Source: Green (1990), IEEE Trans. Med. Imaging 9(1), eq. 14, as a prior; as a loss it is minus
///   twice the log-likelihood of the hyperbolic secant distribution, halved, without its constant.
#[derive(Debug, Clone, Copy, Default)]
pub struct LogCosh;

impl LogCosh {
    /// There is nothing to check.
    pub fn new() -> Self {
        Self
    }

    fn fit(samples: &Samples) -> Result<ElementwiseFit<Self>, Error> {
        let (y, _) = samples.numbers()?;
        check_responses(y, samples.len(), |_| true, "a finite number")?;
        ElementwiseFit::new(Self, y.to_vec(), samples)
    }
}

/// `log cosh(r)`, which does not overflow.
fn log_cosh(r: f64) -> f64 {
    let size = r.abs();
    if size < 0.5 {
        // The difference below would lose its digits near zero: log(1 + (cosh r - 1)).
        let half = (0.5 * r).sinh();
        return (2.0 * half * half).ln_1p();
    }
    size + (-2.0 * size).exp().ln_1p() - std::f64::consts::LN_2
}

/// `1 / cosh(r)^2`, accurate relative to its size.
fn sech_squared(r: f64) -> f64 {
    let small = (-2.0 * r.abs()).exp();
    4.0 * small / ((1.0 + small) * (1.0 + small))
}

impl Elementwise for LogCosh {
    fn value(&self, y: f64, eta: f64) -> f64 {
        log_cosh(eta - y)
    }
    fn saturated(&self, _y: f64) -> f64 {
        0.0
    }
    fn as_smooth(fit: &ElementwiseFit<Self>) -> Option<&dyn SmoothCurved> {
        Some(fit)
    }
    fn as_conjugate(fit: &ElementwiseFit<Self>) -> Option<&dyn FitConjugate> {
        Some(fit)
    }
    fn as_prox(fit: &ElementwiseFit<Self>) -> Option<&dyn FitProx> {
        Some(fit)
    }
}

impl ElementwiseSmooth for LogCosh {
    fn value_derivative(&self, y: f64, eta: f64) -> (f64, f64) {
        (log_cosh(eta - y), (eta - y).tanh())
    }
    fn second_derivative(&self, y: f64, eta: f64) -> f64 {
        sech_squared(eta - y)
    }
    fn second_bound(&self) -> Option<f64> {
        Some(1.0)
    }
}

impl ElementwiseConjugate for LogCosh {
    fn conjugate(&self, y: f64, u: f64) -> f64 {
        if !(-1.0 - DOMAIN_SLACK..=1.0 + DOMAIN_SLACK).contains(&u) {
            return f64::INFINITY;
        }
        // (1 + q) log(1 + q), 0 at q = -1.
        let side = |q: f64| if q <= -1.0 { 0.0 } else { (1.0 + q) * q.ln_1p() };
        let q = u.clamp(-1.0, 1.0);
        u * y + 0.5 * (side(q) + side(-q))
    }
}

impl ElementwiseProx for LogCosh {
    fn prox(&self, y: f64, v: f64, step: f64) -> f64 {
        // In the residual's size m both sides are one problem; m moves down by at most `step`.
        let (far, size) = ((v - y).signum(), (v - y).abs());
        let low = (size - step).max(0.0);
        let m = increasing_root(low, size, size / (1.0 + step), |m| {
            (m - size + step * m.tanh(), 1.0 + step * sech_squared(m))
        });
        y + far * m
    }
}

impl Loss for LogCosh {
    fn reads(&self) -> ResponseKind {
        ResponseKind::Numbers
    }
    fn bind(&self, samples: &Samples, _design: &Design) -> Result<Bound, Error> {
        Ok(Bound::Eta(Box::new(Self::fit(samples)?)))
    }
    fn as_predictor(&self) -> Option<&dyn Predictor> {
        Some(self)
    }
}

impl Predictor for LogCosh {
    fn response(&self, eta: &[f64], outputs: usize) -> (Vec<f64>, usize) {
        (eta.to_vec(), outputs)
    }
    fn class(&self, _eta: &[f64], _outputs: usize) -> Option<Vec<u32>> {
        None
    }
    fn deviance(&self, eta: &[f64], _outputs: usize, samples: &Samples) -> Result<f64, Error> {
        Self::fit(samples)?.deviance(eta)
    }
}

/// The log-cosh loss has no parameters.
#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct LogCoshSpec {}

impl BuildLoss for LogCoshSpec {
    fn build_loss(&self) -> Result<Box<dyn Loss>, Error> {
        Ok(Box::new(LogCosh::new()))
    }
}

fenchel_plugin::register_loss!("log_cosh", LogCoshSpec, {
    summary: "robust and smooth: squares small residuals, takes large ones by their size",
    formula: "log cosh(y - eta), summed over the outputs",
    method: "derivative tanh(eta - y), curvature 1 / cosh(eta - y)^2, at most 1",
    combines: "every penalty and every solver; the duality gap is available",
    example: "",
    source: "Green (1990), IEEE Trans. Med. Imaging 9(1), eq. 14",
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn obeys_the_laws() {
        fenchel_laws::loss::assert_laws(&LogCosh::new());
    }

    #[test]
    fn the_value_neither_overflows_nor_loses_small_residuals() {
        assert_eq!(LogCosh.value(0.0, 1000.0), 1000.0 - std::f64::consts::LN_2);
        assert_eq!(LogCosh.value(0.0, 1e-9), 0.5e-18);
        // Both forms at their seam, and cosh(log 2) = 5/4.
        for r in [0.499_999_999, 0.500_000_001, 2f64.ln(), -2f64.ln()] {
            assert!((log_cosh(r) - r.cosh().ln()).abs() < 2e-16, "{r}");
        }
        assert!((log_cosh(2f64.ln()) - 1.25f64.ln()).abs() < 1e-16);
    }

    #[test]
    fn the_conjugate_is_entropy() {
        let at_end = LogCosh.conjugate(3.0, 1.0);
        assert!((at_end - (3.0 + std::f64::consts::LN_2)).abs() < 1e-15);
        assert_eq!(LogCosh.conjugate(3.0, 0.0), 0.0);
        assert_eq!(LogCosh.conjugate(0.0, 1.01), f64::INFINITY);
    }

    #[test]
    fn the_prox_solves_its_equation_over_many_scales() {
        for v in [-1e6, -30.0, -0.5, 0.0, 0.1, 7.0, 1e3] {
            for step in [1e-8, 1e-2, 1.0, 50.0, 1e8] {
                let z = LogCosh.prox(0.25, v, step);
                let left = z - v + step * (z - 0.25).tanh();
                let size = z.abs() + v.abs() + step * (z - 0.25).tanh().abs();
                // z itself is rounded, and the equation's slope there is 1 + step / cosh^2.
                let slope = 1.0 + step * sech_squared(z - 0.25);
                let rounding = 1e-14 * size + slope * (z.abs() + 0.25) * f64::EPSILON;
                assert!(left.abs() <= rounding, "v {v} step {step}: {left}");
            }
        }
    }
}
