//! What both kinds of types use.

use std::ffi::{c_char, c_void};

use crate::table;

/// `fenchel_error`: the host's buffers for what went wrong.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Error {
    pub size: usize,
    pub message: *mut c_char,
    pub message_capacity: usize,
    pub path: *mut c_char,
    pub path_capacity: usize,
    pub sample: i64,
}
table!(Error);

/// `fenchel_card`: what `list`, `describe` and `schema` show of a type.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Card {
    pub size: usize,
    pub name: *const c_char,
    pub summary: *const c_char,
    pub formula: *const c_char,
    pub method: *const c_char,
    pub combines: *const c_char,
    pub example: *const c_char,
    pub source: *const c_char,
    pub schema: *const c_char,
}
table!(Card);

/// `fenchel_space`: the coefficients that a penalty is built for, and services of the host.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Space {
    pub size: usize,
    pub features: usize,
    pub outputs: usize,
    pub host: *const c_void,
    pub feature: Option<
        unsafe extern "C" fn(space: *const Space, j: usize, length: *mut usize) -> *const c_char,
    >,
    pub groups: Option<
        unsafe extern "C" fn(
            space: *const Space,
            key: *const c_char,
            starts: *mut *const usize,
            members: *mut *const usize,
            count: *mut usize,
            error: *mut Error,
        ) -> i32,
    >,
    pub table_column: Option<
        unsafe extern "C" fn(
            space: *const Space,
            file: *const c_char,
            column: *const c_char,
            cells: *mut *const *const c_char,
            count: *mut usize,
            error: *mut Error,
        ) -> i32,
    >,
    pub matrix: Option<
        unsafe extern "C" fn(
            space: *const Space,
            file: *const c_char,
            values: *mut *const f64,
            rows: *mut usize,
            cols: *mut usize,
            error: *mut Error,
        ) -> i32,
    >,
}
table!(Space);
