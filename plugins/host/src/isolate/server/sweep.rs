//! Epochs of descent on the columns that the parent has sent.

use std::collections::HashMap;

use fenchel_core::{
    Column, DenseMatrix, Design, Groups, Matrix, Penalty, Rows, SparseMatrix, Sweep, SweepReport,
};

use crate::isolate::words::{Garbled, Reader};

/// The designs that the parent works on.
#[derive(Debug, Default)]
pub(super) struct Designs(HashMap<usize, Held>);

/// Columns of a design, and an epoch's other inputs as they were last.
#[derive(Debug)]
struct Held {
    design: Design,
    /// All coefficients, p x K; only those of the working set mean something.
    beta: Vec<f64>,
    curvature: Vec<f64>,
    scratch: Vec<f64>,
    setup: Setup,
}

#[derive(Debug, Default)]
struct Setup {
    working: Vec<usize>,
    columns: Vec<usize>,
    offsets: Vec<usize>,
    lipschitz: Vec<f64>,
    sums: Vec<f64>,
    total: Vec<f64>,
}

impl Designs {
    /// One epoch, on the point in the message.
    pub fn sweep(
        &mut self,
        penalty: &dyn Penalty,
        by_blocks: bool,
        from: &mut Reader<'_>,
    ) -> Result<SweepReport, Garbled> {
        for id in from.sizes()? {
            self.0.remove(&id);
        }
        let (id, samples, coefficients, sparse) =
            (from.size()?, from.size()?, from.size()?, from.flag()?);
        let held = match self.0.entry(id) {
            std::collections::hash_map::Entry::Occupied(held) => held.into_mut(),
            std::collections::hash_map::Entry::Vacant(room) => {
                room.insert(Held::new(samples, coefficients, sparse)?)
            }
        };
        held.read_columns(sparse, from)?;
        if from.flag()? {
            held.setup = Setup {
                working: from.sizes()?,
                columns: from.sizes()?,
                offsets: from.sizes()?,
                lipschitz: from.numbers()?.to_vec(),
                sums: from.numbers()?.to_vec(),
                total: from.numbers()?.to_vec(),
            };
        }
        held.sweep(penalty, by_blocks, from)
    }
}

impl Held {
    fn new(samples: usize, coefficients: usize, sparse: bool) -> Result<Self, Garbled> {
        let none = Vec::new;
        let matrix = if sparse {
            SparseMatrix::new(samples, 0, vec![0], none(), Vec::new()).map(Matrix::Sparse)
        } else {
            DenseMatrix::new(samples, 0, Vec::new()).map(Matrix::Dense)
        };
        Ok(Self {
            design: Design::new(matrix.map_err(|_| Garbled)?),
            beta: vec![0.0; coefficients],
            curvature: Vec::new(),
            scratch: Vec::new(),
            setup: Setup::default(),
        })
    }

    fn read_columns(&mut self, sparse: bool, from: &mut Reader<'_>) -> Result<(), Garbled> {
        let new = from.list(|from| {
            let (centre, scale) = (from.number()?, from.number()?);
            let indices = if sparse { from.small()? } else { Vec::new() };
            Ok((centre, scale, indices, from.numbers()?))
        })?;
        if new.is_empty() {
            return Ok(());
        }
        let columns = new.iter().map(|(centre, scale, indices, values)| {
            let column = if sparse {
                Column::Sparse(Rows::Wide(indices), values)
            } else {
                Column::Dense(values)
            };
            (column, *centre, *scale)
        });
        self.design.append(columns).map_err(|_| Garbled)
    }

    fn sweep(
        &mut self,
        penalty: &dyn Penalty,
        by_blocks: bool,
        from: &mut Reader<'_>,
    ) -> Result<SweepReport, Garbled> {
        let curved = match from.word()? {
            0 => false,
            1 => true,
            2 => {
                self.curvature.clear();
                self.curvature.extend_from_slice(from.numbers()?);
                true
            }
            _ => return Err(Garbled),
        };
        let (uniform, intercept) = (from.number()?, from.flag()?);
        let (residual, beta) = (from.numbers()?, from.numbers()?);
        let (shift, weighted_sum, intercepts) = (from.numbers()?, from.numbers()?, from.numbers()?);
        let groups = if by_blocks {
            let groups = penalty.as_blocks().ok_or(Garbled)?.groups();
            self.scratch.resize(5 * groups.largest() * self.setup.total.len(), 0.0);
            Some(groups)
        } else {
            None
        };
        let mut at = beta.iter();
        visit(&self.setup.working, groups, &mut self.beta, |b| {
            *b = at.next().copied().unwrap_or(f64::NAN);
        })?;
        let mut sweep = Sweep {
            design: &self.design,
            columns: Some(&self.setup.columns),
            copies: None,
            curvature: curved.then_some(&self.curvature),
            uniform,
            intercept,
            beta: &mut self.beta,
            intercepts,
            residual,
            shift,
            weighted_sum,
            total: &self.setup.total,
            stored_sums: &self.setup.sums,
            working: &self.setup.working,
            lipschitz: &self.setup.lipschitz,
            offsets: &self.setup.offsets,
            grams: None,
            scratch: &mut self.scratch,
        };
        let report = if by_blocks {
            penalty.as_blocks().ok_or(Garbled)?.sweep_blocks(&mut sweep)
        } else {
            penalty.as_separable().ok_or(Garbled)?.sweep(&mut sweep)
        };
        let mut at = beta.iter_mut();
        visit(&self.setup.working, groups, &mut self.beta, |b| {
            if let Some(out) = at.next() {
                *out = *b;
            }
        })?;
        Ok(report)
    }
}

/// Visits the coefficients of the working set, in the order of the message.
fn visit(
    working: &[usize],
    groups: Option<&Groups>,
    beta: &mut [f64],
    mut visit: impl FnMut(&mut f64),
) -> Result<(), Garbled> {
    match groups {
        None => {
            for &j in working {
                visit(beta.get_mut(j).ok_or(Garbled)?);
            }
        }
        Some(groups) => {
            let p = groups.features().max(1);
            for &g in working {
                if g >= groups.len() {
                    return Err(Garbled);
                }
                for beta in beta.chunks_mut(p) {
                    groups.members(g).iter().for_each(|&j| visit(&mut beta[j]));
                }
            }
        }
    }
    Ok(())
}
