use fenchel_core::elementwise::{
    DOMAIN_SLACK, Elementwise, ElementwiseConjugate, ElementwiseFit, ElementwiseProx,
    check_responses,
};
use fenchel_core::{
    Bound, BuildLoss, Design, Error, FitConjugate, FitProx, Loss, Predictor, ResponseKind, Samples,
    register_loss,
};

/// The check (pinball) loss of quantile regression, whose minimiser over constants is the
/// `tau`-quantile; `tau = 1/2` is half the absolute residual.
/// ```text
/// l(y, eta)       = max(tau r, (tau - 1) r),      r = y - eta
/// dl(y, eta)      = -tau  if r > 0,  1 - tau  if r < 0,  else [-tau, 1 - tau]
/// l*(y, u)        = u y  on -tau <= u <= 1 - tau
/// prox_{t l}(v)   = y  clipped to  [v - t (1 - tau), v + t tau]
/// ```
/// - Shapes: one response column, K = 1.
/// - Errors: [`Error::Parameter`] unless `0 < tau < 1`; [`Error::Domain`] where a response is not
///   finite.
/// - Source: Koenker & Bassett (1978), Econometrica 46(1), eq. 1.3; Koenker (2005), chapter 6.
#[derive(Debug, Clone, Copy)]
pub struct Quantile {
    tau: f64, // between 0 and 1, both excluded
}

impl Quantile {
    /// Checks the parameter; the only way in.
    pub fn new(tau: f64) -> Result<Self, Error> {
        if tau > 0.0 && tau < 1.0 {
            return Ok(Self { tau });
        }
        Err(Error::parameter("tau", "greater than 0 and less than 1", tau))
    }

    fn fit(&self, samples: &Samples) -> Result<ElementwiseFit<Self>, Error> {
        let y = samples.number()?;
        check_responses(y, samples.len(), |_| true, "a finite number")?;
        ElementwiseFit::new(*self, y.to_vec(), samples)
    }
}

impl Elementwise for Quantile {
    fn value(&self, y: f64, eta: f64) -> f64 {
        let residual = y - eta;
        (self.tau * residual).max((self.tau - 1.0) * residual)
    }
    fn saturated(&self, _y: f64) -> f64 {
        0.0
    }
    fn as_conjugate(fit: &ElementwiseFit<Self>) -> Option<&dyn FitConjugate> {
        Some(fit)
    }
    fn as_prox(fit: &ElementwiseFit<Self>) -> Option<&dyn FitProx> {
        Some(fit)
    }
}

impl ElementwiseConjugate for Quantile {
    fn conjugate(&self, y: f64, u: f64) -> f64 {
        let slack = 1.0 + DOMAIN_SLACK;
        // Written so that NaN is outside.
        if (-self.tau * slack..=(1.0 - self.tau) * slack).contains(&u) {
            y * u.clamp(-self.tau, 1.0 - self.tau)
        } else {
            f64::INFINITY
        }
    }
}

impl ElementwiseProx for Quantile {
    fn prox(&self, y: f64, v: f64, step: f64) -> f64 {
        y.max(v - step * (1.0 - self.tau)).min(v + step * self.tau)
    }
    fn envelope_derivative(&self, y: f64, v: f64, step: f64) -> f64 {
        ((v - y) / step).clamp(-self.tau, 1.0 - self.tau)
    }
    fn prox_derivative(&self, y: f64, v: f64, step: f64) -> f64 {
        if self.prox(y, v, step) == y { 0.0 } else { 1.0 }
    }
}

impl Loss for Quantile {
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

impl Predictor for Quantile {
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
struct QuantileSpec {
    /// Which quantile, greater than 0 and less than 1; the default is the median.
    #[serde(default = "median")]
    #[schemars(extend("exclusiveMinimum" = 0.0, "exclusiveMaximum" = 1.0))]
    tau: f64,
}

fn median() -> f64 {
    0.5
}

impl BuildLoss for QuantileSpec {
    fn build_loss(&self) -> Result<Box<dyn Loss>, Error> {
        Ok(Box::new(Quantile::new(self.tau)?))
    }
}

register_loss!("quantile", QuantileSpec, {
    summary: "the check (pinball) loss: fits a conditional quantile, the median by default",
    formula: "max(tau r, (tau - 1) r), r = y - eta",
    method: "no gradient where r = 0; prox: y clipped to [v - step (1 - tau), v + step tau]",
    combines: "every convex penalty with a prox; the duality gap is available",
    example: "tau = 0.9",
    source: "Koenker & Bassett (1978), Econometrica 46(1)",
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn obeys_the_laws() {
        for tau in [0.01, 0.25, 0.5, 0.9] {
            fenchel_laws::loss::assert_laws(&Quantile::new(tau).unwrap());
        }
    }

    #[test]
    fn residuals_above_and_below_weigh_tau_and_one_minus_tau() {
        let upper = Quantile::new(0.75).unwrap();
        assert_eq!((upper.value(3.0, 1.0), upper.value(1.0, 3.0)), (1.5, 0.5));
        assert_eq!(Quantile::new(0.5).unwrap().value(-2.0, 1.0), 1.5);
    }

    #[test]
    fn the_prox_stops_at_the_response() {
        let upper = Quantile::new(0.75).unwrap();
        let ends = [upper.prox(0.0, 5.0, 4.0), upper.prox(0.0, -5.0, 4.0)];
        assert_eq!(ends, [4.0, -2.0]);
        assert_eq!(upper.prox(0.0, 0.5, 4.0), 0.0);
        // Far from zero, the dual point stays inside the domain in spite of rounding.
        let u = upper.envelope_derivative(1e9, 1e9 + 7.3, 0.01);
        assert_eq!(u, 0.25);
    }

    #[test]
    fn a_tau_outside_the_open_unit_interval_is_refused() {
        for tau in [0.0, 1.0, -0.5, 2.0, f64::NAN] {
            let message = Quantile::new(tau).unwrap_err().to_string();
            assert!(
                message.starts_with("`tau` must be greater than 0 and less than 1"),
                "{message}"
            );
        }
    }
}
