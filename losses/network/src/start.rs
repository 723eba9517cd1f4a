//! Random weights to begin at: all zero is a saddle point, as every hidden unit is like any other.

use fenchel_core::Layer;

/// Uniform weights of mean 0 and variance `gain / inputs`, layer by layer.
pub(crate) fn weights(layers: &[Layer], gain: f64, seed: u64) -> Vec<f64> {
    let mut state = seed;
    let mut weights = Vec::with_capacity(layers.iter().map(Layer::len).sum());
    for layer in layers {
        let reach = (3.0 * gain / layer.inputs.max(1) as f64).sqrt();
        weights.extend((0..layer.len()).map(|_| reach * (2.0 * uniform(&mut state) - 1.0)));
    }
    weights
}

/// A number in `[0, 1)`; Steele, Lea & Flood (2014), SplitMix.
fn uniform(state: &mut u64) -> f64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
}
