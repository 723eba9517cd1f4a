//! The Euclidean norm of all coefficients, which is also a block penalty of one block.

use fenchel_core::{
    Blocks, Conjugate, Convexity, Groups, Lineality, Penalty, Prox, Subdifferential, blocks,
    kernels,
};

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Flaw {
    None,
    ProxIgnoresStep,
    ProxOfEachCoordinate,
    ProxSlightlyOff,
    ProxLeavesAnEntryUnwritten,
    ProxReportsZero,
    ProxJumps,
    BlockProxIgnoresStep,
    DistanceIsTheLargestEntry,
    ConjugateOfTheL1Norm,
}

#[derive(Debug)]
pub struct Norm {
    flaw: Flaw,
    lambda: f64,
    groups: Groups,
}

impl Norm {
    pub fn new(flaw: Flaw) -> Self {
        let groups = Groups::consecutive(3, 3).expect("3 divides 3");
        Self { flaw, lambda: 0.7, groups }
    }
    fn shrink(&self, v: &[f64], threshold: f64, out: &mut [f64]) {
        let factor = (1.0 - threshold / kernels::norm2(v).max(f64::MIN_POSITIVE)).max(0.0);
        out.iter_mut().zip(v).for_each(|(x, v)| *x = factor * v);
    }
}

impl Prox for Norm {
    fn prox(&self, v: &[f64], step: f64, out: &mut [f64]) -> f64 {
        let threshold = step * self.lambda;
        self.shrink(v, threshold, out);
        match self.flaw {
            Flaw::ProxIgnoresStep => self.shrink(v, self.lambda, out),
            Flaw::ProxOfEachCoordinate => {
                out.iter_mut().zip(v).for_each(|(x, v)| *x = kernels::soft_threshold(*v, threshold))
            }
            Flaw::ProxSlightlyOff => out.iter_mut().for_each(|x| *x *= 1.0 + 1e-5),
            Flaw::ProxLeavesAnEntryUnwritten => out[2] = f64::NAN,
            Flaw::ProxJumps if kernels::norm2(out) > threshold => out.copy_from_slice(v),
            Flaw::ProxReportsZero => return 0.0,
            _ => {}
        }
        self.value(out)
    }
}

impl Blocks for Norm {
    fn groups(&self) -> &Groups {
        &self.groups
    }
    fn value_block(&self, _g: usize, b: &[f64]) -> f64 {
        self.lambda * kernels::norm2(b)
    }
    fn prox_block(&self, _g: usize, v: &[f64], step: f64, out: &mut [f64]) {
        let step = if self.flaw == Flaw::BlockProxIgnoresStep { 1.0 } else { step };
        self.shrink(v, step * self.lambda, out);
    }
    fn subdiff_dist_block(&self, _g: usize, b: &[f64], grad: &[f64]) -> f64 {
        let length = kernels::norm2(b);
        if length == 0.0 {
            let size = match self.flaw {
                Flaw::DistanceIsTheLargestEntry => kernels::max_abs(grad) / 2.0,
                _ => kernels::norm2(grad),
            };
            return if size <= self.lambda { 0.0 } else { size - self.lambda };
        }
        let rest: Vec<f64> =
            grad.iter().zip(b).map(|(g, b)| g + self.lambda * b / length).collect();
        kernels::norm2(&rest)
    }
}

impl Subdifferential for Norm {
    fn subdiff_dist(&self, beta: &[f64], grad: &[f64]) -> f64 {
        blocks::subdiff_dist(self, beta, grad)
    }
}

impl Conjugate for Norm {
    fn conjugate(&self, u: &[f64]) -> f64 {
        let norm = match self.flaw {
            Flaw::ConjugateOfTheL1Norm => kernels::max_abs(u),
            _ => kernels::norm2(u),
        };
        if norm <= self.lambda * (1.0 + 1e-12) { 0.0 } else { f64::INFINITY }
    }
    fn dual_scale(&self, u: &[f64]) -> f64 {
        let norm = match self.flaw {
            Flaw::ConjugateOfTheL1Norm => kernels::max_abs(u),
            _ => kernels::norm2(u),
        };
        if norm <= self.lambda { 1.0 } else { self.lambda / norm }
    }
}

impl Penalty for Norm {
    fn value(&self, beta: &[f64]) -> f64 {
        self.lambda * kernels::norm2(beta)
    }
    fn scaled(&self, scale: f64) -> Box<dyn Penalty> {
        Box::new(Self { lambda: scale * self.lambda, ..Self::new(self.flaw) })
    }
    fn convexity(&self) -> Convexity {
        Convexity::Convex
    }
    fn lineality(&self) -> Lineality {
        if self.lambda == 0.0 { Lineality::Everything } else { Lineality::Trivial }
    }
    fn as_prox(&self) -> Option<&dyn Prox> {
        Some(self)
    }
    fn as_blocks(&self) -> Option<&dyn Blocks> {
        Some(self)
    }
    fn as_subdifferential(&self) -> Option<&dyn Subdifferential> {
        Some(self)
    }
    fn as_conjugate(&self) -> Option<&dyn Conjugate> {
        Some(self)
    }
}
