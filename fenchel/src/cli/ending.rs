//! How a fit ends: its result is written once, by the fit itself or, where a plugin's function does
//! not come back, by the watch over it.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use fenchel_plugin_host::{Fault, Watch, leave, watch};

use super::output;
use crate::drive::{Event, Listener, Point, Solution};
use crate::file::{DataRecord, Output, Problem, ResultFile};
use crate::plugins::{self, PluginRecord};
use crate::{Error, Fault as Side};

/// Where a result goes.
#[derive(Debug)]
pub(super) enum Sink {
    File(Output),
    Stdout,
    /// A summary is all that was asked for.
    Nowhere,
}

impl Sink {
    /// Errors: a file that cannot be written.
    pub fn new(output: Option<&Path>) -> Result<Self, Error> {
        Ok(match output {
            Some(path) if path.as_os_str() == "-" => Self::Stdout,
            Some(path) => Self::File(Output::prepare(path)?),
            None => Self::Nowhere,
        })
    }

    fn write(&self, result: &ResultFile) -> Result<(), Error> {
        match self {
            Self::File(file) => file.write(&result.to_json()),
            Self::Stdout => output::print(&result.to_json()),
            Self::Nowhere => Ok(()),
        }
    }
}

/// What is known of a result before anything is solved.
#[derive(Debug)]
pub(super) struct Draft {
    pub problem: Problem,
    pub data: DataRecord,
    pub plugins: Vec<PluginRecord>,
    pub sink: Sink,
    /// When solving began: data are read by then, and nothing is written yet.
    pub solving: Instant,
}

impl Draft {
    fn result(&self, solution: &Solution, seconds: f64) -> ResultFile {
        ResultFile::new(&self.problem, self.data.clone(), self.plugins.clone(), solution, seconds)
    }
}

/// Shared by a fit and the watch over its plugins.
#[derive(Debug, Default)]
pub(super) struct Ending(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// `None` before there is anything to write, and once it is written.
    draft: Option<Draft>,
    solver: &'static str,
    /// On all samples, as far as they are finished.
    points: Vec<Point>,
}

impl Ending {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Once solving begins.
    pub fn begin(&self, draft: Draft) {
        self.state().draft = Some(draft);
    }

    /// Writes the result of a fit that came to its end.
    ///
    /// Errors: a file that cannot be written.
    pub fn write(&self, solution: &Solution, seconds: f64) -> Result<ResultFile, Error> {
        let mut state = self.state();
        let draft = state.draft.take().expect("a solution comes after a beginning");
        let result = draft.result(solution, seconds);
        draft.sink.write(&result)?;
        Ok(result)
    }

    /// Looks after the plugins' functions from `deadline` on. One that does not come back ends the
    /// process, with the points that were finished, as nothing else can end a thread inside it.
    ///
    /// Errors: where no thread can be started.
    pub fn watch(self: &Arc<Self>, deadline: Instant) -> Result<Watch, Error> {
        let ending = self.clone();
        watch(deadline, move |fault| ending.give_up(&fault))
            .map_err(|e| Error::input(format!("cannot start a thread: {e}")))
    }

    fn give_up(&self, fault: &Fault) {
        let mut state = self.state();
        let (solver, points) = (state.solver, std::mem::take(&mut state.points));
        if let Some(draft) = state.draft.take() {
            let seconds = draft.solving.elapsed().as_secs_f64();
            let on_path = draft.problem.path.is_some();
            if let Some(solution) = Solution::given_up(solver, points, on_path)
                && let Err(error) = draft.sink.write(&draft.result(&solution, seconds))
            {
                output::complain(&error);
            }
        }
        output::complain(&plugins::broken(fault));
        leave(Side::Plugin.exit_code());
    }
}

/// A listener that keeps finished points for the ending, too.
pub(super) struct Keeping<'a> {
    pub ending: &'a Ending,
    pub listener: Box<dyn Listener>,
}

impl Listener for Keeping<'_> {
    fn progress(&self, event: &Event) {
        self.listener.progress(event);
    }

    fn finished(&self, solver: &'static str, point: &Point) {
        let mut state = self.ending.state();
        state.solver = solver;
        state.points.push(point.clone());
    }
}
