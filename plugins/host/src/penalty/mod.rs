//! A penalty of a plugin, as a [`Penalty`] like any other.
//!
//! What it can do is asked for once, when it is made. Each capability is an object of its own,
//! because `Prox` and `Subdifferential` follow from `Separable` coefficient by coefficient, and a
//! plugin does them in batches.

mod blocks;
mod conjugate;
mod elementary;
mod functions;
mod lineality;
mod make;
mod recorded;
mod separable;
mod space;
mod whole;

use std::fmt;
use std::sync::Arc;

use fenchel_core::{
    Blocks, Conjugate, Convexity, Elementary, Lineality, Penalty, Prox, Separable, Subdifferential,
    ZeroThreshold,
};
use fenchel_plugin_abi as abi;

use crate::calls;
use crate::object::Object;
use crate::output::Allowed;

use functions::OfVector;
use make::Recipe;

pub(crate) use functions::Functions;
pub(crate) use make::PenaltyMaker;

/// A penalty of a plugin.
#[derive(Clone)]
struct ForeignPenalty {
    object: Arc<Object>,
    recipe: Arc<Recipe>,
    length: usize,
    value: OfVector,
    scaled: Option<abi::Scaled>,
    convexity: Convexity,
    lineality: Lineality,
    prox: Option<Arc<dyn Prox>>,
    separable: Option<Arc<dyn Separable>>,
    blocks: Option<Arc<dyn Blocks>>,
    subdifferential: Option<Arc<dyn Subdifferential>>,
    conjugate: Option<Arc<dyn Conjugate>>,
    zero_threshold: Option<Arc<dyn ZeroThreshold>>,
    elementary: Option<Arc<dyn Elementary>>,
}

impl fmt::Debug for ForeignPenalty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.object.plugin.name(), self.recipe.parameters())
    }
}

impl Penalty for ForeignPenalty {
    fn value(&self, beta: &[f64]) -> f64 {
        assert_eq!(beta.len(), self.length, "coefficients of the space that it was built for");
        let plugin = &self.object.plugin;
        let value = plugin.number(&calls::VALUE, Allowed::Value, &[beta], |out, error| {
            // SAFETY: a function of the object's type; `beta` has its length.
            #[allow(unsafe_code)]
            unsafe {
                (self.value)(self.object.get(), beta.as_ptr(), beta.len(), out, error)
            }
        });
        value.unwrap_or(f64::INFINITY)
    }

    fn scaled(&self, scale: f64) -> Box<dyn Penalty> {
        match self.recipe.scaled(&self.object, self.scaled, scale) {
            Ok(Some(scaled)) => Box::new(scaled),
            // Without a lambda there is nothing to scale; and a fault was written down already.
            Ok(None) | Err(_) => Box::new(self.clone()),
        }
    }

    fn convexity(&self) -> Convexity {
        self.convexity
    }
    fn lineality(&self) -> Lineality {
        self.lineality.clone()
    }
    fn as_prox(&self) -> Option<&dyn Prox> {
        self.prox.as_deref()
    }
    fn as_separable(&self) -> Option<&dyn Separable> {
        self.separable.as_deref()
    }
    fn as_blocks(&self) -> Option<&dyn Blocks> {
        self.blocks.as_deref()
    }
    fn as_subdifferential(&self) -> Option<&dyn Subdifferential> {
        self.subdifferential.as_deref()
    }
    fn as_conjugate(&self) -> Option<&dyn Conjugate> {
        self.conjugate.as_deref()
    }
    fn as_zero_threshold(&self) -> Option<&dyn ZeroThreshold> {
        self.zero_threshold.as_deref()
    }
    fn as_elementary(&self) -> Option<&dyn Elementary> {
        self.elementary.as_deref()
    }
}
