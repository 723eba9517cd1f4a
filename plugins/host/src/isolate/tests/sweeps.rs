//! An epoch in the child is the epoch in this process, to the bit.

use fenchel_core::{
    DenseMatrix, Design, Matrix, Penalty, Space, SparseMatrix, Sweep, SweepReport, kernels,
};

use super::{Served, here, numbers};

fn dense(seed: u64, n: usize, p: usize) -> Matrix {
    Matrix::Dense(DenseMatrix::new(n, p, numbers(seed, n * p)).unwrap())
}

fn sparse(seed: u64, n: usize, p: usize) -> Matrix {
    let (mut starts, mut indices, mut values) = (vec![0], Vec::new(), Vec::new());
    for (i, x) in numbers(seed, n * p).into_iter().enumerate() {
        if x > 0.6 {
            indices.push((i % n) as u32);
            values.push(x);
        }
        if i % n == n - 1 {
            starts.push(indices.len());
        }
    }
    Matrix::Sparse(SparseMatrix::new(n, p, starts, indices, values).unwrap())
}

/// The point of a model, and what an epoch over a working set needs.
#[derive(Debug, Clone, PartialEq)]
struct Point {
    beta: Vec<f64>,
    intercepts: Vec<f64>,
    residual: Vec<f64>,
    shift: Vec<f64>,
    weighted_sum: Vec<f64>,
}

struct Model {
    design: Design,
    curvature: Option<Vec<f64>>,
    outputs: usize,
}

impl Model {
    fn h(&self, i: usize, k: usize) -> f64 {
        self.curvature.as_ref().map_or(0.5, |h| h[i + k * self.design.samples()])
    }

    fn start(&self, seed: u64) -> Point {
        let (n, p, outputs) = (self.design.samples(), self.design.features(), self.outputs);
        let residual = numbers(seed, n * outputs);
        let sum = |k: usize| (0..n).map(|i| self.h(i, k) * residual[i + k * n]).sum();
        Point {
            beta: vec![0.0; p * outputs],
            intercepts: vec![0.0; outputs],
            weighted_sum: (0..outputs).map(sum).collect(),
            shift: vec![0.0; outputs],
            residual,
        }
    }

    /// One epoch over these coordinates, or blocks.
    fn epoch(&self, penalty: &dyn Penalty, working: &[usize], at: &mut Point) -> SweepReport {
        let (n, p, outputs) = (self.design.samples(), self.design.features(), self.outputs);
        let blocks = penalty.as_blocks();
        let (mut sums, mut lipschitz, mut offsets) = (Vec::new(), Vec::new(), Vec::new());
        for &unit in working {
            let features = match blocks {
                None => vec![unit],
                Some(blocks) => (0..outputs)
                    .flat_map(|k| blocks.groups().members(unit).iter().map(move |j| j + k * p))
                    .collect(),
            };
            offsets.push(sums.len());
            let mut bound = 0.0;
            for flat in features {
                let (j, k) = (flat % p, flat / p);
                let mut x = vec![0.0; n];
                self.design.stored_column(j).axpy(1.0, &mut x);
                let h: Vec<f64> = (0..n).map(|i| self.h(i, k)).collect();
                sums.push(kernels::dot(&x, &h));
                bound += self.design.column_square(j, Some(&h));
            }
            lipschitz.push(bound);
        }
        let total: Vec<f64> = (0..outputs).map(|k| (0..n).map(|i| self.h(i, k)).sum()).collect();
        let largest = blocks.map_or(0, |blocks| blocks.groups().largest());
        let mut sweep = Sweep {
            design: &self.design,
            columns: None,
            copies: None,
            curvature: self.curvature.as_deref(),
            uniform: 0.5,
            intercept: true,
            beta: &mut at.beta,
            intercepts: &mut at.intercepts,
            residual: &mut at.residual,
            shift: &mut at.shift,
            weighted_sum: &mut at.weighted_sum,
            total: &total,
            stored_sums: &sums,
            working,
            lipschitz: &lipschitz,
            offsets: if blocks.is_some() { &offsets } else { &[] },
            grams: None,
            scratch: &mut vec![0.0; 5 * largest * outputs],
        };
        match blocks {
            Some(blocks) => blocks.sweep_blocks(&mut sweep),
            None => penalty.as_separable().unwrap().sweep(&mut sweep),
        }
    }
}

/// Runs epochs over growing, shrinking and reordered working sets, here and there.
fn assert_same_epochs(served: &Served, table: &str, model: &Model, sets: &[Vec<usize>]) {
    let space = Space::numbered(model.design.features(), model.outputs);
    let (there, here) = (served.penalty(table, &space).unwrap(), here(table, &space));
    let mut a = model.start(7);
    let mut b = a.clone();
    let mut moved = 0.0f64;
    for set in sets {
        for _ in 0..3 {
            let reports = (model.epoch(&*there, set, &mut a), model.epoch(&*here, set, &mut b));
            assert_eq!(reports.0, reports.1);
            assert_eq!(a, b);
            moved = moved.max(reports.0.largest_step);
        }
    }
    assert!(moved > 0.0, "{table}: an epoch that tests nothing");
    assert_eq!(served.faults.first(), None);
}

fn models(n: usize, p: usize, outputs: usize) -> Vec<Model> {
    let curvature = numbers(3, n * outputs).iter().map(|h| 1.1 + h).collect::<Vec<_>>();
    let mut models = Vec::new();
    for matrix in [dense(1, n, p), sparse(2, n, p)] {
        for design in [Design::new(matrix.clone()), Design::standardized(matrix.clone(), None)] {
            for curvature in [None, Some(curvature.clone())] {
                models.push(Model { design: design.clone(), curvature, outputs });
            }
        }
    }
    models
}

#[test]
fn epochs_over_coordinates_are_the_same_to_the_bit() {
    let served = Served::start();
    for outputs in [1, 2] {
        let sets =
            [vec![3, 5, 8], vec![0, 3, 5, 8, 13, 19], vec![19, 0], (0..20 * outputs).collect()];
        for model in models(37, 20, outputs) {
            assert_same_epochs(&served, r#"{"type": "l1", "lambda": 0.9}"#, &model, &sets);
        }
    }
}

#[test]
fn epochs_over_blocks_are_the_same_to_the_bit() {
    let served = Served::start();
    for outputs in [1, 2] {
        let groups = "[[0, 7, 3], [1], [2, 4, 5, 6], [8, 9, 10, 11]]";
        let table = format!(r#"{{"type": "group_lasso", "lambda": 0.5, "groups": {groups}}}"#);
        let sets = [vec![2], vec![0, 2], vec![3, 1, 0], (0..4).collect()];
        for model in models(31, 12, outputs) {
            assert_same_epochs(&served, &table, &model, &sets);
        }
    }
}

#[test]
fn epochs_on_several_designs_in_turns_do_not_mix_them_up() {
    let served = Served::start();
    let space = Space::numbered(20, 1);
    let table = r#"{"type": "l1", "lambda": 0.9}"#;
    let (there, here) = (served.penalty(table, &space).unwrap(), here(table, &space));
    for round in 0..3 {
        // Those of the round before are gone, and their addresses may come again.
        let models = models(37, 20, 1);
        let mut points: Vec<(Point, Point)> =
            models.iter().map(|m| (m.start(round), m.start(round))).collect();
        for set in [vec![1, 4], vec![2, 4, 9]] {
            for (model, (a, b)) in models.iter().zip(&mut points) {
                model.epoch(&*there, &set, a);
                model.epoch(&*here, &set, b);
                assert_eq!(a, b);
            }
        }
    }
    assert_eq!(served.faults.first(), None);
}
