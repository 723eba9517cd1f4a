//! The directions along which a penalty is constant, as its plugin tells them.

use fenchel_core::{Error, Lineality};
use fenchel_plugin_abi as abi;

use super::whole::COEFFICIENTS;
use crate::calls;
use crate::object::Object;
use crate::output::{Allowed, Output};

/// An index that no output holds before it is written.
const UNWRITTEN: usize = usize::MAX - 0x6665;

/// Asks for the lineality space of a penalty of `length` coefficients.
///
/// Errors: indices that are out of range or not ascending, vectors that are not finite.
pub(super) fn ask(
    object: &Object,
    table: &abi::Lineality,
    length: usize,
) -> Result<Lineality, Error> {
    let plugin = &object.plugin;
    let call = &calls::LINEALITY;
    let broken = |what: String| plugin.broken(call, what);
    let kind_of = table.kind.expect("checked when it was asked for");
    let (mut kind, mut count) = (-1, 0);
    plugin.demand(call, |error| {
        // SAFETY: a function of the object, with room for two numbers.
        #[allow(unsafe_code)]
        unsafe {
            kind_of(object.get(), &mut kind, &mut count, error)
        }
    })?;
    if count > length && (kind == abi::COORDINATES || kind == abi::BASIS) {
        return Err(broken(format!("gave {count} directions of {length} coefficients")));
    }
    match kind {
        abi::TRIVIAL => Ok(Lineality::Trivial),
        abi::EVERYTHING => Ok(Lineality::Everything),
        abi::COORDINATES | abi::BASIS if count == 0 => Ok(Lineality::Trivial),
        abi::COORDINATES => {
            let write = table.coordinates.ok_or_else(|| broken("has no `coordinates`".into()))?;
            // One more than there is room for, to see whether it is written.
            let mut out = vec![UNWRITTEN; count + 1];
            plugin.demand(call, |error| {
                // SAFETY: a function of the object, with room for `count` indices.
                #[allow(unsafe_code)]
                unsafe {
                    write(object.get(), out.as_mut_ptr(), count, error)
                }
            })?;
            coordinates(out, length).map(Lineality::Coordinates).map_err(broken)
        }
        abi::BASIS => {
            let write = table.basis.ok_or_else(|| broken("has no `basis`".into()))?;
            let size = count.checked_mul(length).filter(|size| *size < isize::MAX as usize / 16);
            let size = size.ok_or_else(|| broken(format!("gave {count} directions")))?;
            let mut out = Output::new(size);
            plugin.demand(call, |error| {
                // SAFETY: a function of the object, with room for `size` numbers.
                #[allow(unsafe_code)]
                unsafe {
                    write(object.get(), out.as_mut_ptr(), size, error)
                }
            })?;
            if let Some(flaw) = out.flaw(Allowed::Finite) {
                return Err(broken(flaw.text(COEFFICIENTS)));
            }
            let basis: Vec<_> = out.numbers().chunks(length).map(<[f64]>::to_vec).collect();
            match basis.iter().position(|direction| direction.iter().all(|&d| d == 0.0)) {
                Some(i) => Err(broken(format!("gave the direction {i}, which is zero"))),
                None => Ok(Lineality::Basis(basis)),
            }
        }
        other => Err(broken(format!("is of kind {other}, expected FENCHEL_TRIVIAL or its like"))),
    }
}

/// The indices before the last entry of `out`, or what is wrong with them.
fn coordinates(mut out: Vec<usize>, length: usize) -> Result<Vec<usize>, String> {
    if out.pop() != Some(UNWRITTEN) {
        return Err("wrote beyond the end of its output".into());
    }
    if let Some(i) = out.iter().position(|&j| j == UNWRITTEN) {
        return Err(format!("left index {i} unwritten"));
    }
    if let Some(j) = out.iter().find(|&&j| j >= length) {
        return Err(format!("gave the index {j}, expected below {length}"));
    }
    if let Some(pair) = out.windows(2).find(|pair| pair[0] >= pair[1]) {
        return Err(format!("gave the index {} after {}: expected ascending", pair[1], pair[0]));
    }
    Ok(out)
}
