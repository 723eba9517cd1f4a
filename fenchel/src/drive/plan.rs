//! What would run: everything that is checked and decided before the first solve.

use fenchel_core::Error::{Domain, Feature};
use fenchel_core::{
    Baseline, CertificateKind, Names, Objective, Penalty, Problem, Space, certify_with,
};

use super::assemble::{Rows, assemble_for};
use super::error::within;
use super::folds::Assignment;
use super::nested::{self, FoldModel};
use super::null::Null;
use super::{Error, Job, cv, grid, memory};
use crate::auto::{Choice, choose};
use crate::data::Dataset;

/// What would run.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Number of samples, `n`.
    pub samples: usize,
    /// Number of features, `p`.
    pub features: usize,
    /// Number of outputs, `K`.
    pub outputs: usize,
    /// Stored entries of the matrix.
    pub stored: usize,
    /// Whether the matrix is stored sparse.
    pub sparse: bool,
    /// Number of intercepts that are fitted.
    pub intercepts: usize,
    /// Number of the loss's own parameters.
    pub own: usize,
    /// The solver's name.
    pub solver: &'static str,
    /// The solver and why, in one sentence.
    pub reason: String,
    /// What will say how far the solution is from optimal.
    pub certificate: CertificateKind,
    /// The smallest scale with zero (penalised) coefficients, where loss and penalty can tell.
    pub lambda_max: Option<f64>,
    /// The scales of the path, where there is one.
    pub scales: Option<Vec<f64>>,
    /// Number of folds, where there is cross-validation.
    pub folds: Option<usize>,
    /// Whether every fold screens its features anew.
    pub nested: bool,
    /// Worker threads that will be used.
    pub threads: usize,
    /// Estimated memory in bytes.
    pub memory: u64,
}

/// Everything that a run decides before it solves.
pub(super) struct Prepared {
    pub objective: Box<dyn Objective>,
    pub penalty: Box<dyn Penalty>,
    pub null: Null,
    pub choice: Choice,
    /// The scales; `[1]` without a path.
    pub scales: Vec<f64>,
    pub assignment: Option<Assignment>,
    /// The model of each fold, where folds screen their features anew.
    pub nested: Option<Vec<FoldModel>>,
}

impl Prepared {
    /// The solver and why, in one sentence.
    pub(super) fn reason(&self) -> String {
        self.choice.sentence(&self.problem())
    }

    /// The problem at the penalty as written, with absolute measures.
    fn problem(&self) -> Problem<'_> {
        let (objective, penalty) = (self.objective.as_ref(), self.penalty.as_ref());
        Problem { objective, penalty, baseline: Baseline::default() }
    }
}

/// An error about one sample's response or about one feature, moved to its place in the data file.
fn at_its_place(error: Error, dataset: &Dataset) -> Error {
    let Error::Section { source, .. } = &error else { return error };
    let found = match source.innermost() {
        Domain { what: "response", sample, got, expected } => {
            let message = format!("the loss takes no response {got}: expected {expected}");
            dataset.response_error(*sample, message)
        }
        Feature { feature, fault } => dataset.feature_error(*feature, fault),
        _ => None,
    };
    found.map_or(error, Error::Data)
}

/// Checks a job and decides how it will run. Solves nothing but the model at zero coefficients.
///
/// Errors: see [`Error`]; every fault of the input that [`run`](super::run()) would meet later is
/// met here.
pub(super) fn prepare(job: &Job) -> Result<Prepared, Error> {
    job.check()?;
    let rows = Rows::all(&job.dataset);
    let points =
        job.path.as_ref().map_or(1, |path| path.lambdas.as_ref().map_or(path.points, Vec::len));
    let objective = assemble_for(job.loss.as_ref(), &rows, &job.model, points)
        .map_err(|error| at_its_place(error, &job.dataset))?;
    let space = space(objective.as_ref(), job.dataset.feature_names.clone());
    let penalty = (job.penalty)(&space).map_err(within("penalty"))?;
    let mut null = Null::of(objective.as_ref(), penalty.as_ref());
    let problem = Problem {
        objective: objective.as_ref(),
        penalty: penalty.as_ref(),
        baseline: Baseline::default(),
    };
    let choice = choose(&problem, &job.solver.name).map_err(|e| Error::key("solver", "type", e))?;
    for option in job.solver.options_set() {
        if !choice.method.options().contains(&option) {
            return Err(Error::key("solver", option, not_taken(option, choice)));
        }
    }
    let scales = match &job.path {
        Some(config) => grid::grid(config, null.threshold).map_err(within("path"))?,
        None => vec![1.0],
    };
    null.refer(objective.as_ref(), penalty.as_ref(), &scales);
    let assignment = job.cv.as_ref().map(|config| cv::prepare(job, config)).transpose()?;
    let nested = match (&job.candidates, &assignment) {
        (Some(candidates), Some(assignment)) => {
            Some(nested::prepare(job, candidates, assignment, choice.method)?)
        }
        _ => None,
    };
    Ok(Prepared { objective, penalty, null, choice, scales, assignment, nested })
}

/// The coefficients that the penalty speaks of, by the names of the design's columns.
pub(super) fn space(objective: &dyn Objective, names: Names) -> Space {
    let (shape, layers) = (objective.shape(), objective.layers());
    if !layers.is_empty() {
        Space::of_layers(layers, &names.to_vec())
    } else if names.len() == shape.features {
        Space::of(names, shape.outputs)
    } else {
        Space::numbered(shape.features, shape.outputs)
    }
}

fn not_taken(option: &str, choice: Choice) -> fenchel_core::Error {
    let able: Vec<&str> = fenchel_solvers::methods()
        .iter()
        .filter(|method| method.options().contains(&option))
        .map(|method| method.name())
        .collect();
    let chosen = if choice.automatic { ", which `auto` chose," } else { "" };
    fenchel_core::Error::Unsupported(format!(
        "solver \"{}\"{chosen} takes no `{option}`: it is an option of {}",
        choice.method.name(),
        able.join(", ")
    ))
}

/// What [`run`](super::run()) would do with the job. Solves nothing but the model at zero
/// coefficients.
///
/// Errors: whatever is wrong with the input.
pub fn plan(job: &Job) -> Result<Plan, Error> {
    let prepared = prepare(job)?;
    let problem = prepared.problem();
    let (shape, matrix) = (prepared.objective.shape(), &job.dataset.matrix);
    let folds = prepared.assignment.as_ref().map(Vec::len);
    let shared = Rows::all(&job.dataset).are_shared(job.loss.as_ref());
    let points = prepared.scales.len();
    Ok(Plan {
        samples: job.dataset.samples.len(),
        features: shape.features,
        outputs: shape.outputs,
        stored: matrix.stored(),
        sparse: matches!(matrix.as_ref(), fenchel_core::Matrix::Sparse(_)),
        intercepts: shape.intercepts,
        own: shape.own,
        solver: prepared.choice.method.name(),
        reason: prepared.reason(),
        certificate: certify_with(
            &problem,
            &prepared.null.start().to_vec(),
            prepared.null.dual.as_deref(),
        )
        .kind,
        lambda_max: prepared.null.threshold,
        scales: job.path.is_some().then(|| prepared.scales.clone()),
        folds,
        nested: prepared.nested.is_some(),
        threads: job.threads(),
        memory: memory::estimate(
            matrix,
            shape,
            points,
            (folds.unwrap_or(0), shared),
            job.threads(),
        ) + job.candidates.as_ref().map_or(0, |c| c.dataset.matrix.bytes() as u64),
    })
}
