//! A network on data, as solvers see it: weights are the coefficients, biases are free.

use fenchel_core::{Design, FiniteSum, Layer, Objective, OwnReport, Shape, Smooth, Workspace};

use crate::output::Target;
use crate::pass::{CHUNK, Layers};
use crate::start;

#[derive(Debug)]
pub(crate) struct Net {
    pub layers: Layers,
    target: Target,
    /// The data, centred and scaled, sample by sample (p x n).
    x: Vec<f64>,
    centre: Vec<f64>,
    scale: Vec<f64>,
    seed: u64,
    /// `0 .. n`, of which stretches are the chunks of a whole pass.
    order: Vec<usize>,
}

impl Net {
    pub(crate) fn new(layers: Layers, target: Target, design: &Design, seed: u64) -> Self {
        let (n, p) = (design.samples(), design.features());
        let mut x = vec![0.0; n * p];
        let mut column = vec![0.0; n];
        for j in 0..p {
            column.fill(0.0);
            design.column_axpy(j, 1.0, &mut column);
            column.iter().enumerate().for_each(|(i, v)| x[i * p + j] = *v);
        }
        let centre = (0..p).map(|j| design.centre(j)).collect();
        let scale = (0..p).map(|j| design.scale(j)).collect();
        Self { layers, target, x, centre, scale, seed, order: (0..n).collect() }
    }

    fn load(&self, i: usize, units: &mut [f64]) {
        let p = self.scale.len();
        units.copy_from_slice(&self.x[i * p..(i + 1) * p]);
    }

    /// Weights and biases.
    fn split<'a>(&self, params: &'a [f64]) -> (&'a [f64], &'a [f64]) {
        params.split_at(self.layers.weights())
    }

    /// The sum of the terms of `samples`, times `factor`, and its gradient.
    fn gradient_over(
        &self,
        samples: &[usize],
        factor: f64,
        params: &[f64],
        grad: &mut [f64],
        work: &mut Workspace,
    ) -> f64 {
        grad.fill(0.0);
        work.scratch.resize(self.layers.scratch(), 0.0);
        let mut total = 0.0;
        for at in samples.chunks(CHUNK) {
            let (weights, biases) = grad.split_at_mut(self.layers.weights());
            self.layers.gradient(
                at,
                self.split(params),
                (weights, biases),
                &mut work.scratch,
                |i, units| self.load(i, units),
                |i, sums| total += self.target.term(i, sums),
            );
        }
        if factor != 1.0 {
            grad.iter_mut().for_each(|g| *g *= factor);
        }
        finite(factor * total)
    }
}

/// A value that is not a number is outside every domain.
fn finite(value: f64) -> f64 {
    if value.is_nan() { f64::INFINITY } else { value }
}

impl Objective for Net {
    fn shape(&self) -> Shape {
        let (features, own) = (self.layers.weights(), self.layers.biases());
        Shape { features, outputs: 1, intercepts: 0, own }
    }

    fn start(&self) -> Vec<f64> {
        vec![0.0; self.layers.weights() + self.layers.biases()]
    }

    fn value(&self, params: &[f64], work: &mut Workspace) -> f64 {
        work.scratch.resize(self.layers.scratch(), 0.0);
        let mut total = 0.0;
        for at in self.order.chunks(CHUNK) {
            self.layers.predict(
                at,
                self.split(params),
                &mut work.scratch,
                |i, units| self.load(i, units),
                |i, sums| total += self.target.term(i, sums),
            );
        }
        finite(total)
    }

    /// The biases for the data as they are; the numbers of units of every layer, and how many of those
    /// before the last have an effect.
    fn report(&self, params: &[f64]) -> OwnReport {
        let mut intercept = self.split(params).1.to_vec();
        let p = self.scale.len();
        let first = self.original_coefficients(params).unwrap_or_default();
        for (weights, bias) in
            first.chunks(p.max(1)).zip(&mut intercept).take(self.layers.layers[0].outputs)
        {
            *bias -= weights.iter().zip(&self.centre).map(|(w, c)| w * c).sum::<f64>();
        }
        let layers = &self.layers.layers;
        let mut units = vec![p as f64];
        units.extend(layers.iter().map(|layer| layer.outputs as f64));
        let active = active(layers, params);
        let extra = vec![("units".into(), units), ("active_units".into(), active)];
        OwnReport { intercept: Some(intercept), extra }
    }

    /// A network without hidden units is convex, and begins at zero.
    fn random_start(&self) -> Option<Vec<f64>> {
        let layers = &self.layers.layers;
        (layers.len() > 1).then(|| {
            let mut params = start::weights(layers, self.layers.activation.gain(), self.seed);
            params.resize(self.layers.weights() + self.layers.biases(), 0.0);
            params
        })
    }

    fn layers(&self) -> Vec<Layer> {
        self.layers.layers.clone()
    }

    fn original_coefficients(&self, params: &[f64]) -> Option<Vec<f64>> {
        let mut weights = self.split(params).0.to_vec();
        let first = self.layers.layers[0].len();
        for column in weights[..first].chunks_mut(self.scale.len().max(1)) {
            column.iter_mut().zip(&self.scale).for_each(|(w, scale)| *w /= scale);
        }
        Some(weights)
    }

    fn as_smooth(&self) -> Option<&dyn Smooth> {
        Some(self)
    }

    fn as_finite_sum(&self) -> Option<&dyn FiniteSum> {
        Some(self)
    }
}

/// Units of each layer but the last with a weight that leads away from them and, beyond the data, one
/// that leads to them.
fn active(layers: &[Layer], weights: &[f64]) -> Vec<f64> {
    let mut reached: Option<Vec<bool>> = None;
    let mut counts = Vec::new();
    for layer in layers {
        let own = layer.of(weights);
        let away = |i: usize| (0..layer.outputs).any(|o| own[i + o * layer.inputs] != 0.0);
        let here = |i: usize| reached.as_ref().is_none_or(|reached| reached[i]);
        counts.push((0..layer.inputs).filter(|&i| here(i) && away(i)).count() as f64);
        let columns = own.chunks(layer.inputs.max(1));
        reached = Some(columns.map(|column| column.iter().any(|w| *w != 0.0)).collect());
    }
    counts
}

impl Smooth for Net {
    fn value_gradient(&self, params: &[f64], grad: &mut [f64], work: &mut Workspace) -> f64 {
        self.gradient_over(&self.order, 1.0, params, grad, work)
    }

    fn lipschitz(&self) -> Option<f64> {
        None
    }
}

impl FiniteSum for Net {
    fn samples(&self) -> usize {
        self.target.samples()
    }

    fn batch_gradient(
        &self,
        batch: &[usize],
        params: &[f64],
        grad: &mut [f64],
        work: &mut Workspace,
    ) -> f64 {
        let factor = self.target.samples() as f64 / batch.len() as f64;
        self.gradient_over(batch, factor, params, grad, work)
    }
}
