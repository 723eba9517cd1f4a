//! Structs of a plugin, read with care: null, misaligned and too small ones are told apart, and a
//! member that is needed and absent is named.

use fenchel_plugin_abi::Table;

/// A member that a struct has to have.
pub(crate) struct Member {
    pub(crate) name: &'static str,
    /// Offset of its last byte plus one.
    pub(crate) end: usize,
    pub(crate) absent: bool,
}

/// A struct whose necessary members are known.
pub(crate) trait Checked: Table {
    /// The necessary ones, in the order of the header.
    fn members(&self) -> Vec<Member>;
}

/// Whether a member is NULL.
pub(crate) trait Absent {
    fn absent(&self) -> bool;
}

impl<T> Absent for Option<T> {
    fn absent(&self) -> bool {
        self.is_none()
    }
}

impl<T> Absent for *const T {
    fn absent(&self) -> bool {
        self.is_null()
    }
}

/// Copies the struct and checks that its necessary members are there; or says what is wrong.
///
/// # Safety
/// `table` is null, misaligned, or points to a struct of this type as some revision of the header
/// has it.
#[allow(unsafe_code)]
pub(crate) unsafe fn read<T: Checked>(table: *const T) -> Result<T, String> {
    if table.is_null() {
        return Err("is NULL".into());
    }
    if !table.is_aligned() {
        return Err(format!("is at an address that is no multiple of {}", align_of::<T>()));
    }
    // SAFETY: not null and aligned; the rest is the caller's promise.
    let (size, copy) = unsafe { (table.cast::<usize>().read(), T::read(table)) };
    let Some(copy) = copy else {
        return Err(format!("its `size` is {size}, which is less than `size` itself"));
    };
    for member in copy.members() {
        if size < member.end {
            return Err(format!("its `size` is {size}, which ends before `{}`", member.name));
        }
        if member.absent {
            return Err(format!("`{}` is NULL", member.name));
        }
    }
    Ok(copy)
}

macro_rules! checked {
    ($($table:ident: $($member:ident),* $(,)?;)*) => {
        $(impl Checked for fenchel_plugin_abi::$table {
            fn members(&self) -> Vec<Member> {
                vec![$(Member {
                    name: stringify!($member),
                    end: std::mem::offset_of!(Self, $member) + size_of_val(&self.$member),
                    absent: self.$member.absent(),
                }),*]
            }
        })*
    };
}

checked! {
    Card: name, summary, formula, method, combines, example, source, schema;
    PenaltyType: card, create, destroy, value, convexity, capability;
    Prox: prox;
    Separable: values, proxes, subdiff_dists;
    Blocks: groups, values, proxes, subdiff_dists;
    Subdifferential: subdiff_dist;
    Conjugate: conjugate, dual_scale;
    DualNorm: dual_norm;
    ZeroThreshold: zero_threshold;
    Elementary: scalars;
    Lineality: kind;
    Scaled: scaled;
    LossType: card, create, destroy, reads, bind, fit;
    FitType: destroy, outputs, value;
    Predictor: columns, response, deviance;
    Smooth: gradient, hessian_bound;
    Curvature: form, curvature;
    FitConjugate: conjugate;
    FitProx: prox;
    Own: count, start;
}
