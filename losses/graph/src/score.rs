//! The objective that the loss binds to: a score of the weights with the noise scales profiled out,
//! and the barrier.

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use fenchel_core::{CentralPath, Objective, OwnReport, Shape, Smooth, Stage, Workspace, kernels};

use crate::barrier::{invert, shifted};
use crate::colide::Noise;
use crate::edges::{Pruning, acyclic};
use crate::refit::refitted;

/// `Sc(W) + h_s(W) / mu` at the last stage, see [`Colide`](crate::Colide).
#[derive(Debug)]
pub(crate) struct Score {
    /// Number of columns.
    pub d: usize,
    /// Of the centred columns, d x d.
    pub covariance: Vec<f64>,
    /// Means of the columns.
    pub means: Vec<f64>,
    /// One noise scale, or one a column.
    pub noise: Noise,
    /// The smallest noise scale of each column.
    pub floor: Vec<f64>,
    /// Whether the diagonal of W is read: by default no column is its own parent.
    pub self_loops: bool,
    /// From the widest domain to the objective itself.
    pub stages: Vec<Stage>,
    /// Size up to which a weight is no edge of the graph that is reported.
    pub threshold: f64,
    /// What is taken off the cycles of that graph.
    pub pruning: Pruning,
    /// Whether that graph has weights of its own, without the penalty.
    pub refit: bool,
}

/// Parts of a workspace, each d x d.
struct Buffers<'a> {
    /// `I - W`.
    rest: &'a mut [f64],
    /// `C (I - W)`.
    product: &'a mut [f64],
    /// `(s I - W o W)^-1`.
    inverse: &'a mut [f64],
    scratch: &'a mut [f64],
    /// One a column.
    scales: &'a mut [f64],
}

impl Score {
    fn buffers<'a>(&self, work: &'a mut Workspace) -> Buffers<'a> {
        let size = self.d * self.d;
        work.scratch.resize(4 * size + self.d, 0.0);
        let (rest, left) = work.scratch.split_at_mut(size);
        let (product, left) = left.split_at_mut(size);
        let (inverse, left) = left.split_at_mut(size);
        let (scratch, scales) = left.split_at_mut(size);
        Buffers { rest, product, inverse, scratch, scales }
    }

    fn last(&self) -> &Stage {
        self.stages.last().expect("`Colide::new` checked that there is a stage")
    }

    /// `mu Sc + h_s`, with everything that its gradient is made of left in the buffers.
    fn evaluate(&self, stage: &Stage, weights: &[f64], at: &mut Buffers<'_>) -> f64 {
        let d = self.d;
        at.rest.iter_mut().zip(weights).for_each(|(rest, w)| *rest = -w);
        let own = |j: usize| if self.self_loops { weights[j * (d + 1)] } else { 0.0 };
        (0..d).for_each(|j| at.rest[j * (d + 1)] = 1.0 - own(j));
        matmul(
            MatMut::from_column_major_slice_mut(at.product, d, d),
            Accum::Replace,
            MatRef::from_column_major_slice(&self.covariance, d, d),
            MatRef::from_column_major_slice(at.rest, d, d),
            1.0,
            Par::Seq,
        );
        let score = self.score(at);
        shifted(weights, d, stage.shift, at.inverse);
        (0..d).for_each(|j| at.inverse[j * (d + 1)] -= own(j) * own(j));
        let barrier = invert(at.inverse, d, stage.shift, at.scratch);
        let value = barrier.map_or(f64::INFINITY, |barrier| stage.mu * score + barrier);
        if value.is_finite() { value } else { f64::INFINITY }
    }

    /// The score at the best noise scales, which are left in the buffers.
    fn score(&self, at: &mut Buffers<'_>) -> f64 {
        let columns = at.rest.chunks(self.d).zip(at.product.chunks(self.d));
        for (scale, (rest, product)) in at.scales.iter_mut().zip(columns) {
            *scale = kernels::dot(rest, product).max(0.0);
        }
        if self.noise == Noise::Equal {
            let mean = kernels::sum(at.scales) / self.d as f64;
            at.scales.fill(mean);
        }
        let mut score = 0.0;
        for (scale, floor) in at.scales.iter_mut().zip(&self.floor) {
            let variance = *scale;
            *scale = variance.sqrt().max(*floor);
            score += 0.5 * (variance / *scale + *scale);
        }
        score
    }

    fn weights<'a>(&self, params: &'a [f64]) -> &'a [f64] {
        &params[..self.d * self.d]
    }
}

impl Objective for Score {
    fn shape(&self) -> Shape {
        Shape { features: self.d, outputs: self.d, intercepts: 0, own: 0 }
    }
    fn start(&self) -> Vec<f64> {
        vec![0.0; self.d * self.d]
    }
    fn value(&self, params: &[f64], work: &mut Workspace) -> f64 {
        let stage = self.last();
        self.evaluate(stage, self.weights(params), &mut self.buffers(work)) / stage.mu
    }
    /// The intercepts of every column given its parents, the noise scales, how far the weights are
    /// from acyclic (`h_s`), and the edges of the graph without cycles that the weights make.
    fn report(&self, params: &[f64]) -> OwnReport {
        let (d, weights) = (self.d, self.weights(params));
        let mut work = Workspace::default();
        let mut at = self.buffers(&mut work);
        let barrier = self.evaluate(&Stage { mu: 0.0, ..*self.last() }, weights, &mut at);
        let mut scales = at.scales.to_vec();
        if self.noise == Noise::Equal {
            scales.truncate(1);
        }
        let intercept = at.rest.chunks(d).map(|rest| kernels::dot(rest, &self.means)).collect();
        let edges = if self.refit {
            refitted(weights, &self.covariance, d, self.threshold, self.pruning)
        } else {
            acyclic(weights, d, self.threshold, self.pruning)
        };
        let extra = vec![
            ("noise_scale".into(), scales),
            ("acyclicity".into(), vec![barrier]),
            ("edge_from".into(), edges.iter().map(|e| e.from as f64).collect()),
            ("edge_to".into(), edges.iter().map(|e| e.to as f64).collect()),
            ("edge_weight".into(), edges.iter().map(|e| e.weight).collect()),
        ];
        OwnReport { intercept: Some(intercept), extra }
    }
    fn as_smooth(&self) -> Option<&dyn Smooth> {
        Some(self)
    }
    fn as_central_path(&self) -> Option<&dyn CentralPath> {
        Some(self)
    }
}

impl Smooth for Score {
    fn value_gradient(&self, params: &[f64], grad: &mut [f64], work: &mut Workspace) -> f64 {
        let stage = self.last();
        let value = self.gradient_at(stage, params, grad, work);
        grad.iter_mut().for_each(|g| *g /= stage.mu);
        value / stage.mu
    }
    fn lipschitz(&self) -> Option<f64> {
        None
    }
}

impl CentralPath for Score {
    fn stages(&self) -> &[Stage] {
        &self.stages
    }

    fn gradient_at(
        &self,
        stage: &Stage,
        params: &[f64],
        grad: &mut [f64],
        work: &mut Workspace,
    ) -> f64 {
        let (d, weights, mut at) = (self.d, self.weights(params), self.buffers(work));
        let value = self.evaluate(stage, weights, &mut at);
        if !value.is_finite() {
            return f64::INFINITY;
        }
        for j in 0..d {
            let fit = -stage.mu / at.scales[j];
            for i in 0..d {
                let ij = i + d * j;
                grad[ij] = fit * at.product[ij] + 2.0 * weights[ij] * at.inverse[j + d * i];
            }
            if !self.self_loops {
                grad[j * (d + 1)] = 0.0;
            }
        }
        value
    }

    /// Of the least squares with the scales held fast, and of the barrier.
    fn metric(&self, params: &[f64], out: &mut [f64], work: &mut Workspace) {
        let (d, weights, stage) = (self.d, self.weights(params), self.last());
        let mut at = self.buffers(work);
        self.evaluate(stage, weights, &mut at);
        for j in 0..d {
            for i in 0..d {
                let ij = i + d * j;
                let back = at.inverse[j + d * i].abs();
                let slope = weights[ij] * back;
                let barrier = (2.0 * back + 4.0 * slope * slope) / stage.mu;
                out[ij] = self.covariance[i * (d + 1)] / at.scales[j] + barrier;
            }
        }
    }
}
