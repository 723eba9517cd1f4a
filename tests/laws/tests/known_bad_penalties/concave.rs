//! The minimax concave penalty with gamma = 3.

use fenchel_core::{
    ConvexConcave, Convexity, Lineality, Penalty, Prox, Separable, Subdifferential, kernels,
};

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Flaw {
    None,
    ProxIsLocal,
    ProxPrefersV,
    DistanceForgetsTheSlope,
    ScaleReplacesLambda,
    ClaimsToBeConvex,
    WeakConvexityTooSmall,
    WeakConvexityTooLarge,
    PartsForgetTheFlat,
    ConvexProxIgnoresStep,
    GradientOfTheOtherSign,
    GradientOverwrites,
    LipschitzHalved,
    LipschitzDoubled,
}

#[derive(Debug)]
pub struct Concave {
    flaw: Flaw,
    lambda: f64,
}

const GAMMA: f64 = 3.0;

impl Concave {
    pub fn new(flaw: Flaw) -> Self {
        Self { flaw, lambda: 0.7 }
    }
}

impl Separable for Concave {
    fn value_at(&self, _j: usize, b: f64) -> f64 {
        let size = b.abs().min(GAMMA * self.lambda);
        self.lambda * size - size * size / (2.0 * GAMMA)
    }
    fn prox_at(&self, _j: usize, v: f64, step: f64) -> f64 {
        let flat = GAMMA * self.lambda;
        if step < GAMMA {
            let firm = kernels::soft_threshold(v, step * self.lambda) / (1.0 - step / GAMMA);
            return if v.abs() > flat { v } else { firm.clamp(-flat, flat) };
        }
        let threshold = match self.flaw {
            // Both are stationary points of the prox objective; only one is its minimum.
            Flaw::ProxPrefersV => flat,
            Flaw::ProxIsLocal => step * self.lambda,
            _ => self.lambda * (GAMMA * step).sqrt(),
        };
        if v.abs() <= threshold { 0.0 } else { v }
    }
    fn subdiff_dist_at(&self, _j: usize, b: f64, grad: f64) -> f64 {
        if b == 0.0 && grad.abs() <= self.lambda {
            return 0.0;
        }
        if b == 0.0 {
            return grad.abs() - self.lambda;
        }
        let slope = (self.lambda - b.abs() / GAMMA).max(0.0);
        match self.flaw {
            Flaw::DistanceForgetsTheSlope => grad.abs(),
            _ => (grad + b.signum() * slope).abs(),
        }
    }
}

impl ConvexConcave for Concave {
    fn convex_value(&self, beta: &[f64]) -> f64 {
        beta.iter().map(|b| self.lambda * b.abs()).sum()
    }
    fn convex_prox(&self, v: &[f64], step: f64, out: &mut [f64]) -> f64 {
        let step = if self.flaw == Flaw::ConvexProxIgnoresStep { 1.0 } else { step };
        for (out, v) in out.iter_mut().zip(v) {
            *out = kernels::soft_threshold(*v, step * self.lambda);
        }
        self.convex_value(out)
    }
    fn add_concave_gradient(&self, beta: &[f64], grad: &mut [f64]) -> f64 {
        let mut value = 0.0;
        for (b, g) in beta.iter().zip(grad) {
            let slope = -self.lambda.min(b.abs() / GAMMA).copysign(*b);
            match self.flaw {
                Flaw::GradientOfTheOtherSign => *g -= slope,
                Flaw::GradientOverwrites => *g = slope,
                _ => *g += slope,
            }
            value += match self.flaw {
                Flaw::PartsForgetTheFlat => -b * b / (2.0 * GAMMA),
                _ => self.value_at(0, *b) - self.lambda * b.abs(),
            };
        }
        value
    }
    fn concave_lipschitz(&self) -> f64 {
        match self.flaw {
            Flaw::LipschitzHalved => 0.5 / GAMMA,
            Flaw::LipschitzDoubled => 2.0 / GAMMA,
            _ => 1.0 / GAMMA,
        }
    }
}

impl Penalty for Concave {
    fn value(&self, beta: &[f64]) -> f64 {
        beta.iter().map(|b| self.value_at(0, *b)).sum()
    }
    fn scaled(&self, scale: f64) -> Box<dyn Penalty> {
        let lambda = match self.flaw {
            Flaw::ScaleReplacesLambda => scale,
            _ => scale * self.lambda,
        };
        Box::new(Self { lambda, flaw: self.flaw })
    }
    fn convexity(&self) -> Convexity {
        match self.flaw {
            Flaw::ClaimsToBeConvex => Convexity::Convex,
            Flaw::WeakConvexityTooSmall => Convexity::WeaklyConvex(0.9 / GAMMA),
            Flaw::WeakConvexityTooLarge => Convexity::WeaklyConvex(1.5 / GAMMA),
            _ => Convexity::WeaklyConvex(1.0 / GAMMA),
        }
    }
    fn lineality(&self) -> Lineality {
        Lineality::Trivial
    }
    fn as_prox(&self) -> Option<&dyn Prox> {
        Some(self)
    }
    fn as_separable(&self) -> Option<&dyn Separable> {
        Some(self)
    }
    fn as_subdifferential(&self) -> Option<&dyn Subdifferential> {
        Some(self)
    }
    fn as_convex_concave(&self) -> Option<&dyn ConvexConcave> {
        Some(self)
    }
}
