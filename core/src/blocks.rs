//! Whole-vector operations of a block-separable penalty, for its `Prox` and `Subdifferential`.

use crate::penalty::Blocks;

/// `sum_g omega_g(beta_g)`.
pub fn value<B: Blocks + ?Sized>(penalty: &B, beta: &[f64]) -> f64 {
    value_over(penalty, 0..penalty.groups().len(), beta)
}

/// `sum_g omega_g(beta_g)` over the groups in `working`.
pub fn value_over<B: Blocks + ?Sized>(
    penalty: &B,
    working: impl Iterator<Item = usize>,
    beta: &[f64],
) -> f64 {
    let mut total = 0.0;
    for_each_of(penalty, working, beta, |g, b| total += penalty.value_block(g, b));
    total
}

/// The prox, block by block; returns the penalty there.
pub fn prox<B: Blocks + ?Sized>(penalty: &B, v: &[f64], step: f64, out: &mut [f64]) -> f64 {
    let groups = penalty.groups();
    let outputs = v.len() / groups.features().max(1);
    let mut result = vec![0.0; groups.largest() * outputs];
    let mut total = 0.0;
    for_each(penalty, v, |g, v| {
        let result = &mut result[..v.len()];
        penalty.prox_block(g, v, step, result);
        total += penalty.value_block(g, result);
        groups.scatter(g, result, out);
    });
    total
}

/// The largest distance to the subdifferential over the blocks.
pub fn subdiff_dist<B: Blocks + ?Sized>(penalty: &B, beta: &[f64], grad: &[f64]) -> f64 {
    let mut top = 0.0;
    for_each_distance(penalty, beta, grad, |_, distance| top = crate::worst(top, distance));
    top
}

/// The distance to the subdifferential of every block.
pub fn subdiff_dists<B: Blocks + ?Sized>(penalty: &B, beta: &[f64], grad: &[f64], out: &mut [f64]) {
    for_each_distance(penalty, beta, grad, |g, distance| out[g] = distance);
}

fn for_each_distance<B: Blocks + ?Sized>(
    penalty: &B,
    beta: &[f64],
    grad: &[f64],
    mut visit: impl FnMut(usize, f64),
) {
    let groups = penalty.groups();
    let outputs = beta.len() / groups.features().max(1);
    let mut block = vec![0.0; groups.largest() * outputs];
    for_each(penalty, beta, |g, b| {
        let block = &mut block[..b.len()];
        groups.gather(g, grad, block);
        visit(g, penalty.subdiff_dist_block(g, b, block));
    });
}

/// Calls `visit(g, beta_g)` for every block of `beta`.
pub fn for_each<B: Blocks + ?Sized>(penalty: &B, beta: &[f64], visit: impl FnMut(usize, &[f64])) {
    for_each_of(penalty, 0..penalty.groups().len(), beta, visit);
}

fn for_each_of<B: Blocks + ?Sized>(
    penalty: &B,
    working: impl Iterator<Item = usize>,
    beta: &[f64],
    mut visit: impl FnMut(usize, &[f64]),
) {
    let groups = penalty.groups();
    let outputs = beta.len() / groups.features().max(1);
    let mut block = vec![0.0; groups.largest() * outputs];
    for g in working {
        let block = &mut block[..groups.members(g).len() * outputs];
        groups.gather(g, beta, block);
        visit(g, block);
    }
}
