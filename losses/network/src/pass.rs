//! Forward and backward through the layers, for some samples at a time. A sample is a column: its
//! units stand beside each other, so that a batch is gathered by copying.

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use fenchel_core::Layer;

use crate::activation::Activation;

/// Samples that pass at a time: their units stay in the cache.
pub(crate) const CHUNK: usize = 128;

/// The layers of a network, with the place of the biases: one a unit, layer after layer.
#[derive(Debug, Clone)]
pub(crate) struct Layers {
    pub layers: Vec<Layer>,
    pub activation: Activation,
}

impl Layers {
    pub(crate) fn new(units: &[usize], activation: Activation) -> Self {
        Self { layers: Layer::chain(units), activation }
    }

    pub(crate) fn weights(&self) -> usize {
        self.layers.iter().map(Layer::len).sum()
    }

    pub(crate) fn biases(&self) -> usize {
        self.layers.iter().map(|layer| layer.outputs).sum()
    }

    /// Units of all layers, data included, and those of the widest.
    fn units(&self) -> (usize, usize) {
        let first = self.layers.first().map_or(0, |layer| layer.inputs);
        let outputs = self.layers.iter().map(|layer| layer.outputs);
        (first + outputs.clone().sum::<usize>(), outputs.fold(first, usize::max))
    }

    /// Length of the buffer that a pass of a chunk needs.
    pub(crate) fn scratch(&self) -> usize {
        let (all, widest) = self.units();
        (all + 2 * widest) * CHUNK
    }

    /// The buffers of a pass of `m` samples: all units, and twice the widest layer.
    fn buffers<'a>(&self, m: usize, scratch: &'a mut [f64]) -> [&'a mut [f64]; 3] {
        let (all, widest) = self.units();
        let (units, rest) = scratch.split_at_mut(all * m);
        let (a, rest) = rest.split_at_mut(widest * m);
        [units, a, &mut rest[..widest * m]]
    }

    /// Writes the units of all layers from those of the data, which stand first; the last ones are
    /// sums.
    fn forward(&self, m: usize, weights: &[f64], biases: &[f64], units: &mut [f64]) {
        let mut rest = units;
        let mut bias = biases;
        for (l, layer) in self.layers.iter().enumerate() {
            let (from, to) = rest.split_at_mut(layer.inputs * m);
            let (own, others) = bias.split_at(layer.outputs);
            bias = others;
            let sums = &mut to[..layer.outputs * m];
            for column in sums.chunks_exact_mut(layer.outputs) {
                column.copy_from_slice(own);
            }
            matmul(
                MatMut::from_column_major_slice_mut(&mut *sums, layer.outputs, m),
                Accum::Add,
                matrix(layer, weights).transpose(),
                MatRef::from_column_major_slice(from, layer.inputs, m),
                1.0,
                Par::Seq,
            );
            if l + 1 < self.layers.len() {
                self.activation.apply(sums);
            }
            rest = to;
        }
    }

    /// The sums of the last layer, one column a sample: `visit(sample, sums)`. `load` writes the data
    /// of a sample; `at` are the samples, at most [`CHUNK`].
    pub(crate) fn predict(
        &self,
        at: &[usize],
        (weights, biases): (&[f64], &[f64]),
        scratch: &mut [f64],
        load: impl Fn(usize, &mut [f64]),
        mut visit: impl FnMut(usize, &mut [f64]),
    ) {
        let m = at.len();
        let [units, ..] = self.buffers(m, scratch);
        let first = self.layers[0].inputs;
        for (column, &i) in units.chunks_exact_mut(first.max(1)).zip(at) {
            load(i, column);
        }
        self.forward(m, weights, biases, units);
        let last = self.layers[self.layers.len() - 1].outputs;
        let begin = units.len() - last * m;
        units[begin..].chunks_exact_mut(last).zip(at).for_each(|(sums, &i)| visit(i, sums));
    }

    /// As [`Layers::predict`], where `visit` leaves the derivative in the sums; then adds the gradient.
    pub(crate) fn gradient(
        &self,
        at: &[usize],
        (weights, biases): (&[f64], &[f64]),
        (grad_weights, grad_biases): (&mut [f64], &mut [f64]),
        scratch: &mut [f64],
        load: impl Fn(usize, &mut [f64]),
        visit: impl FnMut(usize, &mut [f64]),
    ) {
        self.predict(at, (weights, biases), scratch, load, visit);
        let m = at.len();
        let [units, mut delta, mut next] = self.buffers(m, scratch);
        let last = self.layers[self.layers.len() - 1].outputs;
        let mut end = units.len() - last * m;
        delta[..last * m].copy_from_slice(&units[end..]);
        let mut bias_end = grad_biases.len();
        for layer in self.layers.iter().rev() {
            let from = &units[end - layer.inputs * m..end];
            end -= layer.inputs * m;
            let own = &delta[..layer.outputs * m];
            matmul(
                MatMut::from_column_major_slice_mut(
                    &mut grad_weights[layer.first..layer.first + layer.len()],
                    layer.inputs,
                    layer.outputs,
                ),
                Accum::Add,
                MatRef::from_column_major_slice(from, layer.inputs, m),
                MatRef::from_column_major_slice(own, layer.outputs, m).transpose(),
                1.0,
                Par::Seq,
            );
            let biases = &mut grad_biases[bias_end - layer.outputs..bias_end];
            bias_end -= layer.outputs;
            for column in own.chunks_exact(layer.outputs) {
                biases.iter_mut().zip(column).for_each(|(g, d)| *g += d);
            }
            if layer.first == 0 {
                break;
            }
            matmul(
                MatMut::from_column_major_slice_mut(&mut next[..layer.inputs * m], layer.inputs, m),
                Accum::Replace,
                matrix(layer, weights),
                MatRef::from_column_major_slice(own, layer.outputs, m),
                1.0,
                Par::Seq,
            );
            self.activation.backward(from, &mut next[..layer.inputs * m]);
            std::mem::swap(&mut delta, &mut next);
        }
    }
}

fn matrix<'a>(layer: &Layer, weights: &'a [f64]) -> MatRef<'a, f64> {
    MatRef::from_column_major_slice(layer.of(weights), layer.inputs, layer.outputs)
}
