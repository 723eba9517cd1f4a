//! From data, loss and `[model]` to an objective, and from its parameters back to the original
//! scale.
//!
//! Columns are scaled to unit deviation where `standardize` is on, and centred only where that
//! leaves the model the same: with an intercept, with thresholds that stand in for one, or under a
//! loss that a common shift of `eta` does not change. Without any of these a centred column would
//! bring in a hidden intercept.

use std::sync::Arc;

use fenchel_core::{Bound, DataFit, Design, LinearModel, Loss, Matrix, Objective, Part, Samples};

use super::error::within;
use super::{Coefficients, Error, reduce};
use crate::data::Dataset;
use crate::file::config::ModelConfig;

/// The samples that a model is fitted to.
#[derive(Debug, Clone)]
pub(super) struct Rows {
    pub matrix: Arc<Matrix>,
    pub samples: Samples,
    /// One number a sample.
    pub offset: Option<Vec<f64>>,
    /// The row of `matrix` of each sample, where these are not all of its rows.
    pub part: Option<Arc<[u32]>>,
}

/// Numbers of a matrix below which the rows of a fold are copied, which takes at most as much memory again a
/// thread. Sharing them costs the passes over the rows that are left out: of paths with 10 folds nothing to 5%
/// under the quadratic loss and up to 15% under a logistic one, where the support's products dominate.
const FEWEST_SHARED: usize = 1 << 21;

impl Rows {
    pub(super) fn all(dataset: &Dataset) -> Self {
        Self {
            matrix: dataset.matrix.clone(),
            samples: dataset.samples.clone(),
            offset: dataset.offset.clone(),
            part: None,
        }
    }

    /// Whether folds share the matrix: not where it is small, nor where the loss binds to its rows.
    pub(super) fn are_shared(&self, loss: &dyn Loss) -> bool {
        self.matrix.stored() >= FEWEST_SHARED && !loss.reads_design()
    }

    /// Some of all samples, ascending, weights rescaled to mean 1 among them; the matrix shared or
    /// their rows of it copied.
    pub(super) fn select(&self, rows: &[usize], share: bool) -> Result<Self, fenchel_core::Error> {
        let matrix = match share {
            true => self.matrix.clone(),
            false => Arc::new(self.matrix.select_rows(rows)),
        };
        Ok(Self {
            matrix,
            samples: self.samples.select(rows)?,
            offset: self.offset.as_ref().map(|o| rows.iter().map(|&i| o[i]).collect()),
            part: share.then(|| rows.iter().map(|&i| i as u32).collect()),
        })
    }

    /// Numbers of the samples, one a row of the matrix: `others` where there is no sample.
    fn spread(&self, numbers: &[f64], others: f64) -> Vec<f64> {
        let Some(part) = &self.part else { return numbers.to_vec() };
        let mut all = vec![others; self.matrix.rows()];
        part.iter().zip(numbers).for_each(|(&i, number)| all[i as usize] = *number);
        all
    }

    /// The design, whose means and deviations are those of the samples.
    fn design(&self, standardize: bool) -> Design {
        if !standardize {
            return Design::new(self.matrix.clone());
        }
        match (self.samples.weights(), &self.part) {
            (weights, None) => Design::standardized(self.matrix.clone(), weights),
            (weights, Some(_)) => {
                let ones = || vec![1.0; self.samples.len()];
                let weights = self.spread(&weights.map_or_else(ones, <[f64]>::to_vec), 0.0);
                Design::standardized(self.matrix.clone(), Some(&weights))
            }
        }
    }

    /// The loss on the samples, as a function of what the rows of the matrix predict.
    fn bind(&self, loss: &dyn Loss, design: &Design) -> Result<Bound, fenchel_core::Error> {
        match (loss.bind(&self.samples, design)?, &self.part) {
            (Bound::Eta(fit), Some(part)) => {
                Ok(Bound::Eta(Box::new(Part::new(fit, part.clone(), self.matrix.rows())?)))
            }
            (bound, _) => Ok(bound),
        }
    }
}

/// As [`assemble`], on fewer samples with the same loss where `fits` fits are the faster for it.
pub(super) fn assemble_for(
    loss: &dyn Loss,
    rows: &Rows,
    model: &ModelConfig,
    fits: usize,
) -> Result<Box<dyn Objective>, Error> {
    let reduced = reduce::reduced(loss, rows, fits);
    assemble(loss, reduced.as_ref().unwrap_or(rows), model)
}

/// Binds the loss to the samples.
///
/// Errors: where the loss does not take the response, or lengths disagree.
pub(super) fn assemble(
    loss: &dyn Loss,
    rows: &Rows,
    model: &ModelConfig,
) -> Result<Box<dyn Objective>, Error> {
    let design = rows.design(model.standardize);
    let fit = match rows.bind(loss, &design).map_err(of_binding)? {
        Bound::Direct(_) if rows.offset.is_some() => {
            let message = "the loss has no linear predictor that an offset could be added to";
            let source = fenchel_core::Error::Unsupported(message.into());
            return Err(Error::section("data", source));
        }
        Bound::Direct(objective) => return Ok(objective),
        Bound::Eta(fit) => fit,
    };
    let (design, fit) = if model.standardize && !may_centre(fit.as_ref(), model.intercept) {
        let design = uncentred(design)?;
        // Bound again, as a loss may have looked at the design.
        match rows.bind(loss, &design).map_err(of_binding)? {
            Bound::Direct(objective) => return Ok(objective),
            Bound::Eta(fit) => (design, fit),
        }
    } else {
        (design, fit)
    };
    let offset = rows.offset.as_ref().map(|offset| rows.spread(offset, 0.0).repeat(fit.outputs()));
    let model = LinearModel::new(design, fit, offset, model.intercept).map_err(within("data"))?;
    Ok(Box::new(model))
}

/// A feature that a loss cannot take or a response outside its domain is the data's fault, anything else the loss's.
fn of_binding(source: fenchel_core::Error) -> Error {
    use fenchel_core::Error as Core;
    match source {
        Core::Feature { .. } => Error::section("data", source),
        Core::Domain { .. } | Core::Data(_) => Error::key("data", "response", source),
        _ => Error::section("loss", source),
    }
}

fn uncentred(design: Design) -> Result<Design, Error> {
    let scale = (0..design.features()).map(|j| design.scale(j)).collect();
    let centre = vec![0.0; design.features()];
    Design::with_centre_and_scale(design.matrix().clone(), centre, scale).map_err(within("data"))
}

/// Whether centred columns span the same models as the columns themselves.
fn may_centre(fit: &dyn DataFit, intercept: bool) -> bool {
    if fit.takes_intercept() {
        return intercept;
    }
    let thresholds = fit.as_own().is_some_and(|own| own.report(&own.start()).intercept.is_some());
    thresholds || ignores_shifts(fit)
}

/// Whether `f(eta + c) = f(eta)`, tried at one point: a loss that depends on the shift would have
/// to agree there by accident to twelve digits.
fn ignores_shifts(fit: &dyn DataFit) -> bool {
    let eta: Vec<f64> =
        (0..fit.samples() * fit.outputs()).map(|i| (0.7 * i as f64 + 0.3).sin()).collect();
    let shifted: Vec<f64> = eta.iter().map(|eta| eta + 0.8125).collect();
    let own = fit.as_own().map_or(Vec::new(), |own| own.start());
    let (at, beside) = (fit.value(&eta, &own), fit.value(&shifted, &own));
    (at - beside).abs() <= 1e-12 * at.abs().max(1.0)
}

/// Parameters as the result shows them.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Estimate {
    pub intercept: Vec<f64>,
    pub coefficients: Coefficients,
    pub extra: Vec<(String, Vec<f64>)>,
}

/// Parameters on the original scale:
/// ```text
/// B_jk = b_jk / scale_j,      intercept_k = b0_k - sum_j B_jk centre_j
/// ```
/// Thresholds that stand in for the intercept shift alike: all by the one column of coefficients,
/// or each by its own. Intercepts whose common shift changes nothing have mean 0.
pub(super) fn original_scale(objective: &dyn Objective, params: &[f64]) -> Estimate {
    let shape = objective.shape();
    let (beta, intercepts, _) = shape.split(params);
    let report = objective.report(params);
    let mut intercept = report.intercept.unwrap_or_else(|| intercepts.to_vec());
    let (p, outputs) = (shape.features, shape.outputs);
    let Some(model) = objective.as_linear() else {
        let original = objective.original_coefficients(params);
        let beta = original.as_deref().unwrap_or(beta);
        let coefficients = Coefficients::from_dense(p, outputs, beta);
        return Estimate { intercept, coefficients, extra: report.extra };
    };
    let mut original = beta.to_vec();
    let mut shifts = vec![0.0; outputs];
    for (column, shift) in original.chunks_mut(p.max(1)).zip(&mut shifts) {
        for (j, b) in column.iter_mut().enumerate().filter(|(_, b)| **b != 0.0) {
            *b /= model.design.scale(j);
            *shift += *b * model.design.centre(j);
        }
    }
    for (k, b0) in intercept.iter_mut().enumerate() {
        *b0 -= if outputs == 1 { shifts[0] } else { shifts.get(k).copied().unwrap_or(0.0) };
    }
    if model.fit.ignores_common_shift() {
        let mean = intercept.iter().sum::<f64>() / intercept.len().max(1) as f64;
        intercept.iter_mut().for_each(|b0| *b0 -= mean);
    }
    Estimate {
        intercept,
        coefficients: Coefficients::from_dense(p, outputs, &original),
        extra: report.extra,
    }
}
