//! Objects that a plugin made.

use std::ffi::c_void;

use fenchel_core::Error;
use fenchel_plugin_abi::Capability;

use crate::calls;
use crate::plugin::Plugin;
use crate::tables::{self, Checked};

/// The object's address. Functions in any thread get it, as the header allows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Handle(pub(crate) *mut c_void);

// SAFETY: the functions that get it are those that the header lets any thread call at any time; it
// is destroyed once, when nobody holds the object any more.
#[allow(unsafe_code)]
unsafe impl Send for Handle {}
// SAFETY: as above.
#[allow(unsafe_code)]
unsafe impl Sync for Handle {}

/// `destroy` of its type.
pub(crate) type Destroy = unsafe extern "C" fn(*mut c_void);

/// `capability` of its type.
pub(crate) type Offers =
    unsafe extern "C" fn(*const c_void, *const std::ffi::c_char, u32) -> *const c_void;

/// An object, given back to its type when it is dropped.
#[derive(Debug)]
pub(crate) struct Object {
    pub(crate) plugin: Plugin,
    handle: Handle,
    destroy: Destroy,
}

impl Object {
    pub(crate) fn new(plugin: Plugin, handle: *mut c_void, destroy: Destroy) -> Self {
        Self { plugin, handle: Handle(handle), destroy }
    }

    /// What functions of the plugin get.
    #[inline]
    pub(crate) fn get(&self) -> *const c_void {
        self.handle.0
    }

    /// What functions of the plugin get, as something that other threads may have.
    #[inline]
    pub(crate) fn handle(&self) -> Handle {
        self.handle
    }

    /// Asks for a capability; `None` where it is not offered.
    ///
    /// Errors: one that is offered but not whole.
    pub(crate) fn capability<C>(&self, offers: Option<Offers>) -> Result<Option<C>, Error>
    where
        C: Capability + Checked,
    {
        let Some(offers) = offers else { return Ok(None) };
        let inside = self.plugin.enter(&calls::CAPABILITY);
        // SAFETY: a function of the object's own type, with a constant text.
        #[allow(unsafe_code)]
        let table = unsafe { offers(self.get(), C::ID.as_ptr(), C::REVISION) }.cast::<C>();
        drop(inside);
        if table.is_null() {
            return Ok(None);
        }
        // SAFETY: what is offered under this id is this struct, and lives as long as the library.
        #[allow(unsafe_code)]
        let read = unsafe { tables::read(table) };
        read.map(Some).map_err(|what| {
            let id = C::ID.to_string_lossy();
            self.plugin.broken(&calls::CAPABILITY, format!("offers {id}, but {what}"))
        })
    }
}

impl Drop for Object {
    fn drop(&mut self) {
        let _inside = self.plugin.enter(&calls::DESTROY);
        // SAFETY: made by this type, and nobody has it any more.
        #[allow(unsafe_code)]
        unsafe {
            (self.destroy)(self.handle.0);
        }
    }
}
