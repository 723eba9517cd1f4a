//! The entry of a plugin.

use std::ffi::c_char;

use crate::{LossType, PenaltyType, table};

/// `fenchel_plugin`: the entry.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Plugin {
    pub size: usize,
    pub magic: u32,
    pub abi: u32,
    pub flags: u32,
    pub reserved: u32,
    pub name: *const c_char,
    pub version: *const c_char,
    pub penalty: Option<unsafe extern "C" fn(i: usize) -> *const PenaltyType>,
    pub loss: Option<unsafe extern "C" fn(i: usize) -> *const LossType>,
}
table!(Plugin);

// SAFETY: a constant of a library, never written to; the texts that it points to are constants too.
#[allow(unsafe_code)]
unsafe impl Sync for Plugin {}
