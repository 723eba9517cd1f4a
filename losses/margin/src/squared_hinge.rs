use fenchel_core::elementwise::{
    Elementwise, ElementwiseConjugate, ElementwiseFit, ElementwiseProx, ElementwiseSmooth,
    SmoothCurved, both_classes,
};
use fenchel_core::{
    Bound, BuildLoss, Design, Error, FitConjugate, FitProx, Loss, Predictor, ResponseKind, Samples,
    register_loss,
};

/// The squared hinge (L2-SVM) loss; no factor one half.
/// ```text
/// l(s, eta)       = max(0, 1 - s eta)^2
/// l*(s, u)        = s u + u^2 / 4  on s u <= 0
/// prox_{t l}(v)   = v  if s v >= 1,  else (v + 2 t s) / (1 + 2 t)
/// deviance        = the weighted mean of 2 l (a saturated model has loss 0)
/// ```
/// - Shapes: two labels; `s = 1` for the second label in sorted order. K = 1.
/// - The mean response is the probability of class 1 that makes `eta` the population minimiser,
///   `(1 + eta) / 2` clipped to `[0, 1]` (Zhang 2004, section 3.1).
/// - Errors: [`Error::Data`] unless both classes occur.
/// - Source: Cortes & Vapnik (1995), Machine Learning 20, eq. 25 with sigma = 2; Zhang (2004),
///   Annals of Statistics 32(1).
#[derive(Debug, Clone, Copy, Default)]
pub struct SquaredHinge;

impl SquaredHinge {
    /// There is nothing to check.
    pub fn new() -> Self {
        Self
    }

    fn fit(class: &[u32], samples: &Samples) -> Result<ElementwiseFit<Self>, Error> {
        ElementwiseFit::new(
            Self,
            class.iter().map(|&c| 2.0 * f64::from(c) - 1.0).collect(),
            samples,
        )
    }
}

impl Elementwise for SquaredHinge {
    #[inline]
    fn value(&self, s: f64, eta: f64) -> f64 {
        let slack = (1.0 - s * eta).max(0.0);
        slack * slack
    }
    fn saturated(&self, _s: f64) -> f64 {
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

impl ElementwiseSmooth for SquaredHinge {
    #[inline]
    fn value_derivative(&self, s: f64, eta: f64) -> (f64, f64) {
        let slack = (1.0 - s * eta).max(0.0);
        (slack * slack, -2.0 * s * slack)
    }
    fn second_derivative(&self, s: f64, eta: f64) -> f64 {
        if s * eta < 1.0 { 2.0 } else { 0.0 }
    }
    fn second_bound(&self) -> Option<f64> {
        Some(2.0)
    }
}

impl ElementwiseConjugate for SquaredHinge {
    fn conjugate(&self, s: f64, u: f64) -> f64 {
        // The domain ends at 0, so that a relative excess is none.
        if s * u > 0.0 { f64::INFINITY } else { u * (s + 0.25 * u) }
    }
}

impl ElementwiseProx for SquaredHinge {
    fn prox(&self, s: f64, v: f64, step: f64) -> f64 {
        if s * v >= 1.0 { v } else { (v + 2.0 * step * s) / (1.0 + 2.0 * step) }
    }
}

impl Loss for SquaredHinge {
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

impl Predictor for SquaredHinge {
    fn response(&self, eta: &[f64], outputs: usize) -> (Vec<f64>, usize) {
        (eta.iter().map(|eta| (0.5 * (1.0 + eta)).clamp(0.0, 1.0)).collect(), outputs)
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
struct SquaredHingeSpec {}

impl BuildLoss for SquaredHingeSpec {
    fn build_loss(&self) -> Result<Box<dyn Loss>, Error> {
        Ok(Box::new(SquaredHinge::new()))
    }
}

register_loss!("squared_hinge", SquaredHingeSpec, {
    summary: "squared shortfall of the margin of a two-class response (L2-SVM)",
    formula: "max(0, 1 - s eta)^2, s = -1 or 1",
    method: "derivative -2 s max(0, 1 - s eta), curvature 2 if s eta < 1 else 0",
    combines: "every penalty; the duality gap is available",
    example: "",
    source: "Cortes & Vapnik (1995), Machine Learning 20, eq. 25 with sigma = 2",
});

#[cfg(test)]
mod tests {
    use fenchel_core::{Matrix, Response};

    use super::*;

    #[test]
    fn obeys_the_laws() {
        fenchel_laws::loss::assert_laws(&SquaredHinge::new());
    }

    #[test]
    fn the_second_label_is_the_positive_side() {
        let labels = vec!["a".to_string(), "b".to_string()];
        let samples = Samples::new(Response::Classes { class: vec![1, 0], labels }, None).unwrap();
        let Bound::Eta(fit) =
            SquaredHinge.bind(&samples, &Design::new(Matrix::identity(2))).unwrap()
        else {
            panic!("no eta")
        };
        assert_eq!(fit.value(&[1.0, -1.0], &[]), 0.0);
        assert_eq!(fit.value(&[-1.0, 0.5], &[]), (4.0 + 2.25) / 2.0);
        assert_eq!(SquaredHinge.class(&[1.0, -1.0], 1).unwrap(), [1, 0]);
    }
}
