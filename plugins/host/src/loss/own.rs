//! Parameters that a loss of a plugin estimates beside the coefficients.

use std::sync::Arc;

use fenchel_core::{Error, OwnParameters, OwnReport};
use fenchel_plugin_abi as abi;

use crate::calls;
use crate::object::Object;
use crate::output::{Allowed, Output};
use crate::plugin::Entries;
use crate::texts;

/// The most that a loss may have of anything that is counted here; beyond it, the count was
/// nonsense.
const MOST: usize = 1 << 24;

const PARAMETERS: Entries = Entries("own parameter", 0);

#[derive(Debug)]
pub(super) struct ForeignOwn {
    object: Arc<Object>,
    table: abi::Own,
    start: Vec<f64>,
    intercepts: usize,
    /// Name and length of each list of the result.
    extras: Vec<(String, usize)>,
}

impl ForeignOwn {
    /// `None` where there are no such parameters.
    ///
    /// Errors: a start that is not finite, counts without the functions that belong to them.
    pub(super) fn new(object: Arc<Object>, table: abi::Own) -> Result<Option<Self>, Error> {
        let count = count(&object, table.count, "count")?;
        if count == 0 {
            return Ok(None);
        }
        let mut start = Output::new(count);
        let write = table.start.expect("checked when it was asked for");
        object.plugin.demand(&calls::OWN, |error| {
            // SAFETY: a function of the object, with room for `count` numbers.
            #[allow(unsafe_code)]
            unsafe {
                write(object.get(), start.as_mut_ptr(), error)
            }
        })?;
        if let Some(flaw) = start.flaw(Allowed::Finite) {
            return Err(object.plugin.broken(&calls::OWN, flaw.text(PARAMETERS)));
        }
        let start = start.numbers().to_vec();
        let mut own = Self { object, table, start, intercepts: 0, extras: vec![] };
        own.intercepts = self::count(&own.object, table.intercepts, "intercepts")?;
        if own.intercepts > 0 && table.intercept.is_none() {
            return Err(own.broken("counts intercepts but has no `intercept`"));
        }
        let extras = self::count(&own.object, table.extras, "extras")?;
        own.extras = (0..extras).map(|i| own.extra(i)).collect::<Result<_, _>>()?;
        Ok(Some(own))
    }

    pub(super) fn count(&self) -> usize {
        self.start.len()
    }

    fn broken(&self, what: impl Into<String>) -> Error {
        self.object.plugin.broken(&calls::OWN, what)
    }

    /// Name and length of list `i`.
    fn extra(&self, i: usize) -> Result<(String, usize), Error> {
        let (Some(name), Some(_)) = (self.table.extra_name, self.table.extra) else {
            return Err(self.broken("counts extras but has no `extra_name` and `extra`"));
        };
        let mut length = usize::MAX;
        let inside = self.object.plugin.enter(&calls::OWN);
        // SAFETY: a function of the object, with room for a number; the fit owns the name.
        #[allow(unsafe_code)]
        let name = unsafe { texts::read(name(self.object.get(), i, &mut length)) };
        drop(inside);
        let name =
            name.map_err(|what| self.broken(format!("gave a name of list {i} that {what}")))?;
        if length > MOST {
            return Err(self.broken(format!("gave list {i}, \"{name}\", {length} numbers")));
        }
        Ok((name, length))
    }

    fn fill(
        &self,
        entries: Entries,
        inputs: &[&[f64]],
        out: &mut [f64],
        run: impl FnOnce(*const std::ffi::c_void, *mut f64, *mut abi::Error) -> i32,
    ) {
        let object = &self.object;
        object.plugin.fill(&calls::OWN, (entries, Allowed::Finite), inputs, out, |out, error| {
            run(object.get(), out, error)
        });
    }
}

/// A count of the fit; 0 where the function is absent.
fn count(
    object: &Object,
    function: Option<unsafe extern "C" fn(*const std::ffi::c_void) -> usize>,
    name: &str,
) -> Result<usize, Error> {
    let Some(function) = function else { return Ok(0) };
    let inside = object.plugin.enter(&calls::OWN);
    // SAFETY: a function of the object.
    #[allow(unsafe_code)]
    let count = unsafe { function(object.get()) };
    drop(inside);
    if count > MOST {
        return Err(object.plugin.broken(&calls::OWN, format!("returned {count} as `{name}`")));
    }
    Ok(count)
}

impl OwnParameters for ForeignOwn {
    fn start(&self) -> Vec<f64> {
        self.start.clone()
    }

    fn report(&self, own: &[f64]) -> OwnReport {
        assert_eq!(own.len(), self.count());
        let intercept = self.table.intercept.filter(|_| self.intercepts > 0).map(|write| {
            let mut out = vec![0.0; self.intercepts];
            self.fill(Entries("intercept", 0), &[own], &mut out, |object, out, error| {
                // SAFETY: a function of the object, with room for as many numbers as it said.
                #[allow(unsafe_code)]
                unsafe {
                    write(object, own.as_ptr(), out, error)
                }
            });
            out
        });
        let list = |(i, (name, length)): (usize, &(String, usize))| {
            let mut out = vec![0.0; *length];
            let write = self.table.extra.expect("checked when the lists were counted");
            let entries = Entries("entry of an extra list", 0);
            self.fill(entries, &[own], &mut out, |object, out, error| {
                // SAFETY: a function of the object, with room for as many numbers as it said.
                #[allow(unsafe_code)]
                unsafe {
                    write(object, i, own.as_ptr(), out, error)
                }
            });
            (name.clone(), out)
        };
        OwnReport { intercept, extra: self.extras.iter().enumerate().map(list).collect() }
    }
}
