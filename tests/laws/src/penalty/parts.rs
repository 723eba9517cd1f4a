//! A penalty that claims parts is their sum, in value, prox and distance.

use fenchel_core::{Penalty, Space};

use super::probe::{self, ProxPair, text};
use super::prox::{agree, agree_up_to};
use crate::Violation;

/// Value, prox and subdifferential distance of the whole are those of its coefficients
/// (`as_separable`) and of its blocks (`as_blocks`): the sum, the pieces side by side, the largest.
pub fn whole_is_the_sum_of_its_parts(
    penalty: &dyn Penalty,
    space: &Space,
) -> Result<(), Violation> {
    let vectors = probe::vectors(space);
    for (i, b) in vectors.iter().enumerate() {
        let grad = &vectors[(7 * i + 3) % vectors.len()];
        if penalty.as_separable().is_some() {
            same(penalty, &Coordinates { penalty }, b, grad)?;
        }
        if penalty.as_blocks().is_some() {
            same(penalty, &InBlocks { penalty, outputs: space.outputs() }, b, grad)?;
        }
    }
    Ok(())
}

/// `as_elementary` describes the same function, prox and distance as the penalty itself.
pub fn scalars_agree_with_the_penalty(
    penalty: &dyn Penalty,
    space: &Space,
) -> Result<(), Violation> {
    let vectors = probe::vectors(space);
    for (i, b) in vectors.iter().enumerate() {
        same(penalty, &Scalars { penalty }, b, &vectors[(7 * i + 3) % vectors.len()])?;
    }
    Ok(())
}

/// The whole of a penalty, put together from its parts.
trait Assembled {
    fn law(&self) -> &'static str;
    fn value(&self, b: &[f64]) -> f64;
    fn prox(&self, v: &[f64], step: f64) -> Vec<f64>;
    fn distance(&self, b: &[f64], grad: &[f64]) -> f64;
}

fn same(
    penalty: &dyn Penalty,
    parts: &dyn Assembled,
    b: &[f64],
    grad: &[f64],
) -> Result<(), Violation> {
    let violation = |input: String, expected: String, got: String| {
        Err(Violation::new(parts.law(), input, expected, got))
    };
    let (whole, sum) = (penalty.value(b), parts.value(b));
    if !agree_up_to(whole, sum, 1e-10, probe::rounding(penalty, b)) {
        return violation(format!("the value at {}", text(b)), show(sum), show(whole));
    }
    if let Some(prox) = penalty.as_prox() {
        for step in probe::steps(penalty) {
            let (whole, pieces) = (ProxPair::new(prox, b, step).x, parts.prox(b, step));
            let scale = b.iter().fold(0.0, |top: f64, b| top.max(b.abs()));
            let close = |(x, y): (&f64, &f64)| (x - y).abs() <= 1e-12 * scale;
            if !whole.iter().zip(&pieces).all(close) {
                let input = format!("the prox at {}, step = {step:e}", text(b));
                return violation(input, text(&pieces), text(&whole));
            }
        }
    }
    if let Some(subdifferential) = penalty.as_subdifferential() {
        let (whole, top) = (subdifferential.subdiff_dist(b, grad), parts.distance(b, grad));
        if !agree(whole, top, 1e-10) {
            let input = format!("the distance at {}, gradient {}", text(b), text(grad));
            return violation(input, show(top), show(whole));
        }
    }
    Ok(())
}

fn show(value: f64) -> String {
    format!("{value:e}")
}

struct Coordinates<'a> {
    penalty: &'a dyn Penalty,
}

impl Assembled for Coordinates<'_> {
    fn law(&self) -> &'static str {
        "whole_is_the_sum_of_its_parts"
    }
    fn value(&self, b: &[f64]) -> f64 {
        let Some(parts) = self.penalty.as_separable() else { return 0.0 };
        b.iter().enumerate().map(|(j, b)| parts.value_at(j, *b)).sum()
    }
    fn prox(&self, v: &[f64], step: f64) -> Vec<f64> {
        let Some(parts) = self.penalty.as_separable() else { return v.to_vec() };
        v.iter().enumerate().map(|(j, v)| parts.prox_at(j, *v, step)).collect()
    }
    fn distance(&self, b: &[f64], grad: &[f64]) -> f64 {
        let Some(parts) = self.penalty.as_separable() else { return 0.0 };
        let distances = b.iter().zip(grad).enumerate();
        distances.map(|(j, (b, g))| parts.subdiff_dist_at(j, *b, *g)).fold(0.0, fenchel_core::worst)
    }
}

struct Scalars<'a> {
    penalty: &'a dyn Penalty,
}

impl Assembled for Scalars<'_> {
    fn law(&self) -> &'static str {
        "scalars_agree_with_the_penalty"
    }
    fn value(&self, b: &[f64]) -> f64 {
        let Some(parts) = self.penalty.as_elementary() else { return 0.0 };
        b.iter().enumerate().map(|(j, b)| parts.scalar(j).value(*b)).sum()
    }
    fn prox(&self, v: &[f64], step: f64) -> Vec<f64> {
        let Some(parts) = self.penalty.as_elementary() else { return v.to_vec() };
        v.iter().enumerate().map(|(j, v)| parts.scalar(j).prox(*v, step)).collect()
    }
    fn distance(&self, b: &[f64], grad: &[f64]) -> f64 {
        let Some(parts) = self.penalty.as_elementary() else { return 0.0 };
        let distances = b.iter().zip(grad).enumerate();
        distances
            .map(|(j, (b, g))| parts.scalar(j).subdiff_dist(*b, *g))
            .fold(0.0, fenchel_core::worst)
    }
}

struct InBlocks<'a> {
    penalty: &'a dyn Penalty,
    outputs: usize,
}

impl InBlocks<'_> {
    /// Calls `visit(g, block of each vector)` for every block.
    fn each(&self, vectors: &[&[f64]], mut visit: impl FnMut(usize, &[Vec<f64>])) {
        let Some(blocks) = self.penalty.as_blocks() else { return };
        let groups = blocks.groups();
        for g in 0..groups.len() {
            let size = groups.members(g).len() * self.outputs;
            let pieces = vectors.iter().map(|v| {
                let mut piece = vec![0.0; size];
                groups.gather(g, v, &mut piece);
                piece
            });
            visit(g, &pieces.collect::<Vec<_>>());
        }
    }
}

impl Assembled for InBlocks<'_> {
    fn law(&self) -> &'static str {
        "whole_is_the_sum_of_its_parts"
    }
    fn value(&self, b: &[f64]) -> f64 {
        let Some(blocks) = self.penalty.as_blocks() else { return 0.0 };
        let mut sum = 0.0;
        self.each(&[b], |g, pieces| sum += blocks.value_block(g, &pieces[0]));
        sum
    }
    fn prox(&self, v: &[f64], step: f64) -> Vec<f64> {
        let Some(blocks) = self.penalty.as_blocks() else { return v.to_vec() };
        let mut whole = vec![f64::NAN; v.len()];
        self.each(&[v], |g, pieces| {
            let mut x = vec![f64::NAN; pieces[0].len()];
            blocks.prox_block(g, &pieces[0], step, &mut x);
            blocks.groups().scatter(g, &x, &mut whole);
        });
        whole
    }
    fn distance(&self, b: &[f64], grad: &[f64]) -> f64 {
        let Some(blocks) = self.penalty.as_blocks() else { return 0.0 };
        let mut top = 0.0;
        self.each(&[b, grad], |g, pieces| {
            let distance = blocks.subdiff_dist_block(g, &pieces[0], &pieces[1]);
            top = fenchel_core::worst(top, distance);
        });
        top
    }
}
