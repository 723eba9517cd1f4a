use fenchel_core::elementwise::{
    Elementwise, ElementwiseConjugate, ElementwiseFit, ElementwiseProx, ElementwiseSmooth,
    SmoothCurved, check_responses,
};
use fenchel_core::{
    Bound, BuildLoss, Design, Error, FitConjugate, FitProx, Loss, Predictor, ResponseKind, Samples,
    register_loss,
};

/// Half the squared residual.
/// ```text
/// l(y, eta)       = (y - eta)^2 / 2
/// l*(y, u)        = u y + u^2 / 2
/// prox_{t l}(v)   = (v + t y) / (1 + t)
/// deviance        = the weighted mean of sum_k (y_k - eta_k)^2
/// ```
/// - Shapes: responses n x K for any K, each with its own column of `eta`; the loss is the weighted
///   mean over samples of the sum over the K columns.
/// - Errors: [`Error::Domain`] where a response is not finite.
/// - Source: Legendre (1805); conjugate in Boyd & Vandenberghe (2004), example 3.22.
#[derive(Debug, Clone, Copy, Default)]
pub struct Quadratic;

impl Quadratic {
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

impl Elementwise for Quadratic {
    #[inline]
    fn value(&self, y: f64, eta: f64) -> f64 {
        0.5 * (eta - y) * (eta - y)
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

impl ElementwiseSmooth for Quadratic {
    const QUADRATIC: bool = true;
    #[inline]
    fn value_derivative(&self, y: f64, eta: f64) -> (f64, f64) {
        let residual = eta - y;
        (0.5 * residual * residual, residual)
    }
    fn second_derivative(&self, _y: f64, _eta: f64) -> f64 {
        1.0
    }
    fn second_bound(&self) -> Option<f64> {
        Some(1.0)
    }
}

impl ElementwiseConjugate for Quadratic {
    fn conjugate(&self, y: f64, u: f64) -> f64 {
        u * (y + 0.5 * u)
    }
}

impl ElementwiseProx for Quadratic {
    fn prox(&self, y: f64, v: f64, step: f64) -> f64 {
        (v + step * y) / (1.0 + step)
    }
}

impl Loss for Quadratic {
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

impl Predictor for Quadratic {
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

#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct QuadraticSpec {}

impl BuildLoss for QuadraticSpec {
    fn build_loss(&self) -> Result<Box<dyn Loss>, Error> {
        Ok(Box::new(Quadratic::new()))
    }
}

register_loss!("quadratic", QuadraticSpec, {
    summary: "half the squared residual, for one or several numeric responses",
    formula: "1/2 (y - eta)^2, summed over the outputs",
    method: "derivative eta - y, curvature 1",
    combines: "every penalty and every solver; the duality gap is available",
    example: "",
    source: "Legendre (1805); conjugate in Boyd & Vandenberghe (2004), example 3.22",
});

#[cfg(test)]
mod tests {
    use fenchel_core::{DenseMatrix, Matrix, Response};

    use super::*;

    fn samples(values: &[f64], columns: usize, weights: Option<Vec<f64>>) -> Samples {
        Samples::new(Response::Numeric { values: values.to_vec(), columns }, weights).unwrap()
    }

    #[test]
    fn obeys_the_laws() {
        fenchel_laws::loss::assert_laws(&Quadratic::new());
    }

    #[test]
    fn the_loss_is_the_weighted_mean_over_samples_of_the_sum_over_outputs() {
        // Weights 1 and 3 become 0.5 and 1.5.
        let samples = samples(&[1.0, 2.0, 3.0, 4.0], 2, Some(vec![1.0, 3.0]));
        let design = Design::new(Matrix::Dense(DenseMatrix::new(2, 0, vec![]).unwrap()));
        let Bound::Eta(fit) = Quadratic.bind(&samples, &design).unwrap() else { panic!("no eta") };
        assert_eq!((fit.samples(), fit.outputs()), (2, 2));
        let expected = (0.5 * (0.5 + 4.5) + 1.5 * (2.0 + 8.0)) / 2.0;
        assert_eq!(fit.value(&[0.0; 4], &[]), expected);
        assert_eq!(Quadratic.deviance(&[0.0; 4], 2, &samples).unwrap(), 2.0 * expected);
    }

    #[test]
    fn a_response_that_is_not_finite_is_named_by_its_sample() {
        let samples = samples(&[1.0, 2.0, 3.0, f64::NAN], 2, None);
        let error = Quadratic::fit(&samples).unwrap_err();
        assert!(matches!(error, Error::Domain { sample: 1, .. }), "{error}");
    }
}
