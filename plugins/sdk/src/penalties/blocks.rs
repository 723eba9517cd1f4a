//! Penalties on blocks of features, many blocks at a time.
#![allow(unsafe_code)]

use std::ffi::c_void;
use std::ops::Range;

use fenchel_core::Blocks;
use fenchel_plugin_abi as abi;

use super::object::Object;
use crate::boundary::{input, output};
use crate::report::{Failure, guarded};

pub(super) static BLOCKS: abi::Blocks = abi::Blocks {
    size: size_of::<abi::Blocks>(),
    groups: Some(groups),
    values: Some(values),
    proxes: Some(proxes),
    subdiff_dists: Some(subdiff_dists),
};

unsafe extern "C" fn groups(
    penalty: *const c_void,
    starts: *mut *const usize,
    members: *mut *const usize,
    count: *mut usize,
    error: *mut abi::Error,
) -> i32 {
    // SAFETY: the header's promises for `groups`, here and below.
    let object = unsafe { Object::at(penalty) };
    unsafe {
        guarded(error, || {
            let groups = part(object)?.groups();
            let (all, begins) = groups.parts();
            starts.write(begins.as_ptr());
            members.write(all.as_ptr());
            count.write(groups.len());
            Ok(())
        })
    }
}

unsafe extern "C" fn values(
    penalty: *const c_void,
    first: usize,
    count: usize,
    b: *const f64,
    out: *mut f64,
    error: *mut abi::Error,
) -> i32 {
    // SAFETY: the header's promises for `values`, here and below: the arrays hold what the blocks
    // hold.
    let object = unsafe { Object::at(penalty) };
    unsafe {
        guarded(error, || {
            let (part, ranges) = blocks(object, first, count)?;
            let (b, out) = (input(b, length(&ranges)), output(out, count));
            for (i, range) in ranges.into_iter().enumerate() {
                out[i] = part.value_block(first + i, &b[range]);
            }
            Ok(())
        })
    }
}

unsafe extern "C" fn proxes(
    penalty: *const c_void,
    first: usize,
    count: usize,
    v: *const f64,
    steps: *const f64,
    out: *mut f64,
    error: *mut abi::Error,
) -> i32 {
    // SAFETY: the header's promises for `proxes`, here and below: the arrays hold what the blocks
    // hold.
    let (object, steps) = unsafe { (Object::at(penalty), input(steps, count)) };
    unsafe {
        guarded(error, || {
            let (part, ranges) = blocks(object, first, count)?;
            let (v, out) = (input(v, length(&ranges)), output(out, length(&ranges)));
            for (i, range) in ranges.into_iter().enumerate() {
                part.prox_block(first + i, &v[range.clone()], steps[i], &mut out[range]);
            }
            Ok(())
        })
    }
}

unsafe extern "C" fn subdiff_dists(
    penalty: *const c_void,
    first: usize,
    count: usize,
    b: *const f64,
    grad: *const f64,
    out: *mut f64,
    error: *mut abi::Error,
) -> i32 {
    // SAFETY: the header's promises for `subdiff_dists`, here and below: the arrays hold what the
    // blocks hold.
    let object = unsafe { Object::at(penalty) };
    unsafe {
        guarded(error, || {
            let (part, ranges) = blocks(object, first, count)?;
            let (b, grad) = (input(b, length(&ranges)), input(grad, length(&ranges)));
            let out = output(out, count);
            for (i, range) in ranges.into_iter().enumerate() {
                out[i] = part.subdiff_dist_block(first + i, &b[range.clone()], &grad[range]);
            }
            Ok(())
        })
    }
}

fn part(object: &Object) -> Result<&dyn Blocks, Failure> {
    let blocks = object.penalty().as_blocks();
    blocks.ok_or_else(|| Failure::Broken("the penalty has no blocks".into()))
}

/// The blocks, and where each of `first .. first + count` stands in an array of just these.
fn blocks(
    object: &Object,
    first: usize,
    count: usize,
) -> Result<(&dyn Blocks, Vec<Range<usize>>), Failure> {
    let part = part(object)?;
    let groups = part.groups();
    if first.checked_add(count).is_none_or(|end| end > groups.len()) {
        let what = format!("there are {} blocks, none from {first} on for {count}", groups.len());
        return Err(Failure::Broken(what));
    }
    let mut end = 0;
    let ranges = (first..first + count).map(|g| {
        let begin = end;
        end += groups.members(g).len() * object.outputs();
        begin..end
    });
    Ok((part, ranges.collect()))
}

fn length(ranges: &[Range<usize>]) -> usize {
    ranges.last().map_or(0, |range| range.end)
}
