//! The argmin state of every solver here. argmin's own `IterState` clones the best parameters
//! whenever the cost falls (20 times the cost of this one at 5000 coefficients).

use std::collections::HashMap;
use std::time::Duration;

use argmin::core::{Problem, State, TerminationReason, TerminationStatus};
use fenchel_core::{Certificate, CertificateKind};

/// Parameters, iteration count, and the last certificate.
#[derive(Debug, Clone)]
pub(crate) struct FitState {
    /// The parameters, laid out as the problem's shape says.
    pub params: Vec<f64>,
    /// The certificate of `params`, as of the last time that the solver computed it.
    pub certificate: Certificate,
    /// A dual candidate that belongs to `params`, n x K, from a solver of a loss without gradient;
    /// at the start, one from an earlier solve.
    pub dual: Option<Vec<f64>>,
    /// Whether an iteration changed nothing: rounding leaves nothing to gain.
    pub stalled: bool,
    iter: u64,
    max_iters: u64,
    counts: HashMap<String, u64>,
    time: Option<Duration>,
    status: TerminationStatus,
}

impl FitState {
    /// Starts at `params`, perhaps with a dual candidate, with a limit on iterations.
    pub fn start(mut self, params: Vec<f64>, dual: Option<Vec<f64>>, max_iters: u64) -> Self {
        self.params = params;
        self.dual = dual;
        self.max_iters = max_iters;
        self
    }
}

impl State for FitState {
    type Param = Vec<f64>;
    type Float = f64;

    fn new() -> Self {
        Self {
            params: Vec::new(),
            certificate: Certificate {
                kind: CertificateKind::Stationarity,
                value: f64::INFINITY,
                relative: f64::INFINITY,
            },
            dual: None,
            stalled: false,
            iter: 0,
            max_iters: u64::MAX,
            counts: HashMap::new(),
            time: None,
            status: TerminationStatus::NotTerminated,
        }
    }

    fn update(&mut self) {}

    fn get_param(&self) -> Option<&Vec<f64>> {
        Some(&self.params)
    }

    fn get_best_param(&self) -> Option<&Vec<f64>> {
        Some(&self.params)
    }

    fn get_max_iters(&self) -> u64 {
        self.max_iters
    }

    fn increment_iter(&mut self) {
        self.iter += 1;
    }

    fn get_iter(&self) -> u64 {
        self.iter
    }

    /// The relative certificate: the one number that falls towards the tolerance in every solver.
    fn get_cost(&self) -> f64 {
        self.certificate.relative
    }

    fn get_best_cost(&self) -> f64 {
        self.certificate.relative
    }

    fn get_target_cost(&self) -> f64 {
        f64::NEG_INFINITY
    }

    fn func_counts<O>(&mut self, problem: &Problem<O>) {
        for (name, count) in &problem.counts {
            self.counts.insert((*name).to_string(), *count);
        }
    }

    fn get_func_counts(&self) -> &HashMap<String, u64> {
        &self.counts
    }

    fn time(&mut self, time: Option<Duration>) -> &mut Self {
        self.time = time;
        self
    }

    fn get_time(&self) -> Option<Duration> {
        self.time
    }

    fn get_last_best_iter(&self) -> u64 {
        self.iter
    }

    fn is_best(&self) -> bool {
        true
    }

    fn terminate_with(mut self, reason: TerminationReason) -> Self {
        self.status = TerminationStatus::Terminated(reason);
        self
    }

    fn get_termination_status(&self) -> &TerminationStatus {
        &self.status
    }

    fn get_termination_reason(&self) -> Option<&TerminationReason> {
        match &self.status {
            TerminationStatus::Terminated(reason) => Some(reason),
            TerminationStatus::NotTerminated => None,
        }
    }
}
