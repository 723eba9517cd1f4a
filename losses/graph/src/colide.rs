use fenchel_core::{
    Bound, BuildLoss, Design, Error, Loss, ResponseKind, Samples, Stage, kernels, register_loss,
};

use crate::edges::Pruning;
use crate::score::Score;

/// Iterations that are worth while on the way and in the last stage.
const WARM: u64 = 20_000;
const LAST: u64 = 70_000;

/// Share of a column's deviation below which its noise scale does not fall.
const FLOOR: f64 = 1e-2;

/// Concomitant linear estimation of a directed acyclic graph: each column a linear function of its
/// parents and of noise whose scale is estimated as well.
/// ```text
/// Q_j(W)       = [(I - W)' C (I - W)]_jj,  C the covariance of the columns
/// equal        Sc(W) = min_{sigma >= sigma_0} sum_j Q_j / (2 sigma) + d sigma / 2
/// unequal      Sc(W) = min_{sigma_j >= sigma_0j} sum_j Q_j / (2 sigma_j) + sigma_j / 2
/// h_s(W)       = d log s - log det(s I - W o W),  0 on acyclic graphs, +inf beyond M-matrices
/// objective    Sc(W) + h_s(W) / mu  at the last mu and s
/// gradient     -C (I - W) diag(1 / sigma) + 2 W o (s I - W o W)^-T / mu,  diagonal 0
/// ```
/// - Shapes: W is d x d with `W_ij` the weight of the edge from i to j; no column is its own parent.
///   No response, no design in the sense of a predictor: the data are the columns, centred here.
/// - The best scales are known in closed form, `sigma^2 = mean_j Q_j` and `sigma_j^2 = Q_j`, so that
///   they are no parameters; where they are above `sigma_0`, `Sc` is their sum.
/// - Errors: [`Error::Unsupported`] on scaled columns, as their variances tell the order of the nodes;
///   [`Error::Feature`] on a column that is constant.
/// - Source: Saboksayr, Mateos & Tepper (2024), ICLR, equations 4 and 6 and algorithm 1; the barrier
///   of Bello, Aragam & Ravikumar (2022), NeurIPS. There the diagonal is not masked.
#[derive(Debug, Clone)]
pub struct Colide {
    parameters: Parameters,
}

/// How the noise of the columns is related.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Noise {
    /// All columns have one scale (CoLiDE-EV).
    #[default]
    Equal,
    /// Each column has its own (CoLiDE-NV).
    Unequal,
}

/// Hyperparameters of [`Colide`].
#[derive(Debug, Clone, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    /// Whether all columns have one noise scale, or each its own.
    #[serde(default)]
    pub noise: Noise,
    /// Weights up to this size are no edges of the graph that is reported.
    #[serde(default = "threshold")]
    #[schemars(range(min = 0.0))]
    pub threshold: f64,
    /// Which weights go where those above the threshold make a cycle: the smallest edge on it, or the
    /// smallest weights of all, until no cycle is left.
    #[serde(default)]
    pub pruning: Pruning,
    /// Whether the graph that is reported is fitted again by least squares, without the penalty, among
    /// the weights above a tenth of the threshold. The coefficients stay those of the problem.
    #[serde(default)]
    pub refit: bool,
    /// Whether a column has a weight on itself too, as in the authors' code, where the barrier alone
    /// keeps it small. Such a weight is no edge, but a cycle for `pruning = "smallest"`.
    #[serde(default)]
    pub self_loops: bool,
    /// Weights of the score against the barrier of acyclic graphs, stage by stage, falling.
    #[serde(default = "mu")]
    #[schemars(length(min = 1))]
    pub mu: Vec<f64>,
    /// How far the barrier's domain reaches, one number a stage: the spectral radius of the squared
    /// weights stays below it.
    #[serde(default = "s")]
    #[schemars(length(min = 1))]
    pub s: Vec<f64>,
}

fn threshold() -> f64 {
    0.3
}

fn mu() -> Vec<f64> {
    vec![1.0, 0.1, 0.01, 0.001]
}

fn s() -> Vec<f64> {
    vec![1.0, 0.9, 0.8, 0.7]
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            noise: Noise::Equal,
            threshold: threshold(),
            pruning: Pruning::OnCycle,
            refit: false,
            self_loops: false,
            mu: mu(),
            s: s(),
        }
    }
}

impl Colide {
    /// Checks the parameters.
    ///
    /// Errors: a negative threshold; no stage, another number of `s` than of `mu`, one of either that
    /// is not greater than 0, a `mu` that does not fall.
    pub fn new(parameters: Parameters) -> Result<Self, Error> {
        let Parameters { threshold, mu, s, .. } = &parameters;
        Error::check_non_negative("threshold", *threshold)?;
        if mu.is_empty() {
            return Err(Error::parameter("mu", "at least one number", "none"));
        }
        Error::check_length("s", s.len(), mu.len())?;
        for (k, (mu, s)) in mu.iter().zip(s).enumerate() {
            Error::check_above(&format!("mu[{k}]"), *mu, 0.0)?;
            Error::check_above(&format!("s[{k}]"), *s, 0.0)?;
        }
        if let Some(k) = mu.windows(2).position(|pair| pair[1] >= pair[0]) {
            let name = format!("mu[{}]", k + 1);
            return Err(Error::parameter(&name, format!("less than {}", mu[k]), mu[k + 1]));
        }
        Ok(Self { parameters })
    }

    fn stages(&self) -> Vec<Stage> {
        let Parameters { mu, s, .. } = &self.parameters;
        let iterations = |k| if k + 1 < mu.len() { WARM } else { LAST };
        let stage = |(k, (&mu, &shift))| Stage { mu, shift, iterations: iterations(k) };
        mu.iter().zip(s).enumerate().map(stage).collect()
    }
}

impl Loss for Colide {
    fn reads(&self) -> ResponseKind {
        ResponseKind::Nothing
    }

    fn reads_design(&self) -> bool {
        true
    }

    fn bind(&self, samples: &Samples, design: &Design) -> Result<Bound, Error> {
        samples.nothing()?;
        let (n, d) = (design.samples(), design.features());
        Error::check_length("design rows", n, samples.len())?;
        if (0..d).any(|j| design.scale(j) != 1.0) {
            return Err(Error::Unsupported(
                "a graph is learnt from columns as they are, as their variances tell the order of \
                 the nodes: set `standardize = false` in [model]"
                    .into(),
            ));
        }
        let (covariance, means) = moments(samples, design);
        let mut floor = Vec::new();
        for j in 0..d {
            let deviation = covariance[j * (d + 1)].sqrt();
            if !(deviation > 0.0 && deviation.is_finite()) {
                let fault = "is constant: a node of the graph needs a variance".into();
                return Err(Error::Feature { feature: j, fault });
            }
            floor.push(FLOOR * deviation);
        }
        let noise = self.parameters.noise;
        if noise == Noise::Equal {
            let least = floor.iter().fold(f64::INFINITY, |least, f| least.min(*f));
            floor.fill(least);
        }
        let Parameters { threshold, pruning, refit, self_loops, .. } = self.parameters;
        let stages = self.stages();
        Ok(Bound::Direct(Box::new(Score {
            d,
            covariance,
            means,
            noise,
            floor,
            self_loops,
            stages,
            threshold,
            pruning,
            refit,
        })))
    }
}

/// Weighted covariance (d x d) and means of the columns.
fn moments(samples: &Samples, design: &Design) -> (Vec<f64>, Vec<f64>) {
    let (n, d) = (design.samples(), design.features());
    let centred = Design::standardized(design.matrix().clone(), samples.weights());
    let mut columns = vec![0.0; n * d];
    for (j, column) in columns.chunks_mut(n).enumerate() {
        centred.column_axpy(j, centred.scale(j), column);
    }
    let mut covariance = vec![0.0; d * d];
    let mut weighted = vec![0.0; n];
    for j in 0..d {
        weighted.copy_from_slice(&columns[j * n..(j + 1) * n]);
        if let Some(weights) = samples.weights() {
            weighted.iter_mut().zip(weights).for_each(|(x, w)| *x *= w);
        }
        for (i, column) in columns.chunks(n).enumerate().take(j + 1) {
            let entry = kernels::dot(column, &weighted) / n as f64;
            covariance[i + d * j] = entry;
            covariance[j + d * i] = entry;
        }
    }
    (covariance, (0..d).map(|j| centred.centre(j)).collect())
}

impl BuildLoss for Parameters {
    fn build_loss(&self) -> Result<Box<dyn Loss>, Error> {
        Ok(Box::new(Colide::new(self.clone())?))
    }
}

register_loss!("colide", Parameters, {
    summary: "a directed acyclic graph over the columns, least squares with estimated noise scales",
    formula: "sum_j Q_j / (2 sigma_j) + sigma_j / 2 + (d log s - log det(s I - W o W)) / mu,  Q_j = [(I - W)' C (I - W)]_jj",
    method: "scales in closed form; gradient -C (I - W) diag(1/sigma) + 2 W o (s I - W o W)^-T / mu, diagonal masked",
    combines: "l1 and other penalties by prox on d x d coefficients; `standardize = false` and no response; solver central_path; the graph is in `extra` and by `fenchel graph`",
    example: "noise = \"equal\"\nthreshold = 0.3",
    source: "Saboksayr, Mateos & Tepper (2024), ICLR; Bello, Aragam & Ravikumar (2022), NeurIPS",
});

#[cfg(test)]
mod tests {
    use fenchel_core::{CentralPath, DenseMatrix, Matrix, Objective, Response, Smooth, Workspace};
    use fenchel_laws::Random;

    use super::*;

    fn fixture(noise: Noise, mu: f64, shift: f64) -> Score {
        Score {
            d: 3,
            covariance: vec![2.0, 0.5, 0.2, 0.5, 1.5, -0.3, 0.2, -0.3, 1.0],
            means: vec![0.0; 3],
            noise,
            floor: vec![1e-3; 3],
            self_loops: false,
            stages: vec![Stage { mu, shift, iterations: 1 }],
            threshold: 0.0,
            pruning: Pruning::OnCycle,
            refit: false,
        }
    }

    /// `W_12 = 0.3, W_23 = -0.4, W_31 = 0.1`, column by column.
    const WEIGHTS: [f64; 9] = [0.0, 0.0, 0.1, 0.3, 0.0, 0.0, 0.0, -0.4, 0.0];

    fn assert_close(got: &[f64], expected: &[f64], tolerance: f64) {
        assert_eq!(got.len(), expected.len());
        let close = got.iter().zip(expected).all(|(g, e)| (g - e).abs() <= tolerance);
        assert!(close, "{got:?}, expected {expected:?}");
    }

    #[test]
    fn both_noises_obey_the_laws() {
        for noise in [Noise::Equal, Noise::Unequal] {
            for self_loops in [false, true] {
                let parameters = Parameters { noise, self_loops, ..Parameters::default() };
                fenchel_laws::loss::assert_laws(&Colide::new(parameters).unwrap());
            }
        }
    }

    #[test]
    fn value_gradient_and_scales_are_those_of_the_fixture() {
        let l1 = 0.05 * 0.8;
        // By an implementation of its own in another language; its gradient has the l1 term in it.
        let cases = [
            (Noise::Equal, 0.3654453877397571, [-0.1644300501, 0.0146216806, -0.0332181919]),
            (Noise::Unequal, 0.36202764009687755, [-0.141069159, 0.0148296979, -0.04]),
        ];
        for (noise, value, [to_1, to_2, to_3]) in cases {
            let mut score = fixture(noise, 0.1, 0.9);
            let mut grad = [f64::NAN; 9];
            let stage = score.stages()[0];
            let got = score.gradient_at(&stage, &WEIGHTS, &mut grad, &mut Workspace::default());
            assert_close(&[got + 0.1 * l1], &[value], 1e-14);
            assert_close(&[grad[3] + 0.1 * 0.05, grad[6]], &[to_2, to_3], 1e-10);
            assert_eq!([grad[0], grad[4], grad[8]], [0.0; 3], "the diagonal is masked");
            score.self_loops = true;
            score.gradient_at(&stage, &WEIGHTS, &mut grad, &mut Workspace::default());
            assert_close(&[grad[0]], &[to_1], 1e-10);
        }
        let scales = |noise| fixture(noise, 0.1, 0.9).report(&WEIGHTS).extra[0].1.clone();
        assert_close(&scales(Noise::Equal), &[1.2041594578792296], 1e-14);
        assert_close(&scales(Noise::Unequal), &[1.4035668848, 1.1747340124, 1.0], 1e-10);
        for (s, h) in [(0.9, 1.9755037598823133e-4), (1.0, 1.440103689954685e-4)] {
            assert_close(&[crate::log_det_barrier(&WEIGHTS, 3, s)], &[h], 1e-15);
        }
    }

    /// The value with the scales given, by the definition.
    fn plain(score: &Score, weights: &[f64], scales: &[f64]) -> f64 {
        let d = score.d;
        let rest = |i: usize, j: usize| f64::from(i == j) - weights[i + d * j];
        let mut value = 0.0;
        for (j, scale) in scales.iter().enumerate() {
            let mut square = 0.0;
            for (a, b) in (0..d).flat_map(|a| (0..d).map(move |b| (a, b))) {
                square += rest(a, j) * score.covariance[a + d * b] * rest(b, j);
            }
            value += 0.5 * (square / scale + scale);
        }
        value
    }

    #[test]
    fn the_profiled_scales_are_the_best() {
        for noise in [Noise::Equal, Noise::Unequal] {
            let mut score = fixture(noise, 1.0, 1.0);
            score.stages[0].mu = 1e9; // no barrier to speak of
            let scales = score.report(&WEIGHTS).extra[0].1.clone();
            let each = |scales: &[f64]| scales.repeat(3 / scales.len());
            let best = plain(&score, &WEIGHTS, &each(&scales));
            let value = score.value(&WEIGHTS, &mut Workspace::default());
            assert_close(&[value], &[best], 1e-12);
            for factor in [0.9, 1.1] {
                for k in 0..scales.len() {
                    let mut other = scales.clone();
                    other[k] *= factor;
                    assert!(plain(&score, &WEIGHTS, &each(&other)) > best);
                }
            }
        }
    }

    #[test]
    fn scales_do_not_fall_below_their_floor_and_the_gradient_follows() {
        let mut score = fixture(Noise::Unequal, 1.0, 1.0);
        score.floor = vec![5.0, 1e-3, 5.0];
        let scales = score.report(&WEIGHTS).extra[0].1.clone();
        assert_eq!([scales[0], scales[2]], [5.0, 5.0]);
        let (mut work, mut grad) = (Workspace::default(), [0.0; 9]);
        score.value_gradient(&WEIGHTS, &mut grad, &mut work);
        for k in [1, 2, 3, 5, 6, 7] {
            let mut at = |by: f64| {
                let mut weights = WEIGHTS;
                weights[k] += by;
                score.value(&weights, &mut work)
            };
            let slope = (at(1e-6) - at(-1e-6)) / 2e-6;
            assert!((slope - grad[k]).abs() < 1e-8, "entry {k}: {slope}, {}", grad[k]);
        }
    }

    fn samples(n: usize, weights: Option<Vec<f64>>) -> Samples {
        Samples::new(Response::None { samples: n }, weights).unwrap()
    }

    fn bound(columns: Vec<f64>, samples: &Samples) -> Result<Box<dyn Objective>, Error> {
        let n = samples.len();
        let d = columns.len() / n;
        let design = Design::new(Matrix::Dense(DenseMatrix::new(n, d, columns).unwrap()));
        match Colide::new(Parameters::default()).unwrap().bind(samples, &design)? {
            Bound::Direct(objective) => Ok(objective),
            Bound::Eta(_) => panic!("a graph has no linear predictor"),
        }
    }

    #[test]
    fn a_weight_is_a_repetition_and_a_shift_of_columns_moves_intercepts_only() {
        let columns = Random::new(3).normals(15, 1.0);
        let rows = [0, 1, 1, 2, 3, 4, 4, 4];
        let weights = vec![1.0, 2.0, 1.0, 1.0, 3.0];
        let repeated = columns.chunks(5).flat_map(|c| rows.map(|i| c[i])).collect();
        let whole = bound(repeated, &samples(8, None)).unwrap();
        let weighted = bound(columns.clone(), &samples(5, Some(weights.clone()))).unwrap();
        let shifted = columns.iter().map(|x| x + 7.0).collect();
        let shifted = bound(shifted, &samples(5, Some(weights))).unwrap();
        let value = |o: &dyn Objective| o.value(&WEIGHTS, &mut Workspace::default());
        assert_close(&[value(&*weighted), value(&*shifted)], &[value(&*whole); 2], 1e-12);
        let intercepts = |o: &dyn Objective| o.report(&WEIGHTS).intercept.unwrap();
        assert_close(&intercepts(&*weighted), &intercepts(&*whole), 1e-13);
        let moved: Vec<f64> = intercepts(&*weighted)
            .iter()
            .zip(WEIGHTS.chunks(3))
            .map(|(b0, column)| b0 + 7.0 * (1.0 - column.iter().sum::<f64>()))
            .collect();
        assert_close(&intercepts(&*shifted), &moved, 1e-12);
    }

    #[test]
    fn what_is_no_graph_is_refused() {
        let error = bound(vec![1.0, 2.0, 3.0, 4.0, 4.0, 4.0], &samples(3, None)).unwrap_err();
        assert!(error.to_string().contains("feature 2 is constant"), "{error}");
        let x = DenseMatrix::new(3, 1, vec![1.0, 2.0, 6.0]).unwrap();
        let scaled = Design::standardized(Matrix::Dense(x), None);
        let loss = Colide::new(Parameters::default()).unwrap();
        let error = loss.bind(&samples(3, None), &scaled).err().expect("scaled columns");
        assert!(error.to_string().contains("standardize = false"), "{error}");
        let with = |mu: &[f64], s: &[f64]| {
            let (mu, s) = (mu.to_vec(), s.to_vec());
            Colide::new(Parameters { mu, s, ..Parameters::default() }).unwrap_err().to_string()
        };
        assert_eq!(with(&[1.0, 1.0], &[1.0, 1.0]), "`mu[1]` must be less than 1, got 1");
        assert!(with(&[1.0], &[1.0, 0.9]).contains("length 2, expected 1"));
        assert!(with(&[], &[]).contains("at least one number"));
        assert!(with(&[1.0], &[0.0]).contains("greater than 0"));
    }
}
