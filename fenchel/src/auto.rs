//! Which solver, and why, in one sentence.

use fenchel_core::{Error, Problem};
use fenchel_solvers::{Method, methods};

/// A solver for a problem, with the reason.
#[derive(Clone, Copy)]
pub struct Choice {
    /// The solver.
    pub method: &'static dyn Method,
    /// Whether `auto` chose it.
    pub automatic: bool,
}

impl std::fmt::Debug for Choice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Choice")
            .field("method", &self.method.name())
            .field("automatic", &self.automatic)
            .finish()
    }
}

impl Choice {
    /// The solver and the reason in one sentence, for example `cd, because the penalty is
    /// separable`.
    pub fn sentence(&self, problem: &Problem<'_>) -> String {
        let name = self.method.name();
        if self.automatic {
            format!("{name}, because {}", self.method.suits(problem).reason)
        } else {
            format!("{name}, because the problem file names it")
        }
    }
}

/// The solver called `name`, or for `auto` the best suited of all that can take the problem.
///
/// Errors: [`Error::Unknown`] for a name that nobody has, [`Error::Unsupported`] with what is
/// missing where the solver (or, for `auto`, every solver) cannot take the problem.
pub fn choose(problem: &Problem<'_>, name: &str) -> Result<Choice, Error> {
    choose_among(methods(), problem, name)
}

fn choose_among(
    methods: &'static [&'static dyn Method],
    problem: &Problem<'_>,
    name: &str,
) -> Result<Choice, Error> {
    if name == "auto" {
        return best(methods, problem);
    }
    let Some(method) = methods.iter().copied().find(|m| m.name() == name) else {
        let known = methods.iter().map(|m| m.name()).chain(["auto"]).map(String::from).collect();
        return Err(Error::Unknown { kind: "solver", name: name.into(), known });
    };
    match method.supports(problem) {
        Ok(()) => Ok(Choice { method, automatic: false }),
        Err(missing) => {
            let able: Vec<&str> =
                methods.iter().filter(|m| m.supports(problem).is_ok()).map(|m| m.name()).collect();
            let others = if able.is_empty() {
                "no other solver can take this problem either".to_string()
            } else {
                format!("these solvers can take the problem: {}", able.join(", "))
            };
            Err(Error::Unsupported(format!(
                "solver \"{name}\" needs {} of the {}, which it does not offer; {others}",
                missing.capability, missing.part
            )))
        }
    }
}

/// The highest rank wins, the first listed among equals.
fn best(methods: &'static [&'static dyn Method], problem: &Problem<'_>) -> Result<Choice, Error> {
    let mut best: Option<(u32, &'static dyn Method)> = None;
    let mut lacking = Vec::new();
    for &method in methods {
        match method.supports(problem) {
            Ok(()) => {
                let rank = method.suits(problem).rank;
                if best.is_none_or(|(top, _)| rank > top) {
                    best = Some((rank, method));
                }
            }
            Err(missing) => lacking.push(format!(
                "{} needs {} of the {}",
                method.name(),
                missing.capability,
                missing.part
            )),
        }
    }
    best.map(|(_, method)| Choice { method, automatic: true }).ok_or_else(|| {
        Error::Unsupported(format!(
            "no solver can take this loss together with this penalty: {}",
            lacking.join("; ")
        ))
    })
}
