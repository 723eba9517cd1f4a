//! {{name}}: a loss of one response and one linear predictor, as a plugin of fenchel.

use fenchel_plugin::elementwise::{
    DOMAIN_SLACK, Elementwise, ElementwiseConjugate, ElementwiseFit, ElementwiseProx,
    ElementwiseSmooth, SmoothCurved, check_responses, increasing_root,
};
use fenchel_plugin::{
    Bound, BuildLoss, Design, Error, FitConjugate, FitProx, Loss, Predictor, ResponseKind, Samples,
};

fenchel_plugin::export_plugin!();

/// As it stands this is the log-cosh loss, a square near zero with slope s far out; write your own
/// formula here, and below what follows from it.
/// ```text
/// l(y, eta)     = s^2 log cosh(z),            z = (eta - y) / s
/// dl/deta       = s tanh(z),                  d2l/deta2 = 1 - tanh(z)^2 <= 1
/// l*(y, u)      = u y + s^2/2 ((1 + q) log(1 + q) + (1 - q) log(1 - q)),  q = u / s in [-1, 1]
/// prox_{t l}(v) : the root of eta - v + t dl/deta, by safeguarded Newton
/// ```
/// - Shapes: responses n x K for any K, each with its own column of `eta`.
/// - Errors: [`Error::Parameter`] unless `s` is finite and greater than 0; [`Error::Domain`] where a
///   response is not finite.
/// - Source: paper and equation.
#[derive(Debug, Clone, Copy)]
pub struct {{Name}} {
    s: f64, // finite, greater than 0
}

impl {{Name}} {
    /// Checks the hyperparameters; the only way in.
    pub fn new(s: f64) -> Result<Self, Error> {
        Ok(Self { s: Error::check_above("s", s, 0.0)? })
    }

    /// Binds the loss to responses in its domain.
    fn fit(self, samples: &Samples) -> Result<ElementwiseFit<Self>, Error> {
        let (y, _columns) = samples.numbers()?;
        check_responses(y, samples.len(), |_| true, "a finite number")?;
        ElementwiseFit::new(self, y.to_vec(), samples)
    }
}

/// Weights, sums and the division by n are taken care of: a loss is a function of two numbers.
impl Elementwise for {{Name}} {
    fn value(&self, y: f64, eta: f64) -> f64 {
        let z = ((eta - y) / self.s).abs();
        self.s * self.s * (z + (-2.0 * z).exp().ln_1p() - std::f64::consts::LN_2)
    }
    /// The loss of a model that fits `y` perfectly.
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

impl ElementwiseSmooth for {{Name}} {
    fn value_derivative(&self, y: f64, eta: f64) -> (f64, f64) {
        (self.value(y, eta), self.s * ((eta - y) / self.s).tanh())
    }
    fn second_derivative(&self, y: f64, eta: f64) -> f64 {
        1.0 - ((eta - y) / self.s).tanh().powi(2)
    }
    /// A bound that holds everywhere, where there is one.
    fn second_bound(&self) -> Option<f64> {
        Some(1.0)
    }
}

/// Gives duality gaps. Convex losses only.
impl ElementwiseConjugate for {{Name}} {
    fn conjugate(&self, y: f64, u: f64) -> f64 {
        let q = u / self.s;
        if !(-1.0 - DOMAIN_SLACK..=1.0 + DOMAIN_SLACK).contains(&q) {
            return f64::INFINITY;
        }
        let x_log_x = |x: f64| if x > 0.0 { x * x.ln() } else { 0.0 };
        u * y + 0.5 * self.s * self.s * (x_log_x(1.0 + q) + x_log_x(1.0 - q))
    }
}

/// Serves solvers that split the problem.
impl ElementwiseProx for {{Name}} {
    fn prox(&self, y: f64, v: f64, step: f64) -> f64 {
        // The slope is at most s, so the root is at most step * s away, on the side of y.
        let reach = step * self.s;
        let (low, high) = if v > y { (y.max(v - reach), v) } else { (v, y.min(v + reach)) };
        increasing_root(low, high, (v + step * y) / (1.0 + step), |eta| {
            let (_, slope) = self.value_derivative(y, eta);
            (eta - v + step * slope, 1.0 + step * self.second_derivative(y, eta))
        })
    }
}

impl Loss for {{Name}} {
    fn reads(&self) -> ResponseKind {
        ResponseKind::Numbers
    }
    fn bind(&self, samples: &Samples, _design: &Design) -> Result<Bound, Error> {
        Ok(Bound::Eta(Box::new(self.fit(samples)?)))
    }
    fn as_predictor(&self) -> Option<&dyn Predictor> {
        Some(self)
    }
}

impl Predictor for {{Name}} {
    /// Mean responses, column by column, and the number of columns.
    fn response(&self, eta: &[f64], outputs: usize) -> (Vec<f64>, usize) {
        (eta.to_vec(), outputs)
    }
    /// Class numbers, for a loss about classes.
    fn class(&self, _eta: &[f64], _outputs: usize) -> Option<Vec<u32>> {
        None
    }
    fn deviance(&self, eta: &[f64], _outputs: usize, samples: &Samples) -> Result<f64, Error> {
        self.fit(samples)?.deviance(eta)
    }
}

/// What a problem file says. Bounds and defaults are checked and filled in by fenchel.
#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct Spec {
    /// Slope of the loss far out.
    #[serde(default = "fenchel_plugin::one")]
    #[schemars(extend("exclusiveMinimum" = 0.0))]
    s: f64,
}

impl BuildLoss for Spec {
    fn build_loss(&self) -> Result<Box<dyn Loss>, Error> {
        Ok(Box::new({{Name}}::new(self.s)?))
    }
}

fenchel_plugin::register_loss!("{{name}}", Spec, {
    summary: "one sentence on what the loss is for",
    formula: "s^2 log cosh((eta - y) / s)",
    method: "derivative s tanh((eta - y) / s), curvature 1 - tanh^2",
    combines: "every penalty; the duality gap is available",
    example: "s = 1.0",
    source: "paper and equation",
});
