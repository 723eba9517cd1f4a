//! `fenchel_plugin.h`, struct for struct. The header says what each member does, which threads may
//! call it and who owns what; here it is only laid out again, and a test compiles C against it.
//!
//! Every struct is all zero where it is absent, so one that was compiled against an older header is
//! read by [`Table::read`]: what its `size` does not reach is `None`.
// The header is the documentation of every member.
#![allow(missing_docs)]

mod entry;
mod loss;
mod numbers;
mod penalty;
mod shared;

use std::ffi::CStr;

pub use entry::Plugin;
pub use loss::{
    Curvature, FitConjugate, FitProx, FitType, LossType, Own, Predictor, Samples, Smooth,
};
pub use numbers::*;
pub use penalty::{
    Blocks, Conjugate, DualNorm, Elementary, Lineality, PenaltyType, Prox, Scaled, Separable,
    Subdifferential, ZeroThreshold,
};
pub use shared::{Card, Error, Space};

/// Name of the symbol that a plugin exports.
pub const ENTRY: &CStr = c"fenchel_plugin_v1";

/// A struct of the header: its first member is its size, and all zero is a valid value, in which
/// every function is absent.
///
/// # Safety
/// Both have to be true.
#[allow(unsafe_code)]
pub unsafe trait Table: Copy {
    /// Copies as much of the struct at `table` as its own `size` reaches; the rest is zero.
    /// `None` for a null or misaligned pointer and for a size that is not even there.
    ///
    /// # Safety
    /// `table` is null, or points to a struct of this type as some revision of the header has it.
    unsafe fn read(table: *const Self) -> Option<Self> {
        if table.is_null() || !table.is_aligned() {
            return None;
        }
        // SAFETY: the caller's promise; every revision begins with its size.
        let size = unsafe { table.cast::<usize>().read() };
        if size < size_of::<usize>() {
            return None;
        }
        let mut copy = std::mem::MaybeUninit::<Self>::zeroed();
        let reached = size.min(size_of::<Self>());
        // SAFETY: `size` bytes are there by the caller's promise, and the copy has room for
        // `reached` of them; all zero is valid by the trait's.
        unsafe {
            table.cast::<u8>().copy_to_nonoverlapping(copy.as_mut_ptr().cast(), reached);
            Some(copy.assume_init())
        }
    }
}

/// A struct that is asked for by id and revision.
pub trait Capability: Table {
    /// What to ask for.
    const ID: &CStr;
    /// The revision laid out here.
    const REVISION: u32 = 1;
}

macro_rules! table {
    ($table:ident) => {
        // SAFETY: laid out as the header's struct, which begins with `size`; every other member is
        // a number, a raw pointer or an optional function, and zero is valid for all three.
        #[allow(unsafe_code)]
        unsafe impl crate::Table for $table {}
    };
    ($table:ident, $id:literal) => {
        table!($table);
        impl crate::Capability for $table {
            const ID: &std::ffi::CStr = $id;
        }
    };
}
use table;
