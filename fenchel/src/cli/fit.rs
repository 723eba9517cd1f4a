//! `fenchel fit`: solve a problem file.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;
use fenchel_solvers::Status;

use super::ending::{Draft, Ending, Keeping, Sink};
use super::job::{Limits, drive_error, job, wanted};
use super::{Done, interrupt, options, output, progress, summary};
use crate::drive::{self, CheckpointConfig, Listener};
use crate::file::{DataRecord, Output, Problem};
use crate::plugins::Opening;
use crate::{Error, plugins};

/// Time between two saves of a checkpoint.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(30);

/// Solve a problem file: one fit, a path, or a cross-validated path, as its sections say
#[derive(Debug, Args)]
pub(super) struct Fit {
    /// The problem file, .toml or .json
    problem: PathBuf,
    /// Where the result goes; `-` prints it on standard output, and nothing else. Without this
    /// option only a summary is printed
    #[arg(short, long, value_name = "RESULT")]
    output: Option<PathBuf>,
    /// Replace a value of the problem file, as in `penalty.lambda=0.05` or `penalty.terms[1].lambda=2`
    #[arg(long = "set", value_name = "KEY=VALUE")]
    sets: Vec<String>,
    /// Worker threads [default: as many as the machine has]
    #[arg(long, value_name = "N", value_parser = options::threads)]
    threads: Option<usize>,
    /// Stop after this time; the result so far is still written
    #[arg(long, value_name = "SECONDS", value_parser = options::seconds)]
    time_limit: Option<Duration>,
    /// Load this library as well, which has to be trusted
    #[arg(long = "plugin", value_name = "LIBRARY")]
    plugins: Vec<PathBuf>,
    /// Run libraries in processes of their own, which may crash
    #[arg(long)]
    isolate: bool,
    /// Neither progress nor summary
    #[arg(short, long)]
    quiet: bool,
    /// Save here where the run stands, from time to time and when it is cut short
    #[arg(long, value_name = "CHECKPOINT")]
    checkpoint: Option<PathBuf>,
    /// Go on from a checkpoint, and keep saving there
    #[arg(long, value_name = "CHECKPOINT")]
    resume: Option<PathBuf>,
}

impl Fit {
    pub(super) fn run(&self) -> Done {
        let begun = Instant::now();
        let deadline = self.time_limit.and_then(|limit| begun.checked_add(limit));
        let mut problem = Problem::load(&self.problem, &self.sets)?;
        problem.plugins.isolate |= self.isolate;
        let isolated = problem.plugins.isolate;
        let wanted = wanted(&problem, &self.plugins)?;
        let ending = Arc::new(Ending::default());
        // A process of its own can be ended by its parent; a function in this one cannot.
        let watched = deadline.filter(|_| !wanted.is_empty() && !isolated);
        let watch = watched.map(|deadline| ending.watch(deadline)).transpose()?;
        plugins::load(&wanted, Opening { isolated, deadline })?;
        let sink = Sink::new(self.output.as_deref())?;
        let to_stdout = matches!(sink, Sink::Stdout);
        let checkpoint = self.checkpoint()?;
        let limits = Limits {
            threads: self.threads.unwrap_or(0),
            deadline,
            interrupt: Some(interrupt::flag()),
        };
        let job = job(&problem, limits).map_err(plugins::blame)?;
        let solving = Instant::now();
        ending.begin(Draft {
            problem: problem.clone(),
            data: DataRecord::new(&job.dataset),
            plugins: plugins::used(&problem, isolated),
            sink,
            solving,
        });
        let bar = progress::listener(self.quiet);
        let listener: Box<dyn Listener + '_> = match watch {
            Some(_) => Box::new(Keeping { ending: &ending, listener: bar }),
            None => bar,
        };
        let solution = drive::run(&job, listener.as_ref(), checkpoint.as_ref());
        let seconds = solving.elapsed().as_secs_f64();
        drop(listener);
        // The data is as large as what follows.
        drop(job);
        let solution = solution.map_err(|e| plugins::blame(drive_error(&problem, e)))?;
        let result = ending.write(&solution, seconds)?;
        // What was finished is written by now.
        plugins::kept()?;
        if !self.quiet && !to_stdout {
            let text = summary::of(&problem, &result, &solution.reason, self.output.as_deref());
            output::print(&text)?;
        }
        Ok(match result.status {
            Status::Converged => 0,
            Status::MaxIter | Status::TimeLimit => 1,
            Status::Interrupted => interrupt::INTERRUPTED,
        })
    }

    /// Errors: a place for checkpoints that cannot be written.
    fn checkpoint(&self) -> Result<Option<CheckpointConfig>, Error> {
        let Some(save) = self.checkpoint.clone().or_else(|| self.resume.clone()) else {
            return Ok(None);
        };
        Output::prepare(&save)?;
        Ok(Some(CheckpointConfig {
            save: Some(save),
            every: Some(CHECKPOINT_EVERY),
            resume: self.resume.clone(),
        }))
    }
}
