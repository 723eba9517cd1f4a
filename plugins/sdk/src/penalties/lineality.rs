//! Directions along which a penalty is constant.
#![allow(unsafe_code)]

use std::ffi::c_void;

use fenchel_core::Lineality;
use fenchel_plugin_abi as abi;

use super::object::Object;
use crate::boundary::output;
use crate::report::{Failure, guarded};

pub(super) static LINEALITY: abi::Lineality = abi::Lineality {
    size: size_of::<abi::Lineality>(),
    kind: Some(kind),
    coordinates: Some(coordinates),
    basis: Some(basis),
};

unsafe extern "C" fn kind(
    penalty: *const c_void,
    kind: *mut i32,
    count: *mut usize,
    error: *mut abi::Error,
) -> i32 {
    // SAFETY: the header's promises for `kind`, here and below.
    let object = unsafe { Object::at(penalty) };
    unsafe {
        guarded(error, || {
            let (which, many) = match object.lineality() {
                Lineality::Trivial => (abi::TRIVIAL, 0),
                Lineality::Coordinates(free) => (abi::COORDINATES, free.len()),
                Lineality::Basis(vectors) => (abi::BASIS, vectors.len()),
                Lineality::Everything => (abi::EVERYTHING, object.length()),
            };
            kind.write(which);
            count.write(many);
            Ok(())
        })
    }
}

unsafe extern "C" fn coordinates(
    penalty: *const c_void,
    out: *mut usize,
    count: usize,
    error: *mut abi::Error,
) -> i32 {
    // SAFETY: the header's promises for `coordinates`, here and below.
    let (object, out) = unsafe { (Object::at(penalty), output(out, count)) };
    unsafe {
        guarded(error, || match object.lineality() {
            Lineality::Coordinates(free) if free.len() == out.len() => {
                out.copy_from_slice(free);
                Ok(())
            }
            _ => Err(not_so("coordinates", count)),
        })
    }
}

unsafe extern "C" fn basis(
    penalty: *const c_void,
    out: *mut f64,
    length: usize,
    error: *mut abi::Error,
) -> i32 {
    // SAFETY: the header's promises for `basis`, here and below.
    let (object, out) = unsafe { (Object::at(penalty), output(out, length)) };
    unsafe {
        guarded(error, || match object.lineality() {
            Lineality::Basis(vectors) if vectors.iter().map(Vec::len).sum::<usize>() == length => {
                for (out, vector) in out.chunks_exact_mut(object.length().max(1)).zip(vectors) {
                    out.copy_from_slice(vector);
                }
                Ok(())
            }
            _ => Err(not_so("numbers of a basis", length)),
        })
    }
}

fn not_so(what: &str, count: usize) -> Failure {
    Failure::Broken(format!("the lineality space is not given by {count} {what}"))
}
