//! A loss of a plugin, as a [`Loss`] like any other, and what it is once it is bound to data.

mod fit;
mod functions;
mod make;
mod own;
mod predictor;
mod samples;
mod smooth;

use std::ffi::c_void;
use std::fmt;
use std::ptr::null_mut;
use std::sync::Arc;

use fenchel_core::{Bound, Design, Error, Loss, Predictor, ResponseKind, Samples};

use crate::calls;
use crate::object::Object;
use crate::refusal;

use fit::ForeignFit;
use predictor::ForeignPredictor;
use samples::View;

pub(crate) use functions::Functions;
pub(crate) use make::LossMaker;

/// A loss of a plugin.
struct ForeignLoss {
    object: Arc<Object>,
    functions: Functions,
    parameters: String,
    reads: ResponseKind,
    predictor: Option<ForeignPredictor>,
}

impl fmt::Debug for ForeignLoss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.object.plugin.name(), self.parameters)
    }
}

impl Loss for ForeignLoss {
    fn reads(&self) -> ResponseKind {
        self.reads
    }

    fn bind(&self, samples: &Samples, _design: &Design) -> Result<Bound, Error> {
        let plugin = &self.object.plugin;
        let view = View::new(self.reads, samples)?;
        let mut made: *mut c_void = null_mut();
        let inside = plugin.enter(&calls::BIND);
        let bound = refusal::call(|error| {
            // SAFETY: a function of the object, with samples and room for the fit that are there
            // until it returns.
            #[allow(unsafe_code)]
            unsafe {
                (self.functions.bind)(self.object.get(), view.table(), &mut made, error)
            }
        });
        drop(inside);
        bound.map_err(|refusal| samples::refused(plugin, &calls::BIND, refusal, samples))?;
        if made.is_null() {
            return Err(plugin.broken(&calls::BIND, "said OK but made no fit"));
        }
        let fit = Object::new(plugin.clone(), made, self.functions.destroy_fit);
        Ok(Bound::Eta(Box::new(ForeignFit::new(fit, &self.functions, samples.len())?)))
    }

    fn as_predictor(&self) -> Option<&dyn Predictor> {
        self.predictor.as_ref().map(|predictor| predictor as &dyn Predictor)
    }
}
