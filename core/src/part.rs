//! A loss on some of a design's rows: the model of a fold needs no copy of them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::Error;
use crate::curvature::CurvatureForm;
use crate::finite_sum::SampleFit;
use crate::loss::{
    Curvature, DataFit, EntrywiseProx, FitConjugate, FitProx, HessianProduct, OwnParameters,
    OwnReport, SmoothFit,
};
use crate::thresholds::Thresholds;

/// `f(eta_R, own)` for a loss `f` on the samples `R`, as a function of the `eta` of all n rows: it has
/// no slope along the others, and its conjugate is infinite where a dual point has weight on them.
#[derive(Debug)]
pub struct Part {
    fit: Arc<dyn DataFit>,
    /// Whether it is about the predictor that is wider by the loss's thresholds.
    widened: bool,
    /// `R`, ascending.
    rows: Arc<[u32]>,
    /// Number of rows of the design.
    all: usize,
    /// The same with the thresholds in the predictor, where the loss has any.
    wider: Option<Box<Part>>,
    buffers: Mutex<Buffers>,
}

/// What goes to the loss and what comes back.
#[derive(Debug, Default)]
struct Buffers {
    input: Vec<f64>,
    output: Vec<f64>,
}

impl Buffers {
    /// Takes the rows `rows` of `from`, n numbers a column.
    fn take(&mut self, rows: &[u32], all: usize, from: &[f64]) {
        self.input.clear();
        for column in from.chunks(all.max(1)) {
            self.input.extend(rows.iter().map(|&i| column[i as usize]));
        }
    }

    /// Room for `length` numbers.
    fn room(&mut self, length: usize) -> (&[f64], &mut [f64]) {
        self.output.resize(length, 0.0);
        (&self.input, &mut self.output)
    }

    /// Puts what came back where it belongs.
    fn put(&self, rows: &[u32], all: usize, out: &mut [f64]) {
        let columns = self.output.chunks(rows.len()).zip(out.chunks_mut(all.max(1)));
        for (from, out) in columns {
            rows.iter().zip(from).for_each(|(&i, from)| out[i as usize] = *from);
        }
    }
}

impl Part {
    /// The loss `fit` on the rows `rows` of `all`.
    ///
    /// Errors: [`Error::Length`] unless there is one row a sample; [`Error::Data`] unless rows strictly
    /// ascend and are rows of the design.
    pub fn new(fit: Box<dyn DataFit>, rows: Arc<[u32]>, all: usize) -> Result<Self, Error> {
        Error::check_length("rows", rows.len(), fit.samples())?;
        let ascend = rows.windows(2).all(|pair| pair[0] < pair[1]);
        if !ascend || rows.last().is_none_or(|&last| last as usize >= all) {
            return Err(Error::Data(format!(
                "rows of a part must ascend and stay below {all}, and there must be some"
            )));
        }
        let fit: Arc<dyn DataFit> = fit.into();
        let part = |widened, wider| Self {
            fit: fit.clone(),
            widened,
            rows: rows.clone(),
            all,
            wider,
            buffers: Mutex::default(),
        };
        let widens = fit.as_own().is_some_and(|own| own.as_thresholds().is_some());
        let wider = widens.then(|| Box::new(part(true, None)));
        Ok(part(false, wider))
    }

    /// The loss on the samples alone.
    fn fit(&self) -> &dyn DataFit {
        let thresholds = || self.fit.as_own().and_then(|own| own.as_thresholds());
        match thresholds().filter(|_| self.widened) {
            Some(thresholds) => thresholds.fit,
            None => self.fit.as_ref(),
        }
    }

    /// The buffers, `from` gathered in them.
    fn gathered(&self, from: &[f64]) -> MutexGuard<'_, Buffers> {
        let mut buffers = self.buffers();
        buffers.take(&self.rows, self.all, from);
        buffers
    }

    fn buffers(&self) -> MutexGuard<'_, Buffers> {
        // Whatever a panic left there is written over.
        self.buffers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls `fill` with the rows of `from` and room for those of `out`; the other rows get `others`.
    fn through<T>(
        &self,
        from: &[f64],
        out: &mut [f64],
        others: f64,
        fill: impl FnOnce(&[f64], &mut [f64]) -> T,
    ) -> T {
        out.fill(others);
        let mut buffers = self.gathered(from);
        let (input, output) = buffers.room(out.len() / self.all * self.rows.len());
        let result = fill(input, output);
        buffers.put(&self.rows, self.all, out);
        result
    }

    fn own(&self) -> &dyn OwnParameters {
        self.fit().as_own().expect(OFFERED)
    }
    fn smooth(&self) -> &dyn SmoothFit {
        self.fit().as_smooth().expect(OFFERED)
    }
    fn curved(&self) -> &dyn Curvature {
        self.fit().as_curvature().expect(OFFERED)
    }
    fn proximal(&self) -> &dyn FitProx {
        self.fit().as_prox().expect(OFFERED)
    }
}

/// A capability is handed out where the loss has it, and a loss keeps what it offers.
const OFFERED: &str = "the loss offered it before";

impl DataFit for Part {
    fn samples(&self) -> usize {
        self.all
    }
    fn outputs(&self) -> usize {
        self.fit().outputs()
    }
    fn part(&self) -> Option<&[u32]> {
        Some(&self.rows)
    }
    fn value(&self, eta: &[f64], own: &[f64]) -> f64 {
        self.fit().value(&self.gathered(eta).input, own)
    }
    fn takes_intercept(&self) -> bool {
        self.fit().takes_intercept()
    }
    fn ignores_common_shift(&self) -> bool {
        self.fit().ignores_common_shift()
    }
    fn is_convex(&self) -> bool {
        self.fit().is_convex()
    }
    fn as_own(&self) -> Option<&dyn OwnParameters> {
        self.fit().as_own().map(|_| self as _)
    }
    fn as_smooth(&self) -> Option<&dyn SmoothFit> {
        self.fit().as_smooth().map(|_| self as _)
    }
    fn as_curvature(&self) -> Option<&dyn Curvature> {
        self.fit().as_curvature().map(|_| self as _)
    }
    fn as_samples(&self) -> Option<&dyn SampleFit> {
        self.fit().as_samples().map(|_| self as _)
    }
    fn as_conjugate(&self) -> Option<&dyn FitConjugate> {
        self.fit().as_conjugate().map(|_| self as _)
    }
    fn as_prox(&self) -> Option<&dyn FitProx> {
        self.fit().as_prox().map(|_| self as _)
    }
}

impl OwnParameters for Part {
    fn start(&self) -> Vec<f64> {
        self.own().start()
    }
    fn report(&self, own: &[f64]) -> OwnReport {
        self.own().report(own)
    }
    fn portable(&self, own: &[f64]) -> Vec<f64> {
        self.own().portable(own)
    }
    fn adopt(&self, portable: &[f64]) -> Vec<f64> {
        self.own().adopt(portable)
    }
    fn as_thresholds(&self) -> Option<Thresholds<'_>> {
        self.wider.as_deref().map(|fit| Thresholds { fit, neighbours: None })
    }
}

impl SmoothFit for Part {
    fn gradient(
        &self,
        eta: &[f64],
        own: &[f64],
        grad_eta: &mut [f64],
        grad_own: &mut [f64],
    ) -> f64 {
        self.through(eta, grad_eta, 0.0, |eta, grad_eta| {
            self.smooth().gradient(eta, own, grad_eta, grad_own)
        })
    }
    fn hessian_bound(&self) -> Option<f64> {
        self.smooth().hessian_bound()
    }
}

impl Curvature for Part {
    fn form(&self) -> CurvatureForm {
        self.curved().form()
    }
    fn curvature(&self, eta: &[f64], own: &[f64], out: &mut [f64]) {
        self.through(eta, out, 0.0, |eta, out| self.curved().curvature(eta, own, out));
    }
    fn as_product(&self) -> Option<&dyn HessianProduct> {
        self.curved().as_product().map(|_| self as _)
    }
}

impl HessianProduct for Part {
    fn product(&self, eta: &[f64], own: &[f64], v: &[f64], out: &mut [f64]) {
        let mut point = Buffers::default();
        point.take(&self.rows, self.all, eta);
        let product = self.curved().as_product().expect(OFFERED);
        self.through(v, out, 0.0, |v, out| product.product(&point.input, own, v, out));
    }
}

impl SampleFit for Part {
    fn batch_gradient(&self, batch: &[usize], eta: &[f64], grad_eta: &mut [f64]) -> f64 {
        let mut buffers = self.buffers();
        let Buffers { input, output } = &mut *buffers;
        let place = |row: usize| self.rows.binary_search(&(row as u32)).ok();
        // The places in the batch of what is in the part, and where it is there.
        let (mine, inside): (Vec<usize>, Vec<usize>) =
            batch.iter().enumerate().filter_map(|(b, &row)| Some((b, place(row)?))).unzip();
        grad_eta.fill(0.0);
        if inside.is_empty() {
            return 0.0;
        }
        input.clear();
        for eta in eta.chunks(batch.len()) {
            input.extend(mine.iter().map(|&b| eta[b]));
        }
        output.resize(input.len(), 0.0);
        let samples = self.fit().as_samples().expect(OFFERED);
        let value = samples.batch_gradient(&inside, input, output);
        for (grad, from) in grad_eta.chunks_mut(batch.len()).zip(output.chunks(mine.len())) {
            mine.iter().zip(from).for_each(|(&b, from)| grad[b] = *from);
        }
        value
    }
}

impl FitConjugate for Part {
    fn conjugate(&self, u: &[f64]) -> f64 {
        let conjugate = self.fit().as_conjugate().expect(OFFERED);
        let buffers = self.gathered(u);
        let nonzeros = |u: &[f64]| u.iter().filter(|u| **u != 0.0).count();
        if nonzeros(u) > nonzeros(&buffers.input) {
            return f64::INFINITY;
        }
        conjugate.conjugate(&buffers.input)
    }
}

impl FitProx for Part {
    fn prox(&self, v: &[f64], step: f64, out: &mut [f64]) {
        let mut buffers = self.gathered(v);
        let (input, output) = buffers.room(v.len() / self.all * self.rows.len());
        self.proximal().prox(input, step, output);
        out.copy_from_slice(v);
        buffers.put(&self.rows, self.all, out);
    }
    fn envelope_gradient(&self, v: &[f64], step: f64, out: &mut [f64]) {
        self.through(v, out, 0.0, |v, out| self.proximal().envelope_gradient(v, step, out));
    }
    fn as_entrywise(&self) -> Option<&dyn EntrywiseProx> {
        self.proximal().as_entrywise().map(|_| self as _)
    }
}

impl EntrywiseProx for Part {
    fn prox_derivative(&self, v: &[f64], step: f64, out: &mut [f64]) {
        let entrywise = self.proximal().as_entrywise().expect(OFFERED);
        self.through(v, out, 1.0, |v, out| entrywise.prox_derivative(v, step, out));
    }
}
