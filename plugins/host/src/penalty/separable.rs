//! A penalty on single coefficients.
//!
//! Coordinate descent asks for one prox at a time, each depending on the last: there the plugin's
//! function is called bare, and what it returned is looked at once an epoch. Everything else is done
//! in batches.

use std::ffi::c_void;
use std::sync::Arc;

use fenchel_core::sweep::{self, Sweep, SweepReport};
use fenchel_core::{Prox, Separable, Subdifferential, worst};
use fenchel_plugin_abi as abi;

use crate::calls::{self, Call};
use crate::object::{Handle, Object};
use crate::output::{Allowed, UNWRITTEN};
use crate::plugin::Entries;

/// Coefficients in one call: enough that the call itself costs nothing, few enough that input and
/// output stay in the fastest cache.
const BATCH: usize = 1024;

#[derive(Debug)]
pub(super) struct ForeignSeparable {
    object: Arc<Object>,
    table: abi::Separable,
    length: usize,
}

type ProxAt = unsafe extern "C" fn(*const c_void, usize, f64, f64) -> f64;

impl ForeignSeparable {
    pub(super) fn new(object: Arc<Object>, table: abi::Separable, length: usize) -> Self {
        Self { object, table, length }
    }

    fn fill(
        &self,
        (call, first, allowed): (&'static Call, usize, Allowed),
        inputs: [&[f64]; 2],
        out: &mut [f64],
        run: impl FnOnce(*mut f64, *mut abi::Error) -> i32,
    ) {
        assert!(first + out.len() <= self.length);
        let entries = Entries::Of("coefficient", first);
        self.object.plugin.fill(call, (entries, allowed), &inputs, out, run);
    }

    /// Writes the values of coefficients from `first` on.
    fn values(&self, first: usize, b: &[f64], out: &mut [f64]) {
        let values = self.table.values.expect("checked when it was asked for");
        let (object, count) = (&self.object, out.len());
        self.fill((&calls::VALUES, first, Allowed::Value), [b, &[]], out, |out, error| {
            // SAFETY: a function of the object; indices below its length, `count` numbers each.
            #[allow(unsafe_code)]
            unsafe {
                values(object.get(), first, count, b.as_ptr(), out, error)
            }
        });
    }

    /// Writes the proxes of coefficients from `first` on.
    fn proxes(&self, first: usize, v: &[f64], steps: &[f64], out: &mut [f64]) {
        let proxes = self.table.proxes.expect("checked when it was asked for");
        let (object, count) = (&self.object, out.len());
        self.fill((&calls::PROXES, first, Allowed::Finite), [v, steps], out, |out, error| {
            // SAFETY: a function of the object; indices below its length, `count` numbers each.
            #[allow(unsafe_code)]
            unsafe {
                proxes(object.get(), first, count, v.as_ptr(), steps.as_ptr(), out, error)
            }
        });
    }

    /// Writes the distances of coefficients from `first` on.
    fn distances(&self, first: usize, b: &[f64], grad: &[f64], out: &mut [f64]) {
        let dists = self.table.subdiff_dists.expect("checked when it was asked for");
        let (object, count) = (&self.object, out.len());
        let what = (&calls::SUBDIFF_DISTS, first, Allowed::Distance);
        self.fill(what, [b, grad], out, |out, error| {
            // SAFETY: a function of the object; indices below its length, `count` numbers each.
            #[allow(unsafe_code)]
            unsafe {
                dists(object.get(), first, count, b.as_ptr(), grad.as_ptr(), out, error)
            }
        });
    }

    /// Looks for the coefficient that an epoch broke. Before the first such one everything was
    /// finite, so what it was computed from was, unless the epoch began with something that was not.
    #[cold]
    fn blame(&self, sweep: &Sweep<'_>) {
        let broken = |&(_, j): &(usize, &usize)| !sweep.beta[*j].is_finite();
        let Some((at, &j)) = sweep.working.iter().enumerate().find(broken) else { return };
        if sweep.stored_sums[at].is_finite() && sweep.lipschitz[at].is_finite() {
            self.blame_one(j, sweep.beta[j]);
        }
    }

    /// The prox of one coefficient has no room for words, that of many has.
    #[cold]
    fn blame_one(&self, j: usize, b: f64) {
        self.proxes(j, &[0.0], &[1.0], &mut [0.0]);
        // What that said came first, and counts.
        self.object.plugin.report(&calls::PROX_AT, format!("returned {b} for coefficient {j}"));
    }
}

impl Separable for ForeignSeparable {
    fn value_at(&self, j: usize, b: f64) -> f64 {
        let mut out = [0.0];
        self.values(j, &[b], &mut out);
        out[0]
    }

    fn prox_at(&self, j: usize, v: f64, step: f64) -> f64 {
        let Some(prox_at) = self.table.prox_at else {
            let mut out = [0.0];
            self.proxes(j, &[v], &[step], &mut out);
            return out[0];
        };
        assert!(j < self.length);
        let plugin = &self.object.plugin;
        let inside = plugin.enter(&calls::PROX_AT);
        // SAFETY: a function of the object, and an index below its length.
        #[allow(unsafe_code)]
        let b = unsafe { prox_at(self.object.get(), j, v, step) };
        drop(inside);
        if !b.is_finite() && v.is_finite() && step.is_finite() {
            self.blame_one(j, b);
        }
        b
    }

    fn subdiff_dist_at(&self, j: usize, b: f64, grad: f64) -> f64 {
        let mut out = [0.0];
        self.distances(j, &[b], &[grad], &mut out);
        out[0]
    }

    fn subdiff_dist_range(&self, first: usize, b: &[f64], grad: &[f64], out: &mut [f64]) {
        let batches = b.chunks(BATCH).zip(grad.chunks(BATCH)).zip(out.chunks_mut(BATCH));
        for (i, ((b, grad), out)) in batches.enumerate() {
            self.distances(first + i * BATCH, b, grad, out);
        }
    }

    /// The indices are scattered, so that there is no batch: the plugin's function is called bare,
    /// and only a sum that is no number is looked into.
    fn value_over(&self, working: &[usize], beta: &[f64]) -> f64 {
        let values = self.table.values.expect("checked when it was asked for");
        assert_eq!(beta.len(), self.length);
        let mut total = 0.0;
        let done = self.object.plugin.attempt(&calls::VALUES, |error| {
            for &j in working {
                let (b, mut value) = (beta[j], UNWRITTEN);
                // SAFETY: a function of the object, and an index below its length; one number each.
                #[allow(unsafe_code)]
                let status = unsafe { values(self.object.get(), j, 1, &b, &mut value, error) };
                if status != abi::OK {
                    return status;
                }
                total += value;
            }
            abi::OK
        });
        match done {
            true if Allowed::Value.takes(total) => total,
            true => working.iter().map(|&j| self.value_at(j, beta[j])).sum(),
            false => f64::NAN,
        }
    }

    fn sweep(&self, s: &mut Sweep<'_>) -> SweepReport {
        let Some(prox_at) = self.table.prox_at else { return sweep::run(self, s) };
        // The loop reads the old coefficient first, so no index beyond them reaches the plugin.
        assert_eq!(s.beta.len(), self.length);
        let finite = |x: &&mut [f64]| x.iter().all(|x| x.is_finite());
        let began_finite = [&s.shift, &s.weighted_sum].into_iter().all(finite);
        let bare = Bare { handle: self.object.handle(), prox_at, guarded: self };
        let inside = self.object.plugin.enter(&calls::PROX_AT);
        let report = sweep::run(&bare, s);
        drop(inside);
        // A step that is not finite makes the largest step infinite, so this is all to look at.
        if !report.largest_step.is_finite() && began_finite {
            self.blame(s);
        }
        report
    }
}

/// The penalty inside an epoch: nothing stands between the loop and the plugin's function.
struct Bare<'a> {
    handle: Handle,
    prox_at: ProxAt,
    guarded: &'a ForeignSeparable,
}

impl Separable for Bare<'_> {
    fn value_at(&self, j: usize, b: f64) -> f64 {
        self.guarded.value_at(j, b)
    }
    #[inline(always)]
    fn prox_at(&self, j: usize, v: f64, step: f64) -> f64 {
        // SAFETY: a function of the object; the sweep has looked up coefficient `j` before.
        #[allow(unsafe_code)]
        unsafe {
            (self.prox_at)(self.handle.0, j, v, step)
        }
    }
    fn subdiff_dist_at(&self, j: usize, b: f64, grad: f64) -> f64 {
        self.guarded.subdiff_dist_at(j, b, grad)
    }
}

/// Prox and subdifferential of the whole, batch by batch.
pub(super) struct WholeSeparable(pub(super) Arc<ForeignSeparable>);

impl Prox for WholeSeparable {
    fn prox(&self, v: &[f64], step: f64, out: &mut [f64]) -> f64 {
        let steps = [step; BATCH];
        let mut values = [0.0; BATCH];
        let mut total = 0.0;
        for (i, (v, out)) in v.chunks(BATCH).zip(out.chunks_mut(BATCH)).enumerate() {
            self.0.proxes(i * BATCH, v, &steps[..v.len()], out);
            let values = &mut values[..out.len()];
            self.0.values(i * BATCH, out, values);
            values.iter().for_each(|value| total += value);
        }
        total
    }
}

impl Subdifferential for WholeSeparable {
    fn subdiff_dist(&self, beta: &[f64], grad: &[f64]) -> f64 {
        let mut dists = [0.0; BATCH];
        let mut top = 0.0;
        for (i, (beta, grad)) in beta.chunks(BATCH).zip(grad.chunks(BATCH)).enumerate() {
            let dists = &mut dists[..beta.len()];
            self.0.distances(i * BATCH, beta, grad, dists);
            top = dists.iter().fold(top, |top, dist| worst(top, *dist));
        }
        top
    }
}
