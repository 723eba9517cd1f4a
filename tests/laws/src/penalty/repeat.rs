//! A penalty is a function: of its input alone, from any thread, whatever was asked before.

use fenchel_core::{Penalty, Space};

use super::probe::{self, text};
use crate::Violation;
use crate::repeat::{self, Answer};

/// Steps of the prox.
const STEPS: [f64; 2] = [0.4, 3.7];

/// Everything that a penalty offers, asked twice in different orders, gives the same bits; so does
/// a penalty of another strength that is made twice.
pub fn the_same_call_gives_the_same_bits(
    penalty: &dyn Penalty,
    space: &Space,
) -> Result<(), Violation> {
    const LAW: &str = "the_same_call_gives_the_same_bits";
    let points = probe::vectors(space);
    for (b, grad) in pairs(&points) {
        let before = answers(penalty, space, b, grad);
        repeat::unchanged(LAW, "in the next call", &before, &answers(penalty, space, b, grad))?;
    }
    let all = |penalty: &dyn Penalty| -> Vec<Answer> {
        pairs(&points).flat_map(|(b, grad)| answers(penalty, space, b, grad)).collect()
    };
    let (once, again) = (all(&*penalty.scaled(0.6)), all(&*penalty.scaled(0.6)));
    repeat::unchanged(LAW, "of scaled(0.6) made again", &once, &again)
}

/// One penalty that is asked by four threads at once gives each the numbers that it gives to one.
pub fn threads_get_the_same_numbers(penalty: &dyn Penalty, space: &Space) -> Result<(), Violation> {
    let points = probe::vectors(space);
    repeat::in_threads("threads_get_the_same_numbers", || {
        let some = pairs(&points).step_by(3);
        some.flat_map(|(b, grad)| answers(penalty, space, b, grad)).collect()
    })
}

/// Input that is NaN or infinite may be answered by anything, but does not end the process, and
/// leaves no trace: what is asked next gets the answers of before.
pub fn nan_and_infinity_are_survived(
    penalty: &dyn Penalty,
    space: &Space,
) -> Result<(), Violation> {
    let points = probe::vectors(space);
    let finite = || -> Vec<Answer> {
        let all = pairs(&points).step_by(5);
        all.flat_map(|(b, grad)| answers(penalty, space, b, grad)).collect()
    };
    let before = finite();
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let plain = vec![0.5; space.len()];
        let mut broken = vec![vec![bad; space.len()]];
        for at in probe::coordinates(space.len(), 3) {
            let mut one = plain.clone();
            one[at] = bad;
            broken.push(one);
        }
        for b in &broken {
            let _ = answers(penalty, space, b, &plain);
            let _ = answers(penalty, space, &plain, b);
            let _ = answers(penalty, space, b, b);
        }
    }
    let when = "after NaN and infinities";
    repeat::unchanged("nan_and_infinity_are_survived", when, &before, &finite())
}

/// Every point with a gradient.
fn pairs(points: &[Vec<f64>]) -> impl Iterator<Item = (&[f64], &[f64])> {
    points.iter().enumerate().map(|(i, b)| (&b[..], &points[(7 * i + 3) % points.len()][..]))
}

/// Everything that a penalty says of one point.
fn answers(penalty: &dyn Penalty, space: &Space, b: &[f64], grad: &[f64]) -> Vec<Answer> {
    let mut all = Vec::new();
    let mut add = |what: &str, numbers: Vec<f64>| {
        let input = format!("{what}, b = {}, grad = {}", text(b), text(grad));
        all.push(Answer::new(input, numbers));
    };
    add("the value", vec![penalty.value(b)]);
    if let Some(prox) = penalty.as_prox() {
        for step in STEPS {
            let mut out = vec![0.0; b.len()];
            let value = prox.prox(b, step, &mut out);
            out.push(value);
            add(&format!("the prox and its value, step = {step}"), out);
        }
    }
    if let Some(subdifferential) = penalty.as_subdifferential() {
        add("the distance", vec![subdifferential.subdiff_dist(b, grad)]);
    }
    if let Some(conjugate) = penalty.as_conjugate() {
        add("conjugate and dual scale", vec![conjugate.conjugate(b), conjugate.dual_scale(b)]);
    }
    if let Some(threshold) = penalty.as_zero_threshold() {
        add("the zero threshold", threshold.zero_threshold(grad).into_iter().collect());
    }
    if let Some(separable) = penalty.as_separable() {
        let coordinates = b.iter().zip(grad).enumerate();
        let parts = coordinates.flat_map(|(j, (b, g))| {
            [
                separable.value_at(j, *b),
                separable.prox_at(j, *b, STEPS[0]),
                separable.subdiff_dist_at(j, *b, *g),
            ]
        });
        add("value, prox and distance of each coefficient", parts.collect());
    }
    if let Some(blocks) = penalty.as_blocks() {
        let groups = blocks.groups();
        let mut parts = Vec::new();
        for g in 0..groups.len() {
            let size = groups.members(g).len() * space.outputs();
            let (mut piece, mut slope) = (vec![0.0; size], vec![0.0; size]);
            groups.gather(g, b, &mut piece);
            groups.gather(g, grad, &mut slope);
            let mut out = vec![0.0; size];
            blocks.prox_block(g, &piece, STEPS[0], &mut out);
            parts.extend(out);
            parts.push(blocks.value_block(g, &piece));
            parts.push(blocks.subdiff_dist_block(g, &piece, &slope));
        }
        add("prox, value and distance of each block", parts);
    }
    all
}
