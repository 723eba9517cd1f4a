//! How a loss of a plugin is made.

use std::ffi::{CString, c_void};
use std::ptr::null_mut;
use std::sync::Arc;

use fenchel_core::{Context, Error, Loss, Penalty, ResponseKind};
use fenchel_plugin_abi as abi;

use super::predictor::ForeignPredictor;
use super::{ForeignLoss, Functions};
use crate::calls;
use crate::library::Maker;
use crate::object::Object;
use crate::plugin::Plugin;
use crate::refusal;

/// Makes the losses of one type.
#[derive(Debug, Clone)]
pub(crate) struct LossMaker {
    pub(crate) plugin: Plugin,
    pub(crate) functions: Functions,
}

impl Maker for LossMaker {
    fn penalty(&self, _: &str, _: &Context<'_>) -> Result<Box<dyn Penalty>, Error> {
        Err(Error::Unsupported(format!("plugin {}: a loss, not a penalty", self.plugin.name())))
    }

    fn loss(&self, parameters: &str) -> Result<Box<dyn Loss>, Error> {
        let object = Arc::new(self.create(parameters)?);
        let reads = self.reads(&object)?;
        let predictor = object
            .capability::<abi::Predictor>(self.functions.capability)?
            .map(|table| ForeignPredictor::new(object.clone(), table, reads));
        let (functions, parameters) = (self.functions, parameters.to_string());
        Ok(Box::new(ForeignLoss { object, functions, parameters, reads, predictor }))
    }
}

impl LossMaker {
    fn create(&self, parameters: &str) -> Result<Object, Error> {
        // JSON escapes control characters, so there is no NUL inside.
        let text = CString::new(parameters).map_err(|e| Error::Spec { message: e.to_string() })?;
        let mut made: *mut c_void = null_mut();
        let result = {
            let _turn = self.plugin.turn();
            let _inside = self.plugin.enter(&calls::CREATE);
            refusal::call(|error| {
                // SAFETY: a function of the type, with a text and room for the object.
                #[allow(unsafe_code)]
                unsafe {
                    (self.functions.create)(text.as_ptr(), parameters.len(), &mut made, error)
                }
            })
        };
        result.map_err(|refusal| self.plugin.refused(&calls::CREATE, refusal))?;
        if made.is_null() {
            return Err(self.plugin.broken(&calls::CREATE, "said OK but made no loss"));
        }
        Ok(Object::new(self.plugin.clone(), made, self.functions.destroy))
    }

    fn reads(&self, object: &Object) -> Result<ResponseKind, Error> {
        let inside = self.plugin.enter(&calls::READS);
        // SAFETY: a function of the object.
        #[allow(unsafe_code)]
        let kind = unsafe { (self.functions.reads)(object.get()) };
        drop(inside);
        match kind {
            abi::NUMBER => Ok(ResponseKind::Number),
            abi::NUMBERS => Ok(ResponseKind::Numbers),
            abi::TWO_CLASSES => Ok(ResponseKind::TwoClasses),
            abi::CLASSES => Ok(ResponseKind::Classes),
            abi::SURVIVAL => Ok(ResponseKind::Survival),
            other => {
                let what =
                    format!("returned {other}, expected FENCHEL_NUMBER or its like (0 to 4)");
                Err(self.plugin.broken(&calls::READS, what))
            }
        }
    }
}
