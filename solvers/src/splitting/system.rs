//! The least-squares system that ADMM solves in every iteration, factorised once:
//! `(A'A / n + sum_k D_k'D_k + eps I) x = right` with `A = [X 1]` in every output.

use faer::linalg::solvers::{Llt, Solve};
use faer::{Mat, MatMut, Side};
use fenchel_core::{LinearModel, Shape, Term};

/// Weight of the proximal term that keeps the system definite where data and operators do not.
const PROXIMAL: f64 = 1e-10;

/// A factorised system in the coefficients and intercepts.
#[derive(Debug)]
pub(crate) struct System {
    factor: Llt<f64>,
    /// What the proximal term weighs.
    pub proximal: f64,
}

impl System {
    /// Forms and factorises. `None` where the matrix is not finite.
    pub fn new(model: &LinearModel, terms: &[Term<'_>], shape: Shape) -> Option<Self> {
        let (n, p) = (model.fit.samples(), shape.features);
        let (size, coefficients) = (shape.len(), shape.coefficients());
        let mut matrix = Mat::<f64>::zeros(size, size);
        let mut column = vec![0.0; n];
        let mut products = vec![0.0; p];
        for j in 0..p {
            column.fill(0.0);
            model.design.column_axpy(j, 1.0 / n as f64, &mut column);
            model.design.mul_t(&column, &mut products);
            let sum: f64 = column.iter().sum();
            for k in 0..shape.outputs {
                for (i, x) in products.iter().enumerate() {
                    matrix[(k * p + i, k * p + j)] += x;
                }
                if shape.intercepts > 0 {
                    matrix[(coefficients + k, k * p + j)] += sum;
                    matrix[(k * p + j, coefficients + k)] += sum;
                }
            }
        }
        for k in 0..shape.intercepts {
            matrix[(coefficients + k, coefficients + k)] += 1.0;
        }
        let (mut unit, mut back) = (vec![0.0; coefficients], vec![0.0; coefficients]);
        for term in terms {
            let mut image = vec![0.0; term.operator.map_or(0, |d| d.rows())];
            for j in 0..coefficients {
                match term.operator {
                    None => matrix[(j, j)] += 1.0,
                    Some(d) => {
                        unit[j] = 1.0;
                        d.mul(&unit, &mut image);
                        d.mul_t(&image, &mut back);
                        unit[j] = 0.0;
                        for (i, x) in back.iter().enumerate() {
                            matrix[(i, j)] += x;
                        }
                    }
                }
            }
        }
        let trace: f64 = (0..size).map(|j| matrix[(j, j)]).sum();
        let proximal = (PROXIMAL * trace / size.max(1) as f64).max(f64::MIN_POSITIVE);
        for j in 0..size {
            matrix[(j, j)] += proximal;
        }
        let factor = matrix.llt(Side::Lower).ok()?;
        Some(Self { factor, proximal })
    }

    /// Solves in place.
    pub fn solve(&self, right: &mut [f64]) {
        let size = right.len();
        self.factor.solve_in_place(MatMut::from_column_major_slice_mut(right, size, 1));
    }
}
