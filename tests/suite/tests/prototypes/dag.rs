//! An objective with no linear predictor: a directed acyclic graph over the columns of the data,
//! least squares with an estimated noise scale under a log-det acyclicity barrier.

use fenchel_core::{
    Bound, Certifier, Design, Error, Loss, Objective, OwnReport, Penalty, Problem, ResponseKind,
    Samples, Shape, Smooth, Workspace,
};
use fenchel_laws::Random;
use nalgebra::DMatrix;

use crate::tools::{L1, assert_close, dense, proximal_gradient};

/// `mu (sum_j [(I - W)' C (I - W)]_jj / (2 sigma) + d sigma / 2) + d log s - log det(s I - W o W)`,
/// `+inf` unless `sigma > 0` and `s I - W o W` is an M-matrix; W is d x d, `W_ij` the edge from i
/// to j, and d is a feature count twice: p = K = d.
/// Source: Saboksayr, Mateos & Tepper (2024), ICLR, eq. 4; Bello et al. (2022), theorem 1.
#[derive(Debug)]
struct Dag {
    mu: f64,
    s: f64,
}

#[derive(Debug)]
struct Graph {
    covariance: DMatrix<f64>,
    mu: f64,
    s: f64,
}

impl Loss for Dag {
    fn reads(&self) -> ResponseKind {
        ResponseKind::Nothing
    }
    fn reads_design(&self) -> bool {
        true
    }
    fn bind(&self, samples: &Samples, design: &Design) -> Result<Bound, Error> {
        let (n, d) = (design.samples(), design.features());
        Error::check_length("design rows", n, samples.len())?;
        let centred = Design::standardized(design.matrix().clone(), None);
        let mut x = DMatrix::zeros(n, d);
        for j in 0..d {
            centred.column_axpy(j, centred.scale(j), x.column_mut(j).as_mut_slice());
        }
        Ok(Bound::Direct(Box::new(Graph {
            covariance: x.transpose() * x / n as f64,
            mu: self.mu,
            s: self.s,
        })))
    }
}

impl Graph {
    fn weights(&self, params: &[f64]) -> DMatrix<f64> {
        let d = self.covariance.nrows();
        DMatrix::from_column_slice(d, d, &params[..d * d])
    }

    /// `(s I - W o W)^-1` with `d log s - log det` of what it inverts; `None` outside the domain.
    fn barrier(&self, w: &DMatrix<f64>) -> Option<(DMatrix<f64>, f64)> {
        let d = w.nrows();
        let m = DMatrix::identity(d, d) * self.s - w.component_mul(w);
        let lu = m.clone().lu();
        let inverse = lu.try_inverse()?;
        // The inverse of a matrix with nonpositive off-diagonal is nonnegative iff it is an M-matrix.
        if inverse.iter().any(|x| !(x.is_finite() && *x >= -1e-12)) {
            return None;
        }
        let log_det: f64 = lu.u().diagonal().iter().map(|u| u.abs().ln()).sum();
        Some((inverse, d as f64 * self.s.ln() - log_det))
    }

    fn residuals(&self, w: &DMatrix<f64>) -> (DMatrix<f64>, f64) {
        let rest = DMatrix::identity(w.nrows(), w.nrows()) - w;
        let product = &self.covariance * &rest;
        let total = rest.dot(&product);
        (product, total)
    }
}

impl Objective for Graph {
    fn shape(&self) -> Shape {
        let d = self.covariance.nrows();
        Shape { features: d, outputs: d, intercepts: 0, own: 1 }
    }
    fn start(&self) -> Vec<f64> {
        let d = self.covariance.nrows();
        let mut start = vec![0.0; d * d];
        start.push((self.covariance.trace() / d as f64).sqrt());
        start
    }
    fn value(&self, params: &[f64], _work: &mut Workspace) -> f64 {
        let (w, sigma) = (self.weights(params), params[params.len() - 1]);
        match self.barrier(&w) {
            Some((_, barrier)) if sigma > 0.0 => {
                let score = self.residuals(&w).1 / sigma + w.nrows() as f64 * sigma;
                0.5 * self.mu * score + barrier
            }
            _ => f64::INFINITY,
        }
    }
    fn report(&self, params: &[f64]) -> OwnReport {
        let own = self.shape().split(params).2;
        OwnReport { intercept: None, extra: vec![("noise_scale".into(), own.to_vec())] }
    }
    fn as_smooth(&self) -> Option<&dyn Smooth> {
        Some(self)
    }
}

impl Smooth for Graph {
    fn value_gradient(&self, params: &[f64], grad: &mut [f64], work: &mut Workspace) -> f64 {
        let value = self.value(params, work);
        let (w, sigma) = (self.weights(params), params[params.len() - 1]);
        if let (true, Some((inverse, _))) = (value.is_finite(), self.barrier(&w)) {
            let (product, total) = self.residuals(&w);
            let in_w = product * (-self.mu / sigma) + w.component_mul(&inverse.transpose()) * 2.0;
            let d = w.nrows();
            grad[..d * d].copy_from_slice(in_w.as_slice());
            grad[d * d] = 0.5 * self.mu * (d as f64 - total / (sigma * sigma));
        }
        value
    }
    fn lipschitz(&self) -> Option<f64> {
        None
    }
}

fn fixture(mu: f64, s: f64) -> (Graph, Vec<f64>) {
    let c = [2.0, 0.5, 0.2, 0.5, 1.5, -0.3, 0.2, -0.3, 1.0];
    let graph = Graph { covariance: DMatrix::from_row_slice(3, 3, &c), mu, s };
    // W_12 = 0.3, W_23 = -0.4, W_31 = 0.1, column by column, then the best sigma.
    (graph, vec![0.0, 0.0, 0.1, 0.3, 0.0, 0.0, 0.0, -0.4, 0.0, 1.2041594578792296])
}

#[test]
fn a_graph_obeys_the_laws_of_an_objective() {
    fenchel_laws::loss::assert_laws(&Dag { mu: 1.0, s: 1.0 });
}

#[test]
fn value_and_gradient_are_those_of_the_fixture() {
    for (s, h) in [(0.9, 1.9755037598823133e-4), (1.0, 1.440103689954685e-4)] {
        let (graph, params) = fixture(0.0, s);
        let got = graph.value(&params, &mut Workspace::default());
        assert!((got - h).abs() < 1e-15, "s {s}: {got}");
    }
    let (graph, params) = fixture(0.1, 0.9);
    let mut gradient = vec![0.0; 10];
    let value = graph.value_gradient(&params, &mut gradient, &mut Workspace::default());
    let penalty = L1(0.1 * 0.05);
    assert_close(&[value + penalty.value(&params[..9])], &[0.3654453877397571], 1e-14);
    // The fixture's gradient has the l1 term in it, which is 0.005 at W_12 and 0 at zeros.
    let row = [gradient[0], gradient[3] + 0.005, gradient[6]];
    assert_close(&row, &[-0.1644300501, 0.0146216806, -0.0332181919], 1e-10);
    assert!(gradient[9].abs() < 1e-14, "sigma is at its best");
}

#[test]
fn the_barrier_is_zero_on_acyclic_graphs_and_infinite_beyond_its_domain() {
    let (graph, mut params) = fixture(0.0, 1.0);
    params[2] = 0.0; // W_31: the cycle is cut
    assert!(graph.value(&params, &mut Workspace::default()).abs() < 1e-15);
    params[..9].fill(0.9);
    assert_eq!(graph.value(&params, &mut Workspace::default()), f64::INFINITY);
}

#[test]
fn a_chain_is_recovered_by_proximal_gradient_along_the_central_path() {
    // x1 -> x2 -> x4, x1 -> x3, equal noise.
    let (n, edges) = (800, [(0, 1, 1.2), (1, 3, -1.5), (0, 2, 0.9)]);
    let mut columns: Vec<Vec<f64>> = (0..4).map(|j| Random::new(71 + j).normals(n, 1.0)).collect();
    for (from, to, weight) in edges {
        let parent = columns[from].clone();
        columns[to].iter_mut().zip(&parent).for_each(|(x, z)| *x += weight * z);
    }
    let design = dense(n, 4, columns.concat());
    let samples = Samples::new(fenchel_core::Response::None { samples: n }, None).unwrap();
    let mut params: Option<Vec<f64>> = None;
    for (mu, s) in [(1.0, 1.0), (0.1, 0.9), (0.01, 0.8)] {
        let Bound::Direct(graph) = (Dag { mu, s }).bind(&samples, &design).unwrap() else {
            panic!("an objective of its own")
        };
        let penalty = L1(0.05 * mu);
        let problem =
            Problem { objective: &*graph, penalty: &penalty, baseline: Default::default() };
        let start = params.take().unwrap_or_else(|| graph.start());
        let best = proximal_gradient(&problem, start, 20_000);
        let residual = Certifier::default().prox_residual(&problem, &best).unwrap();
        assert!(residual.value < 1e-4 * mu, "mu {mu}: {residual:?}");
        params = Some(best);
    }
    let best = params.unwrap();
    for (i, j) in (0..4).flat_map(|i| (0..4).map(move |j| (i, j))) {
        let truth = edges.iter().find(|e| (e.0, e.1) == (i, j)).map_or(0.0, |e| e.2);
        let got = best[i + 4 * j];
        assert!((got - truth).abs() < 0.15, "edge {i} -> {j}: {got} for {truth}");
    }
    assert!((best[16] - 1.0).abs() < 0.1, "noise scale {}", best[16]);
}
