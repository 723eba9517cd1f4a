use fenchel_core::elementwise::{
    DOMAIN_SLACK, Elementwise, ElementwiseConjugate, ElementwiseFit, ElementwiseProx,
    ElementwiseSmooth, SmoothCurved, both_classes, increasing_root,
};
use fenchel_core::functions::{exp, ln_1p, x_ln_x};
use fenchel_core::{
    Bound, BuildLoss, Design, Error, FitConjugate, FitProx, Loss, Predictor, ResponseKind, Samples,
    register_loss,
};

/// Minus the log-likelihood of a Bernoulli response with the logit link.
/// ```text
/// l(y, eta)       = log(1 + exp(eta)) - y eta = log(1 + exp(-s eta)),     s = 2 y - 1
/// l*(y, u)        = q log q + (1 - q) log(1 - q)  on 0 <= q <= 1,         q = -s u
/// prox_{t l}(v)   : root of z - v - t s sigma(-s z), by safeguarded Newton
/// deviance        = the weighted mean of 2 l (a saturated model has loss 0)
/// ```
/// - Shapes: two labels; class 1 is the second label in sorted order, so 0/1 responses keep their
///   meaning. K = 1. The mean response is the probability of class 1.
/// - Errors: [`Error::Data`] unless both classes occur.
/// - Source: McCullagh & Nelder (1989), section 4.4; conjugate in Boyd & Vandenberghe (2004), 3.3.
#[derive(Debug, Clone, Copy, Default)]
pub struct Logistic;

impl Logistic {
    /// There is nothing to check.
    pub fn new() -> Self {
        Self
    }

    fn fit(class: &[u32], samples: &Samples) -> Result<ElementwiseFit<Self>, Error> {
        ElementwiseFit::new(Self, class.iter().map(|&c| f64::from(c)).collect(), samples)
    }
}

/// `1 / (1 + exp(-z))`, accurate relative to its size on both sides.
fn sigmoid(z: f64) -> f64 {
    let small = (-z.abs()).exp();
    if z >= 0.0 { 1.0 / (1.0 + small) } else { small / (1.0 + small) }
}

/// `max(-margin, 0)`; NaN stays.
#[inline(always)]
fn below(margin: f64) -> f64 {
    if margin > 0.0 { 0.0 } else { -margin }
}

/// -1 for `y = 0`, 1 for `y = 1`.
#[inline(always)]
fn sign(y: f64) -> f64 {
    2.0 * y - 1.0
}

impl Elementwise for Logistic {
    #[inline(always)]
    fn value(&self, y: f64, eta: f64) -> f64 {
        let margin = sign(y) * eta;
        ln_1p(exp(-margin.abs())) + below(margin)
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

impl ElementwiseSmooth for Logistic {
    #[inline(always)]
    fn value_derivative(&self, y: f64, eta: f64) -> (f64, f64) {
        let (s, margin) = (sign(y), sign(y) * eta);
        // One exponential serves both: sigma(-margin) from exp(-|margin|).
        let small = exp(-margin.abs());
        let miss = if margin >= 0.0 { small } else { 1.0 } / (1.0 + small);
        (ln_1p(small) + below(margin), -s * miss)
    }
    #[inline(always)]
    fn second_derivative(&self, _y: f64, eta: f64) -> f64 {
        let small = exp(-eta.abs());
        small / ((1.0 + small) * (1.0 + small))
    }
    fn second_bound(&self) -> Option<f64> {
        Some(0.25)
    }
}

impl ElementwiseConjugate for Logistic {
    #[inline(always)]
    fn conjugate(&self, y: f64, u: f64) -> f64 {
        let q = -sign(y) * u;
        let inside = (q - 0.5).abs() <= 0.5 + DOMAIN_SLACK;
        let q = q.clamp(0.0, 1.0);
        // What 1 - q loses to rounding is made up for to first order.
        let rest = 1.0 - q;
        let entropy = x_ln_x(q) + (x_ln_x(rest) + ((1.0 - rest) - q));
        if inside { entropy } else { f64::INFINITY }
    }
}

impl ElementwiseProx for Logistic {
    fn prox(&self, y: f64, v: f64, step: f64) -> f64 {
        // In the margin m = s z the two classes are one problem; m moves up by at most `step`.
        let s = sign(y);
        let v = s * v;
        let margin = increasing_root(v, v + step, v + step * sigmoid(-v), |m| {
            let miss = sigmoid(-m);
            (m - v - step * miss, 1.0 + step * miss * sigmoid(m))
        });
        s * margin
    }
}

impl Loss for Logistic {
    fn reads(&self) -> ResponseKind {
        ResponseKind::TwoClasses
    }
    fn bind(&self, samples: &Samples, _design: &Design) -> Result<Bound, Error> {
        Ok(Bound::Eta(Box::new(Self::fit(both_classes(samples)?, samples)?)))
    }
    fn as_predictor(&self) -> Option<&dyn Predictor> {
        Some(self)
    }
}

impl Predictor for Logistic {
    fn response(&self, eta: &[f64], outputs: usize) -> (Vec<f64>, usize) {
        (eta.iter().map(|&eta| sigmoid(eta)).collect(), outputs)
    }
    fn class(&self, eta: &[f64], _outputs: usize) -> Option<Vec<u32>> {
        Some(eta.iter().map(|&eta| u32::from(eta > 0.0)).collect())
    }
    /// A fold may well hold one class only, so both are not asked for.
    fn deviance(&self, eta: &[f64], _outputs: usize, samples: &Samples) -> Result<f64, Error> {
        Self::fit(samples.two_classes()?, samples)?.deviance(eta)
    }
}

#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct LogisticSpec {}

impl BuildLoss for LogisticSpec {
    fn build_loss(&self) -> Result<Box<dyn Loss>, Error> {
        Ok(Box::new(Logistic::new()))
    }
}

register_loss!("logistic", LogisticSpec, {
    summary: "minus the log-likelihood of a two-class response with the logit link",
    formula: "log(1 + exp(eta)) - y eta, y in {0, 1}",
    method: "derivative sigma(eta) - y, curvature sigma(eta) (1 - sigma(eta))",
    combines: "every penalty; the duality gap is available",
    example: "",
    source: "McCullagh & Nelder (1989), section 4.4",
});

#[cfg(test)]
mod tests {
    use fenchel_core::Response;

    use super::*;

    fn samples(class: &[u32], labels: &[&str], weights: Option<Vec<f64>>) -> Samples {
        let labels = labels.iter().map(ToString::to_string).collect();
        Samples::new(Response::Classes { class: class.to_vec(), labels }, weights).unwrap()
    }

    #[test]
    fn obeys_the_laws() {
        fenchel_laws::loss::assert_laws(&Logistic::new());
    }

    #[test]
    fn large_predictors_neither_overflow_nor_lose_the_tail() {
        let (value, derivative) = Logistic.value_derivative(0.0, 800.0);
        assert_eq!((value, derivative), (800.0, 1.0));
        let (value, derivative) = Logistic.value_derivative(1.0, 700.0);
        assert!(value > 0.0 && value == (-700.0f64).exp() && derivative == -value);
    }

    #[test]
    fn the_prox_solves_its_equation_over_many_scales() {
        for y in [0.0, 1.0] {
            for v in [-1e6, -30.0, -0.5, 0.0, 0.1, 7.0, 1e3] {
                for step in [1e-8, 1e-2, 1.0, 50.0, 1e8] {
                    let z = Logistic.prox(y, v, step);
                    let left = z - v + step * Logistic.value_derivative(y, z).1;
                    let size = z.abs() + v.abs() + step * Logistic.value_derivative(y, z).1.abs();
                    assert!(left.abs() <= 1e-14 * size, "y {y} v {v} step {step}: {left}");
                }
            }
        }
    }

    #[test]
    fn one_class_cannot_be_fitted_but_has_a_deviance() {
        let design = Design::new(fenchel_core::Matrix::identity(2));
        let lonely = samples(&[0, 0], &["no"], None);
        assert!(matches!(Logistic.bind(&lonely, &design), Err(Error::Data(_))));
        let fold = samples(&[1, 1], &["no", "yes"], None);
        let Err(error) = Logistic.bind(&fold, &design) else { panic!("a fit of one class") };
        assert!(error.to_string().contains("\"no\""));
        let deviance = Logistic.deviance(&[0.0, 0.0], 1, &fold).unwrap();
        assert!((deviance - 2.0 * 2.0f64.ln()).abs() < 1e-15);
    }

    #[test]
    fn class_one_is_the_second_label() {
        let (response, columns) = Logistic.response(&[-2.0, 2.0], 1);
        assert_eq!(columns, 1);
        assert!(response[0] < 0.5 && response[1] > 0.5);
        assert_eq!(Logistic.class(&[-2.0, 2.0], 1).unwrap(), [0, 1]);
    }
}
