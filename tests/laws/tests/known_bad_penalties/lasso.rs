//! A weighted lasso, whose second weight is 0.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, ThreadId};

use fenchel_core::{
    Conjugate, Convexity, Elementary, Lineality, Penalty, Prox, Scalar, Separable, Subdifferential,
    ZeroThreshold, kernels,
};

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Flaw {
    None,
    ProxThresholdDoubled,
    ProxIgnoresStep,
    ProxSlightlyOff,
    ProxOfZeroIsNan,
    ProxVaries,
    ValueNegated,
    ValueForgetsTheLast,
    DistanceAtZeroIsTheGradient,
    DistanceAtZeroIsZero,
    DistanceLosesNan,
    DistanceTripled,
    DistanceNegated,
    ConjugateFiniteEverywhere,
    ConjugateShifted,
    DualScaleHalved,
    DualScaleIsOne,
    ThresholdHalved,
    ThresholdDoubled,
    ThresholdNever,
    ThresholdAlwaysZero,
    ScaleIgnored,
    ScaleSquared,
    ScaleAdded,
    LinealityForgotten,
    LinealityOfTheNextCoordinate,
    LinealityOutOfRange,
    ScalarsDoubled,
    ProxOfAnotherThread,
    RemembersInfinity,
    PanicsAtNan,
    Panics,
}

#[derive(Debug)]
pub struct Lasso {
    flaw: Flaw,
    lambda: f64,
    weighted: bool,
    calls: AtomicUsize,
    home: ThreadId,
}

impl Lasso {
    pub fn new(flaw: Flaw) -> Self {
        let (calls, home) = (AtomicUsize::new(0), thread::current().id());
        Self { flaw, lambda: 0.7, weighted: true, calls, home }
    }
    pub fn without_weights() -> Self {
        Self { weighted: false, ..Self::new(Flaw::None) }
    }
    fn lambda_at(&self, j: usize) -> f64 {
        let weight = match j {
            1 if self.weighted => 0.0,
            2 if self.weighted => 2.0,
            _ => 1.0,
        };
        self.lambda * weight
    }
}

impl Separable for Lasso {
    fn value_at(&self, j: usize, b: f64) -> f64 {
        let value = self.lambda_at(j) * b.abs();
        match self.flaw {
            Flaw::ValueNegated => -value,
            Flaw::RemembersInfinity => {
                let seen = self.calls.fetch_add(usize::from(b.is_infinite()), Ordering::Relaxed);
                if seen > 0 { 2.0 * value } else { value }
            }
            _ => value,
        }
    }
    fn prox_at(&self, j: usize, v: f64, step: f64) -> f64 {
        let threshold = step * self.lambda_at(j);
        let x = kernels::soft_threshold(v, threshold);
        match self.flaw {
            Flaw::ProxThresholdDoubled => kernels::soft_threshold(v, 2.0 * threshold),
            Flaw::ProxIgnoresStep => kernels::soft_threshold(v, self.lambda_at(j)),
            Flaw::ProxSlightlyOff => x * (1.0 + 1e-5),
            Flaw::ProxOfZeroIsNan if v == 0.0 => v / v.abs(),
            Flaw::ProxVaries => {
                x * (1.0 + 1e-9 * (self.calls.fetch_add(1, Ordering::Relaxed) % 5) as f64)
            }
            Flaw::ProxOfAnotherThread if thread::current().id() != self.home => x * (1.0 + 1e-15),
            Flaw::PanicsAtNan if v.is_nan() => panic!("not a number"),
            Flaw::Panics => panic!("out of bounds"),
            _ => x,
        }
    }
    fn subdiff_dist_at(&self, j: usize, b: f64, grad: f64) -> f64 {
        let lambda = self.lambda_at(j);
        let distance = match b == 0.0 {
            true if grad.abs() <= lambda => 0.0,
            true => grad.abs() - lambda,
            false => (grad + lambda * b.signum()).abs(),
        };
        match self.flaw {
            Flaw::DistanceAtZeroIsTheGradient if b == 0.0 => grad.abs(),
            Flaw::DistanceAtZeroIsZero if b == 0.0 => 0.0,
            Flaw::DistanceLosesNan => distance.max(0.0),
            Flaw::DistanceTripled => 3.0 * distance,
            Flaw::DistanceNegated => -distance,
            _ => distance,
        }
    }
}

impl Elementary for Lasso {
    fn scalar(&self, j: usize) -> Scalar {
        let factor = if self.flaw == Flaw::ScalarsDoubled { 2.0 } else { 1.0 };
        Scalar { l1: factor * self.lambda_at(j), ..Scalar::ZERO }
    }
}

impl Conjugate for Lasso {
    fn conjugate(&self, u: &[f64]) -> f64 {
        let inside =
            u.iter().enumerate().all(|(j, u)| u.abs() <= self.lambda_at(j) * (1.0 + 1e-12));
        match self.flaw {
            Flaw::ConjugateFiniteEverywhere => 0.0,
            Flaw::ConjugateShifted if inside => 0.1,
            _ if inside => 0.0,
            _ => f64::INFINITY,
        }
    }
    fn dual_scale(&self, u: &[f64]) -> f64 {
        let each = u.iter().enumerate();
        let outside = each.filter(|(j, u)| u.abs() > self.lambda_at(*j));
        let scale = outside.map(|(j, u)| self.lambda_at(j) / u.abs()).fold(1.0, f64::min);
        match self.flaw {
            Flaw::DualScaleHalved => 0.5 * scale,
            Flaw::DualScaleIsOne => 1.0,
            _ => scale,
        }
    }
}

impl ZeroThreshold for Lasso {
    fn zero_threshold(&self, grad: &[f64]) -> Option<f64> {
        let each = grad.iter().enumerate().filter(|(_, g)| **g != 0.0);
        let top = each.map(|(j, g)| g.abs() / self.lambda_at(j)).fold(0.0, f64::max);
        match self.flaw {
            Flaw::ThresholdHalved => Some(0.5 * top),
            Flaw::ThresholdDoubled => Some(2.0 * top),
            Flaw::ThresholdAlwaysZero => Some(0.0),
            Flaw::ThresholdNever => None,
            _ => top.is_finite().then_some(top),
        }
    }
}

impl Penalty for Lasso {
    fn value(&self, beta: &[f64]) -> f64 {
        let seen = match self.flaw {
            Flaw::ValueForgetsTheLast => &beta[..beta.len() - 1],
            _ => beta,
        };
        seen.iter().enumerate().map(|(j, b)| self.value_at(j, *b)).sum()
    }
    fn scaled(&self, scale: f64) -> Box<dyn Penalty> {
        let lambda = match self.flaw {
            Flaw::ScaleIgnored => self.lambda,
            Flaw::ScaleSquared => self.lambda * scale * scale,
            Flaw::ScaleAdded => self.lambda + scale,
            _ => self.lambda * scale,
        };
        Box::new(Self { lambda, weighted: self.weighted, ..Self::new(self.flaw) })
    }
    fn convexity(&self) -> Convexity {
        Convexity::Convex
    }
    fn lineality(&self) -> Lineality {
        match self.flaw {
            _ if self.lambda == 0.0 => Lineality::Everything,
            Flaw::LinealityForgotten => Lineality::Trivial,
            Flaw::LinealityOfTheNextCoordinate => Lineality::Coordinates(vec![2]),
            Flaw::LinealityOutOfRange => Lineality::Coordinates(vec![1, 600]),
            _ if self.weighted => Lineality::Coordinates(vec![1]),
            _ => Lineality::Trivial,
        }
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
    fn as_conjugate(&self) -> Option<&dyn Conjugate> {
        Some(self)
    }
    fn as_zero_threshold(&self) -> Option<&dyn ZeroThreshold> {
        Some(self)
    }
    fn as_elementary(&self) -> Option<&dyn Elementary> {
        Some(self)
    }
}
