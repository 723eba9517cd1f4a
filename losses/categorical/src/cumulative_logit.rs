use fenchel_core::{
    Bound, BuildLoss, Design, Error, Loss, Predictor, ResponseKind, Samples, register_loss,
};

use crate::classes::{Classes, largest};
use crate::interval::Interval;
use crate::ordered::OrderedFit;
use crate::threshold::ThresholdFit;

/// Fewest classes: with two, this is the logistic loss with the sign of `eta` changed.
const FEWEST: usize = 3;

/// Minus the log-likelihood of an ordered class: a logistic regression at each threshold between
/// classes, with thresholds `alpha_0 < ... < alpha_{q-1}` that are estimated along.
/// ```text
/// P(y <= k)   = sigma(z_k),    z_k = alpha_k + eta  (parallel: proportional odds),   or  alpha_k + eta_k
/// l(y, z)     = -log(sigma(z_y) - sigma(z_{y-1})),       z_{-1} = -inf,  z_q = +inf
///             = -log sigma(a) - log sigma(-b) - log(1 - exp(b - a)),   a = z_y,  b = z_{y-1}
/// gradient    = -sigma(-a) - 1 / (exp(a - b) - 1),   sigma(b) + 1 / (exp(a - b) - 1)
/// ```
/// The Hessian of a sample in `z` is tridiagonal, and the conjugate is in closed form (see
/// `interval.rs`), so that a duality gap certifies both forms. A larger `eta` means a lower class.
/// - Shapes: q + 1 classes in sorted order; K = 1 if parallel, else K = q. The thresholds are
///   parameters of the loss and stand in for the intercept.
/// - The loss is `+inf` where the predictors around a sample's class are out of order, and convex
///   inside. With parallel slopes all are in order then. Without, those that no sample of the data
///   sees between them may cross, at a sample of another class or a new one: probabilities are then
///   clipped at 0 and divided by their sum, and a class without probability counts as 2e-16 in the
///   deviance.
/// - Errors: [`Error::Data`] unless there are three classes or more and each occurs, or where a label
///   is a number that is not whole.
/// - Source: McCullagh (1980), JRSS B 42(2); Faletto & Bien (2023), ICML (arXiv:2305.18700).
#[derive(Debug, Clone, Copy)]
pub struct CumulativeLogit {
    parallel: bool,
}

impl CumulativeLogit {
    /// There is nothing to check.
    pub fn new(parallel: bool) -> Self {
        Self { parallel }
    }
}

impl Loss for CumulativeLogit {
    fn reads(&self) -> ResponseKind {
        ResponseKind::Classes
    }
    fn bind(&self, samples: &Samples, _design: &Design) -> Result<Bound, Error> {
        let classes = Classes::observed(samples, FEWEST)?;
        Ok(Bound::Eta(Box::new(ThresholdFit::new(classes, self.parallel))))
    }
    fn as_predictor(&self) -> Option<&dyn Predictor> {
        Some(self)
    }
}

/// `eta` is that of predictions: one column a threshold, the threshold in it.
impl Predictor for CumulativeLogit {
    fn response(&self, eta: &[f64], outputs: usize) -> (Vec<f64>, usize) {
        let n = eta.len() / outputs.max(1);
        let mut probabilities = vec![0.0; n * (outputs + 1)];
        for i in 0..n {
            let mut total = 0.0;
            for k in 0..=outputs {
                let a = if k < outputs { eta[i + n * k] } else { f64::INFINITY };
                let b = if k > 0 { eta[i + n * (k - 1)] } else { f64::NEG_INFINITY };
                let probability = Interval::new(a, b).probability();
                probabilities[i + n * k] = probability;
                total += probability;
            }
            (0..=outputs).for_each(|k| probabilities[i + n * k] /= total);
        }
        (probabilities, outputs + 1)
    }
    fn class(&self, eta: &[f64], outputs: usize) -> Option<Vec<u32>> {
        let (probabilities, columns) = self.response(eta, outputs);
        Some(largest(&probabilities, columns))
    }
    /// A fold may well lack a class, so that not all are asked for.
    fn deviance(&self, eta: &[f64], _outputs: usize, samples: &Samples) -> Result<f64, Error> {
        let classes = Classes::new(samples, FEWEST)?;
        Error::check_length("linear predictor", eta.len(), samples.len() * (classes.count - 1))?;
        Ok(OrderedFit::new(classes).deviance(eta))
    }
    fn caveat(&self, eta: &[f64], outputs: usize) -> Option<String> {
        let n = eta.len() / outputs.max(1);
        let crossed = |i: &usize| (1..outputs).any(|k| eta[i + n * k] < eta[i + n * (k - 1)]);
        let count = (0..n).filter(crossed).count();
        (count > 0).then(|| {
            format!(
                "in {count} of {n} rows the predictors of neighbouring thresholds cross: a class \
                 between them has probability 0, and the others are rescaled to sum to 1"
            )
        })
    }
}

#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct CumulativeLogitSpec {
    /// One column of coefficients for all thresholds (proportional odds), or one a threshold.
    #[serde(default = "parallel")]
    parallel: bool,
}

fn parallel() -> bool {
    true
}

impl BuildLoss for CumulativeLogitSpec {
    fn build_loss(&self) -> Result<Box<dyn Loss>, Error> {
        Ok(Box::new(CumulativeLogit::new(self.parallel)))
    }
}

register_loss!("cumulative_logit", CumulativeLogitSpec, {
    summary: "minus the log-likelihood of an ordered class, thresholds estimated along",
    formula: "-log(sigma(alpha_y + eta) - sigma(alpha_{y-1} + eta)),  P(y <= k) = sigma(alpha_k + eta)",
    method: "log sigma(a) + log sigma(-b) + log(1 - exp(b - a)), stable for narrow intervals; tridiagonal curvature; conjugate in closed form",
    combines: "every penalty; thresholds stand in for the intercept; the duality gap is available",
    example: "parallel = true",
    source: "McCullagh (1980), JRSS B 42(2); Faletto & Bien (2023), ICML (arXiv:2305.18700)",
});

#[cfg(test)]
mod tests {
    use fenchel_core::{LinearModel, Matrix, Objective, Response, Smooth, Workspace};

    use super::*;

    fn samples(class: &[u32], labels: usize) -> Samples {
        let labels = (0..labels).map(|c| c.to_string()).collect();
        Samples::new(Response::Classes { class: class.to_vec(), labels }, None).unwrap()
    }

    fn model(design: &Design, class: &[u32], parallel: bool) -> LinearModel {
        let loss = CumulativeLogit::new(parallel);
        match loss.bind(&samples(class, 3), design).unwrap() {
            Bound::Eta(fit) => LinearModel::new(design.clone(), fit, None, true).unwrap(),
            Bound::Direct(_) => panic!("a function of eta"),
        }
    }

    #[test]
    fn both_forms_obey_the_laws() {
        for parallel in [true, false] {
            fenchel_laws::loss::assert_laws(&CumulativeLogit::new(parallel));
        }
    }

    #[test]
    fn likelihood_and_gradient_are_those_of_a_published_fixture() {
        // Six samples of two features, y = 1 2 3 1 2 3, thresholds (-0.5, 1).
        let x = vec![1.0, 0.0, 1.0, -1.0, 0.5, 0.0, 0.0, 1.0, 1.0, 0.5, -1.0, 0.0];
        let matrix = fenchel_core::DenseMatrix::new(6, 2, x).unwrap();
        let design = Design::new(Matrix::Dense(matrix));
        let model = model(&design, &[0, 1, 2, 0, 1, 2], false);
        let shape = model.shape();
        assert_eq!((shape.outputs, shape.intercepts, shape.own), (2, 0, 2));
        let params = [0.4, -0.3, 0.6, -0.3, -0.5, 1.0];
        let mut gradient = vec![0.0; 6];
        let value = model.value_gradient(&params, &mut gradient, &mut Workspace::default());
        assert!((6.0 * value - 7.078059389490601).abs() < 1e-13);
        let scores =
            [-0.5922808872, 0.526115365, -0.5753590001, -0.5877578043, -0.0844587, -0.4769124512];
        for (g, score) in gradient.iter().zip(scores) {
            assert!((-6.0 * g - score).abs() < 1e-9, "{gradient:?}");
        }
    }

    #[test]
    fn the_start_is_the_optimum_without_features() {
        let design = Design::new(Matrix::identity(4));
        let model = model(&design, &[0, 1, 2, 2], true);
        let (mut gradient, start) = (vec![0.0; 6], model.start());
        model.value_gradient(&start, &mut gradient, &mut Workspace::default());
        assert!(gradient[4..].iter().all(|g| g.abs() < 1e-16), "{gradient:?}");
        let thresholds = [(1.0f64 / 3.0).ln(), 0.0];
        assert!(start[4..].iter().zip(thresholds).all(|(s, t)| (s - t).abs() < 1e-15), "{start:?}");
    }

    #[test]
    fn probabilities_of_crossed_predictors_are_clipped_and_sum_to_one() {
        let loss = CumulativeLogit::new(false);
        // In order, and crossed: there the middle class has less than nothing.
        let (p, columns) = loss.response(&[-1.0, 1.0, 1.0, -1.0], 2);
        assert_eq!(columns, 3);
        let sigma = |z: f64| 1.0 / (1.0 + (-z).exp());
        let expected = [sigma(-1.0), 0.5, 1.0 - 2.0 * sigma(-1.0), 0.0, sigma(-1.0), 0.5];
        assert!(p.iter().zip(expected).all(|(p, e)| (p - e).abs() < 1e-15), "{p:?}");
        assert_eq!(loss.class(&[-1.0, 1.0, 1.0, -1.0], 2).unwrap(), [1, 0]);
        assert!(loss.caveat(&[-1.0, 1.0, 1.0, -1.0], 2).unwrap().starts_with("in 1 of 2 rows"));
        assert_eq!(loss.caveat(&[-1.0, 0.0, 1.0, 0.0], 2), None);
        // Where the middle class is crossed it counts as the rounding unit.
        let deviance =
            loss.deviance(&[1.0, 1.0, 1.0, -1.0, -1.0, -1.0], 2, &samples(&[1, 1, 0], 3));
        let expected = -2.0 * (2.0 * f64::EPSILON.ln() + sigma(1.0).ln()) / 3.0;
        assert!((deviance.unwrap() - expected).abs() < 1e-13);
    }

    #[test]
    fn two_classes_are_refused_with_the_number_that_is_needed() {
        let design = Design::new(Matrix::identity(2));
        let error = CumulativeLogit::new(true).bind(&samples(&[0, 1], 2), &design).err().unwrap();
        assert!(error.to_string().contains("2 classes: at least 3"), "{error}");
    }
}
