//! The lasso's penalty, done wrong.

use fenchel_plugin::{
    BuildPenalty, Conjugate, Context, Convexity, Error, Lineality, Penalty, Prox, Separable,
    Subdifferential, ZeroThreshold, kernels, register_penalty,
};

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Flaw {
    PanicInCreate,
    PanicInValue,
    PanicInProx,
    PanicInScaled,
    PanicInDrop,
    NanProx,
    LyingProx,
    EndlessValue,
    EndlessProx,
}

#[derive(Debug)]
struct Bad {
    lambda: f64,
    flaw: Flaw,
}

/// Never returns, and is not optimised away.
fn forever() -> ! {
    loop {
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
}

impl Drop for Bad {
    fn drop(&mut self) {
        assert!(self.flaw != Flaw::PanicInDrop, "dropping went wrong");
    }
}

impl Separable for Bad {
    fn value_at(&self, _j: usize, b: f64) -> f64 {
        match self.flaw {
            Flaw::PanicInValue => panic!("the value of {b} went wrong"),
            Flaw::EndlessValue => forever(),
            _ => self.lambda * b.abs(),
        }
    }
    fn prox_at(&self, j: usize, v: f64, step: f64) -> f64 {
        match self.flaw {
            Flaw::PanicInProx => panic!("the prox of coefficient {j} went wrong"),
            Flaw::NanProx => f64::NAN,
            Flaw::EndlessProx => forever(),
            // Shrinks by half of what it should.
            Flaw::LyingProx => kernels::soft_threshold(v, 0.5 * step * self.lambda),
            _ => kernels::soft_threshold(v, step * self.lambda),
        }
    }
    fn subdiff_dist_at(&self, _j: usize, b: f64, grad: f64) -> f64 {
        match b {
            0.0 if grad.abs() <= self.lambda => 0.0,
            0.0 => grad.abs() - self.lambda,
            _ => (grad + self.lambda * b.signum()).abs(),
        }
    }
}

impl Conjugate for Bad {
    fn conjugate(&self, u: &[f64]) -> f64 {
        if kernels::max_abs(u) <= self.lambda * (1.0 + 1e-12) { 0.0 } else { f64::INFINITY }
    }
    fn dual_scale(&self, u: &[f64]) -> f64 {
        let top = kernels::max_abs(u);
        if top <= self.lambda { 1.0 } else { self.lambda / top }
    }
}

impl ZeroThreshold for Bad {
    fn zero_threshold(&self, grad: &[f64]) -> Option<f64> {
        let top = kernels::max_abs(grad);
        if top == 0.0 { Some(0.0) } else { (self.lambda > 0.0).then(|| top / self.lambda) }
    }
}

impl Penalty for Bad {
    fn value(&self, beta: &[f64]) -> f64 {
        beta.iter().enumerate().map(|(j, b)| self.value_at(j, *b)).sum()
    }
    fn scaled(&self, scale: f64) -> Box<dyn Penalty> {
        assert!(self.flaw != Flaw::PanicInScaled, "scaling by {scale} went wrong");
        Box::new(Self { lambda: scale * self.lambda, flaw: self.flaw })
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
}

macro_rules! bad {
    ($($name:literal, $spec:ident, $flaw:ident;)*) => {$(
        #[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
        #[serde(deny_unknown_fields)]
        struct $spec {
            /// Strength of the penalty.
            #[serde(default = "fenchel_plugin::one")]
            #[schemars(range(min = 0.0))]
            lambda: f64,
        }

        impl BuildPenalty for $spec {
            fn build_penalty(&self, _: &Context<'_>) -> Result<Box<dyn Penalty>, Error> {
                assert!(Flaw::$flaw != Flaw::PanicInCreate, "creating went wrong");
                Ok(Box::new(Bad { lambda: self.lambda, flaw: Flaw::$flaw }))
            }
        }

        register_penalty!($name, $spec, {
            summary: concat!("the lasso's penalty with a flaw: ", $name),
            formula: "lambda * sum_j |b_j|",
            method: "prox: sign(v) max(|v| - step lambda, 0), but for the flaw",
            combines: "nothing that should end well",
            example: "lambda = 0.1",
            source: "a test",
        });
    )*};
}

bad! {
    "panic_in_create", PanicInCreateSpec, PanicInCreate;
    "panic_in_value", PanicInValueSpec, PanicInValue;
    "panic_in_prox", PanicInProxSpec, PanicInProx;
    "panic_in_scaled", PanicInScaledSpec, PanicInScaled;
    "panic_in_drop", PanicInDropSpec, PanicInDrop;
    "nan_prox", NanProxSpec, NanProx;
    "lying_prox", LyingProxSpec, LyingProx;
    "endless_value", EndlessValueSpec, EndlessValue;
    "endless_prox", EndlessProxSpec, EndlessProx;
}
