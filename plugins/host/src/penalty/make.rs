//! How a penalty of a plugin is made, and made again at another strength.

use std::ffi::{CString, c_void};
use std::ptr::null_mut;
use std::sync::Arc;

use fenchel_core::{
    Card, Conjugate, Context, Convexity, Elementary, Error, Penalty, Prox, Separable, Space,
    Subdifferential, ZeroThreshold,
};
use fenchel_plugin_abi as abi;
use serde_json::{Map, Value};

use super::blocks::{ForeignBlocks, WholeBlocks};
use super::conjugate::{FromDualNorm, OwnConjugate, OwnThreshold};
use super::elementary::ForeignElementary;
use super::functions::Functions;
use super::recorded::{Kept, Recorded};
use super::separable::{ForeignSeparable, WholeSeparable};
use super::space::Desk;
use super::whole::{OwnProx, OwnSubdifferential};
use super::{ForeignPenalty, lineality};
use crate::calls;
use crate::library::Maker;
use crate::object::Object;
use crate::plugin::Plugin;
use crate::refusal;

/// Makes the penalties of one type.
#[derive(Debug, Clone)]
pub(crate) struct PenaltyMaker {
    pub(crate) plugin: Plugin,
    pub(crate) functions: Functions,
    pub(crate) card: &'static Card,
}

impl Maker for PenaltyMaker {
    fn penalty(&self, parameters: &str, context: &Context<'_>) -> Result<Box<dyn Penalty>, Error> {
        let parameters: Map<String, Value> =
            serde_json::from_str(parameters).map_err(|e| Error::Spec { message: e.to_string() })?;
        let kept = Kept::default();
        let files = Recorded::new(Some(context.resolve), &kept);
        let object = self.create(&parameters, context.space, &files)?;
        let recipe = Recipe { maker: self.clone(), parameters, space: context.space.clone(), kept };
        Ok(Box::new(ForeignPenalty::new(object, Arc::new(recipe))?))
    }

    fn loss(&self, _parameters: &str) -> Result<Box<dyn fenchel_core::Loss>, Error> {
        Err(Error::Unsupported(format!("plugin {}: a penalty, not a loss", self.plugin.name())))
    }
}

impl PenaltyMaker {
    fn create(
        &self,
        parameters: &Map<String, Value>,
        space: &Space,
        files: &Recorded<'_>,
    ) -> Result<Object, Error> {
        // JSON escapes control characters, so there is no NUL inside.
        let text = CString::new(Value::Object(parameters.clone()).to_string())
            .map_err(|e| Error::Spec { message: e.to_string() })?;
        let desk = Desk::new(space, parameters, files);
        let mut made: *mut c_void = null_mut();
        let result = {
            let _turn = self.plugin.turn();
            let _inside = self.plugin.enter(&calls::CREATE);
            let length = text.as_bytes().len();
            refusal::call(|error| {
                let services = desk.services();
                // SAFETY: a function of the type, with a text, services and room for the object,
                // all of which are there until it returns.
                #[allow(unsafe_code)]
                unsafe {
                    (self.functions.create)(text.as_ptr(), length, &services, &mut made, error)
                }
            })
        };
        result.map_err(|refusal| {
            desk.refused(&refusal).unwrap_or_else(|| self.plugin.refused(&calls::CREATE, refusal))
        })?;
        if made.is_null() {
            return Err(self.plugin.broken(&calls::CREATE, "said OK but made no penalty"));
        }
        Ok(Object::new(self.plugin.clone(), made, self.functions.destroy))
    }
}

/// What a penalty was made from.
#[derive(Debug)]
pub(super) struct Recipe {
    maker: PenaltyMaker,
    parameters: Map<String, Value>,
    space: Space,
    kept: Kept,
}

impl Recipe {
    /// The parameters, as JSON.
    pub(super) fn parameters(&self) -> Value {
        Value::Object(self.parameters.clone())
    }

    /// The penalty `object` at another strength; `None` where it has none. Where that fails the
    /// fault is written down.
    pub(super) fn scaled(
        &self,
        object: &Object,
        scaled: Option<abi::Scaled>,
        scale: f64,
    ) -> Result<Option<ForeignPenalty>, Error> {
        let plugin = &self.maker.plugin;
        let parameters = self.multiplied(scale);
        let object = if let Some(scaled) = scaled.and_then(|table| table.scaled) {
            let mut made: *mut c_void = null_mut();
            plugin.demand(&calls::SCALED, |error| {
                // SAFETY: a function of the object's type, with room for the new object.
                #[allow(unsafe_code)]
                unsafe {
                    scaled(object.get(), scale, &mut made, error)
                }
            })?;
            if made.is_null() {
                return Err(plugin.broken(&calls::SCALED, "said OK but made no penalty"));
            }
            Object::new(plugin.clone(), made, self.maker.functions.destroy)
        } else if let Some(parameters) = &parameters {
            let files = Recorded::new(None, &self.kept);
            self.maker.create(parameters, &self.space, &files).map_err(|error| {
                let lambda = &parameters["lambda"];
                plugin.broken(&calls::CREATE, format!("refused lambda = {lambda}: {error}"))
            })?
        } else {
            return Ok(None);
        };
        let recipe = Self {
            maker: self.maker.clone(),
            parameters: parameters.unwrap_or_else(|| self.parameters.clone()),
            space: self.space.clone(),
            kept: self.kept.clone(),
        };
        ForeignPenalty::new(object, Arc::new(recipe)).map(Some)
    }

    /// The parameters with `lambda` multiplied; `None` where the type has no lambda.
    fn multiplied(&self, scale: f64) -> Option<Map<String, Value>> {
        let known = self.parameters.contains_key("lambda")
            || self.maker.card.schema().get("properties")?.get("lambda").is_some();
        if !known {
            return None;
        }
        let lambda = self.parameters.get("lambda").map_or(Some(1.0), Value::as_f64)?;
        let mut parameters = self.parameters.clone();
        parameters.insert("lambda".into(), (scale * lambda).into());
        Some(parameters)
    }
}

impl ForeignPenalty {
    /// Asks the object what it is and can do.
    ///
    /// Errors: answers that cannot be; they are written down as faults too.
    fn new(object: Object, recipe: Arc<Recipe>) -> Result<Self, Error> {
        let functions = &recipe.maker.functions;
        let (space, offers) = (&recipe.space, Some(functions.capability));
        let length = space.len();
        let convexity = convexity(&object, functions)?;
        let lineality = match object.capability::<abi::Lineality>(offers)? {
            Some(table) => lineality::ask(&object, &table, length)?,
            None => fenchel_core::Lineality::Trivial,
        };
        let object = Arc::new(object);

        let separable = object
            .capability::<abi::Separable>(offers)?
            .map(|table| Arc::new(ForeignSeparable::new(object.clone(), table, length)));
        let blocks = match object.capability::<abi::Blocks>(offers)? {
            Some(table) => Some(Arc::new(ForeignBlocks::new(object.clone(), table, space)?)),
            None => None,
        };
        let prox: Option<Arc<dyn Prox>> = match object.capability::<abi::Prox>(offers)? {
            Some(table) => Some(Arc::new(OwnProx::new(object.clone(), table, length))),
            None => match (&separable, &blocks) {
                (Some(separable), _) => Some(Arc::new(WholeSeparable(separable.clone()))),
                (None, Some(blocks)) => Some(Arc::new(WholeBlocks(blocks.clone()))),
                (None, None) => None,
            },
        };
        let own = object.capability::<abi::Subdifferential>(offers)?;
        let subdifferential: Option<Arc<dyn Subdifferential>> = match own {
            Some(table) => Some(Arc::new(OwnSubdifferential::new(object.clone(), table, length))),
            None => match (&separable, &blocks) {
                (Some(separable), _) => Some(Arc::new(WholeSeparable(separable.clone()))),
                (None, Some(blocks)) => Some(Arc::new(WholeBlocks(blocks.clone()))),
                (None, None) => None,
            },
        };
        let norm = object.capability::<abi::DualNorm>(offers)?;
        let own = object.capability::<abi::Conjugate>(offers)?;
        if convexity != Convexity::Convex && (norm.is_some() || own.is_some()) {
            let what = "offers a conjugate or a dual norm of a penalty that is not convex";
            return Err(object.plugin.broken(&calls::CAPABILITY, what));
        }
        let norm = norm.map(|table| Arc::new(FromDualNorm::new(object.clone(), table, length)));
        let conjugate: Option<Arc<dyn Conjugate>> = match own {
            Some(table) => Some(Arc::new(OwnConjugate::new(object.clone(), table, length))),
            None => norm.clone().map(|norm| norm as Arc<dyn Conjugate>),
        };
        let own = object.capability::<abi::ZeroThreshold>(offers)?;
        let zero_threshold: Option<Arc<dyn ZeroThreshold>> = match own {
            Some(table) => Some(Arc::new(OwnThreshold::new(object.clone(), table, length))),
            None => norm.map(|norm| norm as Arc<dyn ZeroThreshold>),
        };
        let elementary: Option<Arc<dyn Elementary>> = match object
            .capability::<abi::Elementary>(offers)?
        {
            Some(table) => Some(Arc::new(ForeignElementary::new(object.clone(), table, length))),
            None => None,
        };
        Ok(Self {
            scaled: object.capability::<abi::Scaled>(offers)?,
            value: functions.value,
            length,
            convexity,
            lineality,
            prox,
            separable: separable.map(|separable| separable as Arc<dyn Separable>),
            blocks: blocks.map(|blocks| blocks as Arc<dyn fenchel_core::Blocks>),
            subdifferential,
            conjugate,
            zero_threshold,
            elementary,
            object,
            recipe: recipe.clone(),
        })
    }
}

fn convexity(object: &Object, functions: &Functions) -> Result<Convexity, Error> {
    let mut modulus = f64::NAN;
    let inside = object.plugin.enter(&calls::CONVEXITY);
    // SAFETY: a function of the object's type, with room for a number.
    #[allow(unsafe_code)]
    let class = unsafe { (functions.convexity)(object.get(), &mut modulus) };
    drop(inside);
    match class {
        abi::CONVEX => Ok(Convexity::Convex),
        abi::NONCONVEX => Ok(Convexity::Nonconvex),
        abi::WEAKLY_CONVEX if modulus.is_finite() && modulus > 0.0 => {
            Ok(Convexity::WeaklyConvex(modulus))
        }
        abi::WEAKLY_CONVEX => {
            let what = format!("gave the modulus {modulus}, expected a finite number above 0");
            Err(object.plugin.broken(&calls::CONVEXITY, what))
        }
        other => {
            let what = format!("returned {other}, expected FENCHEL_CONVEX or its like (0 to 2)");
            Err(object.plugin.broken(&calls::CONVEXITY, what))
        }
    }
}
