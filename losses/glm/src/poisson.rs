use fenchel_core::elementwise::{
    DOMAIN_SLACK, Elementwise, ElementwiseConjugate, ElementwiseFit, ElementwiseProx,
    ElementwiseSmooth, SmoothCurved, check_responses, increasing_root,
};
use fenchel_core::functions::{exp, x_ln_x};
use fenchel_core::{
    Bound, BuildLoss, Design, Error, FitConjugate, FitProx, Loss, Predictor, ResponseKind, Samples,
    register_loss,
};

/// Minus the log-likelihood of a Poisson response with the log link, without the term `log y!`.
/// ```text
/// l(y, eta)       = exp(eta) - y eta
/// l*(y, u)        = q log q - q  on q >= 0,                   q = u + y
/// prox_{t l}(v)   : root of z - v + t (exp(z) - y), by safeguarded Newton
/// deviance        = the weighted mean of 2 (exp(eta) - y eta - y + y log y)
/// ```
/// - Shapes: one response column, any finite numbers that are at least 0 (rates need not be whole).
///   K = 1. The mean response is `exp(eta)`.
/// - Errors: [`Error::Domain`] where a response is negative or not finite.
/// - Beyond the range of the exponential the value is `+inf`; there is no bound on the Hessian.
/// - Source: McCullagh & Nelder (1989), section 6.2; conjugate in Boyd & Vandenberghe (2004), 3.3.
#[derive(Debug, Clone, Copy, Default)]
pub struct Poisson;

impl Poisson {
    /// There is nothing to check.
    pub fn new() -> Self {
        Self
    }

    fn fit(samples: &Samples) -> Result<ElementwiseFit<Self>, Error> {
        let y = samples.number()?;
        check_responses(y, samples.len(), |y| y >= 0.0, "finite and at least 0")?;
        ElementwiseFit::new(Self, y.to_vec(), samples)
    }
}

impl Elementwise for Poisson {
    #[inline(always)]
    fn value(&self, y: f64, eta: f64) -> f64 {
        exp(eta) - y * eta
    }
    fn saturated(&self, y: f64) -> f64 {
        y - x_ln_x(y)
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

impl ElementwiseSmooth for Poisson {
    #[inline(always)]
    fn value_derivative(&self, y: f64, eta: f64) -> (f64, f64) {
        let mean = exp(eta);
        (mean - y * eta, mean - y)
    }
    #[inline(always)]
    fn second_derivative(&self, _y: f64, eta: f64) -> f64 {
        exp(eta)
    }
    fn second_bound(&self) -> Option<f64> {
        None
    }
}

impl ElementwiseConjugate for Poisson {
    #[inline(always)]
    fn conjugate(&self, y: f64, u: f64) -> f64 {
        let outside = u < -y * (1.0 + DOMAIN_SLACK);
        let q = (u + y).max(0.0);
        if outside { f64::INFINITY } else { x_ln_x(q) - q }
    }
}

impl ElementwiseProx for Poisson {
    fn prox(&self, y: f64, v: f64, step: f64) -> f64 {
        // z + t exp(z) = top. Newton runs down from the right end, where it cannot overshoot; there
        // t exp(z) <= top, so that the exponential does not overflow.
        let top = v + step * y;
        let high = if top > 0.0 { top.min((top / step).ln().max(0.0)) } else { top };
        let low = (top - step).min(0.0).min(high);
        increasing_root(low, high, high, |z| {
            let mean = step * z.exp();
            (z + mean - top, 1.0 + mean)
        })
    }
}

impl Loss for Poisson {
    fn reads(&self) -> ResponseKind {
        ResponseKind::Number
    }
    fn bind(&self, samples: &Samples, _design: &Design) -> Result<Bound, Error> {
        Ok(Bound::Eta(Box::new(Self::fit(samples)?)))
    }
    fn as_predictor(&self) -> Option<&dyn Predictor> {
        Some(self)
    }
}

impl Predictor for Poisson {
    fn response(&self, eta: &[f64], outputs: usize) -> (Vec<f64>, usize) {
        (eta.iter().map(|eta| eta.exp()).collect(), outputs)
    }
    fn class(&self, _eta: &[f64], _outputs: usize) -> Option<Vec<u32>> {
        None
    }
    fn deviance(&self, eta: &[f64], _outputs: usize, samples: &Samples) -> Result<f64, Error> {
        Self::fit(samples)?.deviance(eta)
    }
}

#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct PoissonSpec {}

impl BuildLoss for PoissonSpec {
    fn build_loss(&self) -> Result<Box<dyn Loss>, Error> {
        Ok(Box::new(Poisson::new()))
    }
}

register_loss!("poisson", PoissonSpec, {
    summary: "minus the log-likelihood of a count with the log link",
    formula: "exp(eta) - y eta, y >= 0",
    method: "derivative exp(eta) - y, curvature exp(eta)",
    combines: "every penalty; no global Hessian bound, so fixed-step solvers do without it; the duality gap is available",
    example: "",
    source: "McCullagh & Nelder (1989), section 6.2",
});

#[cfg(test)]
mod tests {
    use fenchel_core::Response;

    use super::*;

    fn samples(values: Vec<f64>) -> Samples {
        Samples::new(Response::Numeric { values, columns: 1 }, None).unwrap()
    }

    #[test]
    fn obeys_the_laws() {
        fenchel_laws::loss::assert_laws(&Poisson::new());
    }

    #[test]
    fn beyond_the_exponential_the_value_is_infinite_and_not_nan() {
        assert_eq!(Poisson.value(3.0, 800.0), f64::INFINITY);
        assert!(Poisson.value(3.0, -800.0) == 2400.0);
    }

    #[test]
    fn the_prox_solves_its_equation_over_many_scales() {
        for y in [0.0, 0.5, 4.0, 1e6] {
            for v in [-1e4, -30.0, -0.5, 0.0, 0.1, 7.0, 1e3] {
                for step in [1e-8, 1e-2, 1.0, 50.0, 1e4] {
                    let z = Poisson.prox(y, v, step);
                    let left = z - v + step * (z.exp() - y);
                    let size = z.abs() + v.abs() + step * (z.exp() * (1.0 + z.abs()) + y);
                    assert!(left.abs() <= 1e-14 * size, "y {y} v {v} step {step}: {z} {left}");
                }
            }
        }
    }

    #[test]
    fn the_deviance_is_zero_at_the_responses_themselves_and_zeros_are_welcome() {
        let data = samples(vec![0.0, 0.5, 3.0]);
        let eta = [-1e3, 0.5f64.ln(), 3.0f64.ln()];
        assert!(Poisson.deviance(&eta, 1, &data).unwrap().abs() < 1e-15);
        let off = Poisson.deviance(&[0.0; 3], 1, &data).unwrap();
        let by_hand = |y: f64| 2.0 * (1.0 - y + if y > 0.0 { y * y.ln() } else { 0.0 });
        assert!((off - (by_hand(0.0) + by_hand(0.5) + by_hand(3.0)) / 3.0).abs() < 1e-15);
    }

    #[test]
    fn a_negative_response_is_named_by_its_sample() {
        let error = Poisson::fit(&samples(vec![1.0, 2.0, -1.0])).unwrap_err();
        assert_eq!(
            error.to_string(),
            "response -1 at sample 2 is outside the domain of the loss: expected finite and at least 0"
        );
        assert!(Poisson::fit(&samples(vec![f64::INFINITY])).is_err());
    }
}
