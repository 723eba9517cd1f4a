//! The multilayer perceptron.

use fenchel_core::{
    Bound, BuildLoss, Design, Error, Forward, Loss, Matrix, Predictor, ResponseKind, Samples,
    register_loss,
};

use crate::activation::Activation;
use crate::net::Net;
use crate::output::{self, Output, Target};
use crate::pass::{CHUNK, Layers};

/// A multilayer perceptron, fully connected.
/// ```text
/// a_0   = x,    a_l = phi(W_l' a_(l-1) + b_l)  for l = 1 .. L - 1,    eta = W_L' a_(L-1) + b_L
/// loss  = log sum_k exp(eta_k) - eta_y   (softmax)    or    1/2 sum_k (y_k - eta_k)^2   (linear)
/// ```
/// - Shapes: `W_l` is units of layer l - 1 x units of layer l. The coefficients are all weights in one
///   column, matrix after matrix, each column by column; the penalty sees them, and calls the matrices
///   `layer1`, `layer2`, ... The biases `b_l` are free, and stand in for the intercept in results.
/// - Not convex: what is found is a stationary point, and depends on the seed of the start. With no
///   hidden units it is multinomial or least squares regression.
/// - Errors: [`Error::Parameter`] on a hidden layer of no units; [`Error::Data`] unless there are two
///   classes or more and each occurs.
/// - Source: Rumelhart, Hinton & Williams (1986), Nature 323 (back-propagation); scale of the start as
///   in LeCun et al. (1998) and He et al. (2015).
#[derive(Debug, Clone)]
pub struct Mlp {
    parameters: Parameters,
}

/// Hyperparameters of [`Mlp`].
#[derive(Debug, Clone, Default, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    /// Units of each hidden layer, in order from the data; none for a linear model.
    pub hidden: Vec<usize>,
    /// What hidden units make of their sums.
    #[serde(default)]
    pub activation: Activation,
    /// What the last units are compared with: `softmax` with classes, `linear` with numbers.
    #[serde(default)]
    pub output: Output,
    /// Seed of the random weights that a fit begins at.
    #[serde(default)]
    pub seed: u64,
}

impl Mlp {
    /// Checks the parameters.
    pub fn new(parameters: Parameters) -> Result<Self, Error> {
        if let Some(l) = parameters.hidden.iter().position(|units| *units == 0) {
            return Err(Error::parameter(&format!("hidden[{l}]"), "at least 1", 0));
        }
        Ok(Self { parameters })
    }

    /// The layers between `inputs` features and `outputs` last units.
    fn layers(&self, inputs: usize, outputs: usize) -> Layers {
        let Parameters { hidden, activation, .. } = &self.parameters;
        let units: Vec<usize> =
            [inputs].into_iter().chain(hidden.iter().copied()).chain([outputs]).collect();
        Layers::new(&units, *activation)
    }
}

impl Loss for Mlp {
    fn reads(&self) -> ResponseKind {
        match self.parameters.output {
            Output::Softmax => ResponseKind::Classes,
            Output::Linear => ResponseKind::Numbers,
        }
    }

    fn reads_design(&self) -> bool {
        true
    }

    fn bind(&self, samples: &Samples, design: &Design) -> Result<Bound, Error> {
        Error::check_length("design rows", design.samples(), samples.len())?;
        let target = Target::new(self.parameters.output, samples)?;
        if let Some(absent) = target.absent() {
            let label = &samples.classes()?.1[absent];
            return Err(Error::Data(format!(
                "no sample to fit is in class \"{label}\": every class is needed"
            )));
        }
        let layers = self.layers(design.features(), target.columns());
        Ok(Bound::Direct(Box::new(Net::new(layers, target, design, self.parameters.seed))))
    }

    fn as_predictor(&self) -> Option<&dyn Predictor> {
        Some(self)
    }

    fn as_forward(&self) -> Option<&dyn Forward> {
        Some(self)
    }
}

impl Forward for Mlp {
    fn forward(
        &self,
        matrix: &Matrix,
        intercept: &[f64],
        coefficients: &[f64],
    ) -> Result<(Vec<f64>, usize), Error> {
        let (n, p) = (matrix.rows(), matrix.cols());
        let hidden: usize = self.parameters.hidden.iter().sum();
        let columns = intercept.len().saturating_sub(hidden);
        let layers = self.layers(p, columns);
        if columns == 0 {
            return Err(Error::Length {
                name: "intercept".into(),
                got: intercept.len(),
                expected: hidden + 1,
            });
        }
        Error::check_length("coefficients", coefficients.len(), layers.weights())?;
        let mut x = vec![0.0; n * p];
        let mut column = vec![0.0; n];
        for j in 0..p {
            column.fill(0.0);
            matrix.column(j).axpy(1.0, &mut column);
            column.iter().enumerate().for_each(|(i, v)| x[i * p + j] = *v);
        }
        let mut eta = vec![0.0; n * columns];
        let mut scratch = vec![0.0; layers.scratch()];
        let order: Vec<usize> = (0..n).collect();
        for at in order.chunks(CHUNK) {
            layers.predict(
                at,
                (coefficients, intercept),
                &mut scratch,
                |i, units| units.copy_from_slice(&x[i * p..(i + 1) * p]),
                |i, sums| sums.iter().enumerate().for_each(|(k, s)| eta[i + k * n] = *s),
            );
        }
        Ok((eta, columns))
    }
}

impl Predictor for Mlp {
    fn response(&self, eta: &[f64], outputs: usize) -> (Vec<f64>, usize) {
        let mut response = eta.to_vec();
        if self.parameters.output == Output::Softmax {
            let n = eta.len() / outputs.max(1);
            let mut row = vec![0.0; outputs];
            for i in 0..n {
                row.iter_mut().enumerate().for_each(|(k, e)| *e = eta[i + k * n]);
                output::softmax(&mut row);
                row.iter().enumerate().for_each(|(k, p)| response[i + k * n] = *p);
            }
        }
        (response, outputs)
    }

    fn class(&self, eta: &[f64], outputs: usize) -> Option<Vec<u32>> {
        if self.parameters.output == Output::Linear {
            return None;
        }
        let n = eta.len() / outputs.max(1);
        let best = |i: usize| {
            (1..outputs)
                .fold(0, |best, k| if eta[i + k * n] > eta[i + best * n] { k } else { best })
        };
        Some((0..n).map(|i| best(i) as u32).collect())
    }

    fn deviance(&self, eta: &[f64], _outputs: usize, samples: &Samples) -> Result<f64, Error> {
        output::deviance(self.parameters.output, eta, samples)
    }
}

impl BuildLoss for Parameters {
    fn build_loss(&self) -> Result<Box<dyn Loss>, Error> {
        Ok(Box::new(Mlp::new(self.clone())?))
    }
}

register_loss!("mlp", Parameters, {
    summary: "multilayer perceptron: a fully connected neural network for classes or numbers",
    formula: "log sum_k exp(eta_k) - eta_y or 1/2 sum_k (y_k - eta_k)^2,  eta = W_L' phi(... phi(W_1' x + b_1) ...) + b_L",
    method: "back-propagation; weights are the coefficients, biases are free; begins at random weights",
    combines: "penalties with a prox on all weights, on a layer by `on { features = [\"layer1\"] }`, on units by `groups = { units = \"outgoing\" }`; solver prox_sgd",
    example: "hidden = [3]\nactivation = \"tanh\"",
    source: "Rumelhart, Hinton & Williams (1986), Nature 323",
});

#[cfg(test)]
mod tests {
    use fenchel_core::{DenseMatrix, Objective, Response, Workspace};
    use fenchel_laws::Random;

    use super::*;

    fn parameters(hidden: &[usize], activation: Activation, output: Output) -> Parameters {
        Parameters { hidden: hidden.to_vec(), activation, output, seed: 3 }
    }

    fn design(n: usize, p: usize) -> Design {
        let x = Random::new(5).normals(n * p, 2.0).iter().map(|x| x + 1.0).collect();
        Design::standardized(Matrix::Dense(DenseMatrix::new(n, p, x).unwrap()), None)
    }

    fn samples(n: usize, count: usize, weights: Option<Vec<f64>>) -> Samples {
        let labels = (0..count).map(|c| format!("class {c}")).collect();
        let class = (0..n).map(|i| ((i * 7 + i / 3) % count) as u32).collect();
        Samples::new(Response::Classes { class, labels }, weights).unwrap()
    }

    fn bound(parameters: Parameters, samples: &Samples, design: &Design) -> Box<dyn Objective> {
        match Mlp::new(parameters).unwrap().bind(samples, design).unwrap() {
            Bound::Direct(objective) => objective,
            Bound::Eta(_) => panic!("a network has no linear predictor"),
        }
    }

    #[test]
    fn networks_of_every_kind_obey_the_laws() {
        for activation in
            [Activation::Tanh, Activation::Relu, Activation::Softplus, Activation::Logistic]
        {
            for output in [Output::Softmax, Output::Linear] {
                for hidden in [&[][..], &[3], &[3, 2]] {
                    let mlp = Mlp::new(parameters(hidden, activation, output)).unwrap();
                    fenchel_laws::loss::assert_laws(&mlp);
                }
            }
        }
    }

    #[test]
    fn two_units_by_hand() {
        // One feature, one relu unit, one number: eta = 2 max(3 x - 1, 0) + 0.5.
        let x = Matrix::Dense(DenseMatrix::new(2, 1, vec![1.0, -1.0]).unwrap());
        let mlp = Mlp::new(parameters(&[1], Activation::Relu, Output::Linear)).unwrap();
        let (eta, columns) = mlp.forward(&x, &[-1.0, 0.5], &[3.0, 2.0]).unwrap();
        assert_eq!((eta, columns), (vec![4.5, 0.5], 1));
        let y = Response::Numeric { values: vec![4.0, 1.5], columns: 1 };
        let samples = Samples::new(y, None).unwrap();
        let net = bound(mlp.parameters.clone(), &samples, &Design::new(x));
        let params = [3.0, 2.0, -1.0, 0.5];
        // 1/2 (1/2 0.5^2 + 1/2 1)
        assert_eq!(net.value(&params, &mut Workspace::default()), 0.3125);
        let mut grad = [f64::NAN; 4];
        net.as_smooth().unwrap().value_gradient(&params, &mut grad, &mut Workspace::default());
        assert_eq!(grad, [0.5, 0.5, 0.5, -0.25]);
    }

    #[test]
    fn predictions_for_the_data_as_they_are_have_the_loss_of_the_fit() {
        for output in [Output::Softmax, Output::Linear] {
            let (n, p) = (150, 4);
            let design = design(n, p);
            let weights = (0..n).map(|i| 0.5 + (i % 3) as f64).collect();
            let samples = match output {
                Output::Softmax => samples(n, 3, Some(weights)),
                Output::Linear => {
                    let values = Random::new(8).normals(2 * n, 1.0);
                    Samples::new(Response::Numeric { values, columns: 2 }, Some(weights)).unwrap()
                }
            };
            let parameters = parameters(&[5, 3], Activation::Tanh, output);
            let mlp = Mlp::new(parameters.clone()).unwrap();
            let net = bound(parameters, &samples, &design);
            let mut params = net.random_start().unwrap();
            let at = net.shape().coefficients();
            params[at..].iter_mut().enumerate().for_each(|(k, b)| *b = 0.1 * k as f64);
            let value = net.value(&params, &mut Workspace::default());
            let intercept = net.report(&params).intercept.unwrap();
            let coefficients = net.original_coefficients(&params).unwrap();
            let (eta, columns) = mlp.forward(design.matrix(), &intercept, &coefficients).unwrap();
            let deviance = mlp.deviance(&eta, columns, &samples).unwrap();
            assert!((deviance - 2.0 * value).abs() < 1e-12, "{deviance} {value}");
        }
    }

    #[test]
    fn batches_average_to_the_gradient_and_a_weight_is_a_repetition() {
        let (n, design) = (12, design(12, 4));
        let parameters = parameters(&[5], Activation::Softplus, Output::Softmax);
        let net = bound(parameters.clone(), &samples(n, 3, None), &design);
        let params = net.random_start().unwrap();
        let (mut whole, mut part) = (vec![0.0; params.len()], vec![0.0; params.len()]);
        let mut work = Workspace::default();
        net.as_smooth().unwrap().value_gradient(&params, &mut whole, &mut work);
        let sum = net.as_finite_sum().unwrap();
        for batch in [[0, 5, 7], [1, 2, 3], [11, 10, 4], [6, 8, 9]] {
            sum.batch_gradient(&batch, &params, &mut part, &mut work);
            whole.iter_mut().zip(&part).for_each(|(w, p)| *w -= p / 4.0);
        }
        assert!(whole.iter().all(|w| w.abs() < 1e-15), "{whole:?}");

        let weights: Vec<f64> = (0..n).map(|i| (i % 3) as f64).collect();
        let rows: Vec<usize> = (0..n).flat_map(|i| [i].repeat(i % 3)).collect();
        let all = samples(n, 3, None);
        let repeated = Design::with_centre_and_scale(
            design.matrix().select_rows(&rows),
            (0..4).map(|j| design.centre(j)).collect(),
            (0..4).map(|j| design.scale(j)).collect(),
        );
        let weighted = bound(parameters.clone(), &samples(n, 3, Some(weights)), &design);
        let repeated = bound(parameters, &all.select(&rows).unwrap(), &repeated.unwrap());
        let values = [weighted, repeated].map(|net| net.value(&params, &mut work));
        assert!((values[0] - values[1]).abs() < 1e-14, "{values:?}");
    }

    #[test]
    fn units_without_weights_away_or_to_them_are_not_active() {
        let net = bound(
            parameters(&[3], Activation::Tanh, Output::Softmax),
            &samples(8, 2, None),
            &design(8, 2),
        );
        let mut params = net.random_start().unwrap();
        params[0..2].fill(0.0); // nothing leads to the first hidden unit
        params[2] = 0.0;
        params[4] = 0.0; // the first feature leads nowhere
        params[8] = 0.0;
        params[11] = 0.0; // the third unit leads nowhere
        let extra = net.report(&params).extra;
        assert_eq!(extra[0], ("units".into(), vec![2.0, 3.0, 2.0]));
        assert_eq!(extra[1], ("active_units".into(), vec![1.0, 1.0]));
    }

    #[test]
    fn the_seed_makes_the_start() {
        let start = |seed: u64| {
            let parameters = Parameters { hidden: vec![4], seed, ..Parameters::default() };
            bound(parameters, &samples(9, 3, None), &design(9, 2)).random_start()
        };
        assert_eq!(start(1), start(1));
        assert_ne!(start(1), start(2));
        let linear = Parameters::default();
        assert_eq!(bound(linear, &samples(9, 3, None), &design(9, 2)).random_start(), None);
    }

    #[test]
    fn what_cannot_be_fitted_is_refused() {
        let error = |p: Parameters| Mlp::new(p).map(|_| ()).unwrap_err().to_string();
        let empty = Parameters { hidden: vec![3, 0], ..Parameters::default() };
        assert_eq!(error(empty), "`hidden[1]` must be at least 1, got 0");
        let refusal = |samples: &Samples, n| {
            let mlp = Mlp::new(Parameters { hidden: vec![2], ..Parameters::default() }).unwrap();
            mlp.bind(samples, &design(n, 2)).map(|_| ()).unwrap_err().to_string()
        };
        assert!(refusal(&samples(4, 1, None), 4).contains("one class only"));
        let labels = ["a", "b", "c"].map(String::from).to_vec();
        let response = Response::Classes { class: vec![0, 1, 0], labels };
        let absent = refusal(&Samples::new(response, None).unwrap(), 3);
        assert!(absent.contains("in class \"c\""), "{absent}");
        assert!(refusal(&samples(5, 2, None), 4).contains("design rows"));
        let mlp = Mlp::new(Parameters { hidden: vec![2], ..Parameters::default() }).unwrap();
        let x = Matrix::identity(2);
        assert!(mlp.forward(&x, &[0.0], &[0.0; 4]).is_err());
        assert!(mlp.forward(&x, &[0.0; 4], &[0.0; 4]).is_err());
    }
}
