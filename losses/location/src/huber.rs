use fenchel_core::elementwise::{
    DOMAIN_SLACK, Elementwise, ElementwiseConjugate, ElementwiseFit, ElementwiseProx,
    ElementwiseSmooth, SmoothCurved, check_responses,
};
use fenchel_core::{
    Bound, BuildLoss, Design, Error, FitConjugate, FitProx, Loss, Predictor, ResponseKind, Samples,
    register_loss,
};

/// Huber's loss: quadratic near zero, linear beyond `delta`, so that an outlier pulls no harder
/// than a residual of size `delta`.
/// ```text
/// l(y, eta)       = r^2 / 2  if |r| <= delta,  else delta (|r| - delta / 2),      r = y - eta
/// l*(y, u)        = u y + u^2 / 2  on |u| <= delta
/// prox_{t l}(v)   = y + r / (1 + t)  if |r| <= delta (1 + t),  else v - t delta sign(r),  r = v - y
/// ```
/// - Shapes: one response column, K = 1.
/// - Errors: [`Error::Parameter`] unless `delta` is finite and positive; [`Error::Domain`] where a
///   response is not finite.
/// - Source: Huber (1964), Annals of Mathematical Statistics 35(1), section 4.
#[derive(Debug, Clone, Copy)]
pub struct Huber {
    delta: f64, // finite, > 0
}

impl Huber {
    /// Checks the parameter; the only way in.
    pub fn new(delta: f64) -> Result<Self, Error> {
        Ok(Self { delta: Error::check_above("delta", delta, 0.0)? })
    }

    fn fit(&self, samples: &Samples) -> Result<ElementwiseFit<Self>, Error> {
        let y = samples.number()?;
        check_responses(y, samples.len(), |_| true, "a finite number")?;
        ElementwiseFit::new(*self, y.to_vec(), samples)
    }
}

impl Elementwise for Huber {
    fn value(&self, y: f64, eta: f64) -> f64 {
        self.value_derivative(y, eta).0
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

impl ElementwiseSmooth for Huber {
    #[inline]
    fn value_derivative(&self, y: f64, eta: f64) -> (f64, f64) {
        let residual = eta - y;
        let clipped = residual.clamp(-self.delta, self.delta);
        (clipped * (residual - 0.5 * clipped), clipped)
    }
    fn second_derivative(&self, y: f64, eta: f64) -> f64 {
        if (eta - y).abs() <= self.delta { 1.0 } else { 0.0 }
    }
    fn second_bound(&self) -> Option<f64> {
        Some(1.0)
    }
}

impl ElementwiseConjugate for Huber {
    fn conjugate(&self, y: f64, u: f64) -> f64 {
        if u.abs() > self.delta * (1.0 + DOMAIN_SLACK) {
            return f64::INFINITY;
        }
        let u = u.clamp(-self.delta, self.delta);
        u * (y + 0.5 * u)
    }
}

impl ElementwiseProx for Huber {
    fn prox(&self, y: f64, v: f64, step: f64) -> f64 {
        let residual = v - y;
        if residual.abs() <= self.delta * (1.0 + step) {
            y + residual / (1.0 + step)
        } else {
            v - step * self.delta * residual.signum()
        }
    }
}

impl Loss for Huber {
    fn reads(&self) -> ResponseKind {
        ResponseKind::Number
    }
    fn bind(&self, samples: &Samples, _design: &Design) -> Result<Bound, Error> {
        Ok(Bound::Eta(Box::new(self.fit(samples)?)))
    }
    fn as_predictor(&self) -> Option<&dyn Predictor> {
        Some(self)
    }
}

impl Predictor for Huber {
    fn response(&self, eta: &[f64], outputs: usize) -> (Vec<f64>, usize) {
        (eta.to_vec(), outputs)
    }
    fn class(&self, _eta: &[f64], _outputs: usize) -> Option<Vec<u32>> {
        None
    }
    fn deviance(&self, eta: &[f64], _outputs: usize, samples: &Samples) -> Result<f64, Error> {
        self.fit(samples)?.deviance(eta)
    }
}

#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct HuberSpec {
    /// Residual size from which on the loss is linear; greater than 0. The default gives 95%
    /// efficiency under normal noise of unit variance.
    #[serde(default = "default_delta")]
    delta: f64,
}

fn default_delta() -> f64 {
    1.345
}

impl BuildLoss for HuberSpec {
    fn build_loss(&self) -> Result<Box<dyn Loss>, Error> {
        Ok(Box::new(Huber::new(self.delta)?))
    }
}

register_loss!("huber", HuberSpec, {
    summary: "quadratic for small residuals, linear beyond delta: robust to outliers",
    formula: "r^2/2 if |r| <= delta, else delta (|r| - delta/2), with r = y - eta",
    method: "derivative clip(eta - y, -delta, delta), curvature 1 if |r| <= delta else 0",
    combines: "every penalty; the duality gap is available",
    example: "delta = 1.345",
    source: "Huber (1964), Annals of Mathematical Statistics 35(1), section 4",
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn obeys_the_laws() {
        for delta in [0.1, 1.345, 50.0] {
            fenchel_laws::loss::assert_laws(&Huber::new(delta).unwrap());
        }
    }

    #[test]
    fn the_two_branches_meet_at_delta() {
        let huber = Huber::new(2.0).unwrap();
        assert_eq!(huber.value(0.0, 2.0), 2.0);
        assert_eq!(huber.value(0.0, -3.0), 2.0 * (3.0 - 1.0));
        assert_eq!(huber.value_derivative(0.0, -3.0).1, -2.0);
    }

    #[test]
    fn a_delta_that_is_not_positive_is_refused() {
        for delta in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(Huber::new(delta).is_err());
        }
    }
}
