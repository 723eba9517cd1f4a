//! An objective over the factors of a low-rank matrix: B = [U; V] stacks both, p = rows + cols,
//! K = rank. It is not convex, zero is a saddle, and yet with a ridge on the factors its minimum is
//! that of a convex problem, which is known in closed form.

use fenchel_core::{
    Bound, Certifier, Convexity, Design, Error, Lineality, Loss, Objective, Penalty, Problem, Prox,
    Response, ResponseKind, Samples, Separable, Shape, Smooth, Workspace,
};
use fenchel_laws::Random;
use nalgebra::DMatrix;

use crate::tools::{dense, proximal_gradient, total};

/// `1/2 ||M - U V'||_F^2` with the design matrix as M.
#[derive(Debug)]
struct Factorization {
    rank: usize,
}

#[derive(Debug)]
struct Factors {
    target: DMatrix<f64>,
    rank: usize,
}

impl Loss for Factorization {
    fn reads(&self) -> ResponseKind {
        ResponseKind::Nothing
    }
    fn reads_design(&self) -> bool {
        true
    }
    fn bind(&self, _samples: &Samples, design: &Design) -> Result<Bound, Error> {
        let (n, p) = (design.samples(), design.features());
        let mut target = DMatrix::zeros(n, p);
        for j in 0..p {
            design.column_axpy(j, 1.0, target.column_mut(j).as_mut_slice());
        }
        Ok(Bound::Direct(Box::new(Factors { target, rank: self.rank })))
    }
}

impl Factors {
    fn split(&self, params: &[f64]) -> (DMatrix<f64>, DMatrix<f64>) {
        let (n, p) = self.target.shape();
        let stacked = DMatrix::from_column_slice(n + p, self.rank, params);
        (stacked.rows(0, n).into_owned(), stacked.rows(n, p).into_owned())
    }
}

impl Objective for Factors {
    fn shape(&self) -> Shape {
        let (n, p) = self.target.shape();
        Shape { features: n + p, outputs: self.rank, intercepts: 0, own: 0 }
    }
    fn start(&self) -> Vec<f64> {
        vec![0.0; self.shape().len()]
    }
    fn value(&self, params: &[f64], _work: &mut Workspace) -> f64 {
        let (u, v) = self.split(params);
        0.5 * (u * v.transpose() - &self.target).norm_squared()
    }
    fn as_smooth(&self) -> Option<&dyn Smooth> {
        Some(self)
    }
}

impl Smooth for Factors {
    fn value_gradient(&self, params: &[f64], grad: &mut [f64], _work: &mut Workspace) -> f64 {
        let (u, v) = self.split(params);
        let residual = &u * v.transpose() - &self.target;
        let (n, p) = self.target.shape();
        let mut stacked = DMatrix::zeros(n + p, self.rank);
        stacked.rows_mut(0, n).copy_from(&(&residual * &v));
        stacked.rows_mut(n, p).copy_from(&(residual.transpose() * &u));
        grad.copy_from_slice(stacked.as_slice());
        0.5 * residual.norm_squared()
    }
    fn lipschitz(&self) -> Option<f64> {
        None
    }
}

/// `lambda/2 ||B||^2`.
#[derive(Debug)]
struct Ridge(f64);

impl Penalty for Ridge {
    fn value(&self, beta: &[f64]) -> f64 {
        0.5 * self.0 * beta.iter().map(|b| b * b).sum::<f64>()
    }
    fn scaled(&self, scale: f64) -> Box<dyn Penalty> {
        Box::new(Self(scale * self.0))
    }
    fn convexity(&self) -> Convexity {
        Convexity::Convex
    }
    fn lineality(&self) -> Lineality {
        Lineality::Trivial
    }
    fn as_prox(&self) -> Option<&dyn Prox> {
        Some(self)
    }
}

impl Separable for Ridge {
    fn value_at(&self, _j: usize, b: f64) -> f64 {
        0.5 * self.0 * b * b
    }
    fn prox_at(&self, _j: usize, v: f64, step: f64) -> f64 {
        v / (1.0 + step * self.0)
    }
    fn subdiff_dist_at(&self, _j: usize, b: f64, grad: f64) -> f64 {
        (grad + self.0 * b).abs()
    }
}

#[test]
fn a_factorization_obeys_the_laws_of_an_objective() {
    fenchel_laws::loss::assert_laws(&Factorization { rank: 2 });
}

#[test]
fn with_a_ridge_the_factors_reach_the_minimum_of_the_nuclear_norm() {
    let (n, p, rank, lambda) = (7, 5, 3, 0.8);
    let design = dense(n, p, Random::new(81).normals(n * p, 1.0));
    let samples = Samples::new(Response::None { samples: n }, None).unwrap();
    let Bound::Direct(factors) = (Factorization { rank }).bind(&samples, &design).unwrap() else {
        panic!("an objective of its own")
    };
    let penalty = Ridge(lambda);
    let problem = Problem { objective: &*factors, penalty: &penalty, baseline: Default::default() };

    // Zero is stationary without being a minimum, so the solver is started beside it.
    let zero = factors.start();
    let mut certifier = Certifier::default();
    assert_eq!(certifier.prox_residual(&problem, &zero).unwrap().value, 0.0);
    let start = Random::new(82).normals(zero.len(), 0.1);
    let best = proximal_gradient(&problem, start, 5000);
    assert!(certifier.prox_residual(&problem, &best).unwrap().value < 1e-7);

    // min over factors of rank r = the best of soft-thresholded singular values, the r largest:
    // (||U||^2 + ||V||^2) / 2 >= ||U V'||_*, with equality for balanced factors.
    let Bound::Direct(wide) = (Factorization { rank: p }).bind(&samples, &design).unwrap() else {
        panic!("an objective of its own")
    };
    let sigma =
        DMatrix::from_column_slice(n, p, design_values(&design).as_slice()).singular_values();
    let least = |rank: usize| {
        let kept = |(i, s): (usize, &f64)| match (s - lambda).max(0.0) {
            t if i < rank => 0.5 * (s - t) * (s - t) + lambda * t,
            _ => 0.5 * s * s,
        };
        sigma.iter().enumerate().map(kept).sum::<f64>()
    };
    assert!((total(&problem, &best) - least(rank)).abs() < 1e-9);
    let problem = Problem { objective: &*wide, penalty: &penalty, baseline: Default::default() };
    let start = Random::new(83).normals(wide.shape().len(), 0.1);
    let best = proximal_gradient(&problem, start, 20_000);
    assert!((total(&problem, &best) - least(p)).abs() < 1e-8);
}

fn design_values(design: &Design) -> Vec<f64> {
    let mut values = Vec::new();
    for j in 0..design.features() {
        let mut column = vec![0.0; design.samples()];
        design.column_axpy(j, 1.0, &mut column);
        values.extend(column);
    }
    values
}
