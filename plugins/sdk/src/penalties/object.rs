//! A penalty behind the pointer that the host holds.
#![allow(unsafe_code)]

use std::ffi::c_void;
use std::sync::OnceLock;

use fenchel_core::{Convexity, Error, Lineality, Penalty, Separable};
use fenchel_plugin_abi as abi;

use crate::report::{Failure, guarded};

/// A penalty, with what does not change while it lives. Convexity is asked for here, so that the
/// function that cannot fail need not run the author's code.
pub(crate) struct Object {
    owned: *mut dyn Penalty,
    separable: Option<*const dyn Separable>,
    convexity: Convexity,
    lineality: OnceLock<Lineality>,
    length: usize,
    outputs: usize,
}

// SAFETY: all that is behind the pointers is `Send + Sync`, as every penalty is.
unsafe impl Send for Object {}
// SAFETY: as above.
unsafe impl Sync for Object {}

impl Object {
    /// A penalty on `length` coefficients in `outputs` columns.
    ///
    /// Errors: where it offers terms and nothing else that a solver could work with.
    pub(crate) fn new(
        penalty: Box<dyn Penalty>,
        length: usize,
        outputs: usize,
    ) -> Result<Self, Failure> {
        let whole = penalty.as_prox().is_some() || penalty.as_separable().is_some();
        if !whole && penalty.as_blocks().is_none() && penalty.as_terms().is_some() {
            return Err(Failure::Refused(Error::Unsupported(
                "a plugin's penalty cannot be a sum of terms behind operators: offer each term as a \
                 type of its own, and put them together by `sum` and `linear`"
                    .into(),
            )));
        }
        let convexity = penalty.convexity();
        let owned = Box::into_raw(penalty);
        // SAFETY: `owned` is alive until `drop`, and never written to.
        let separable = unsafe { &*owned }.as_separable().map(std::ptr::from_ref);
        Ok(Self { owned, separable, convexity, lineality: OnceLock::new(), length, outputs })
    }

    pub(crate) fn penalty(&self) -> &dyn Penalty {
        // SAFETY: `owned` is alive until `drop`, and never written to.
        unsafe { &*self.owned }
    }

    /// Kept, as coordinate descent asks for it at every step.
    #[inline]
    pub(crate) fn separable(&self) -> Option<&dyn Separable> {
        // SAFETY: borrowed from `owned`, which is alive until `drop` and never written to.
        self.separable.map(|part| unsafe { &*part })
    }

    pub(crate) fn convexity(&self) -> Convexity {
        self.convexity
    }

    /// Asked of the author once, so that the host, who asks in pieces, gets pieces of one answer.
    pub(crate) fn lineality(&self) -> &Lineality {
        self.lineality.get_or_init(|| self.penalty().lineality())
    }

    /// p K.
    pub(crate) fn length(&self) -> usize {
        self.length
    }

    /// K.
    pub(crate) fn outputs(&self) -> usize {
        self.outputs
    }

    pub(crate) fn into_raw(self) -> *mut c_void {
        Box::into_raw(Box::new(self)).cast()
    }

    /// # Safety
    /// `object` is from [`Object::into_raw`], and is not used again.
    pub(crate) unsafe fn from_raw(object: *mut c_void) -> Box<Self> {
        // SAFETY: the caller's promise.
        unsafe { Box::from_raw(object.cast()) }
    }

    /// # Safety
    /// `object` is from [`Object::into_raw`], and lives as long as the reference.
    #[inline]
    pub(crate) unsafe fn at<'a>(object: *const c_void) -> &'a Self {
        // SAFETY: the caller's promise.
        unsafe { &*object.cast() }
    }
}

impl Drop for Object {
    fn drop(&mut self) {
        // SAFETY: from `Box::into_raw`, and dropped once.
        drop(unsafe { Box::from_raw(self.owned) });
    }
}

pub(super) static SCALED: abi::Scaled =
    abi::Scaled { size: size_of::<abi::Scaled>(), scaled: Some(scaled) };

unsafe extern "C" fn scaled(
    penalty: *const c_void,
    scale: f64,
    out: *mut *mut c_void,
    error: *mut abi::Error,
) -> i32 {
    // SAFETY: the header's promises for `scaled`, here and below.
    let object = unsafe { Object::at(penalty) };
    unsafe {
        guarded(error, || {
            let scaled = object.penalty().scaled(scale);
            out.write(Object::new(scaled, object.length, object.outputs)?.into_raw());
            Ok(())
        })
    }
}
