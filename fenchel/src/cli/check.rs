//! `fenchel check`: what would run, without running it.

use std::path::PathBuf;

use clap::Args;
use fenchel_core::CertificateKind;

use super::job::{Limits, drive_error, job, wanted};
use super::{Done, options, output};
use crate::drive::{self, Plan};
use crate::file::Problem;
use crate::plugins::{self, Opening};

/// Validate a problem file and its data, and say what would run; solves nothing
#[derive(Debug, Args)]
pub(super) struct Check {
    /// The problem file, .toml or .json
    problem: PathBuf,
    /// Replace a value of the problem file, as in `penalty.lambda=0.05`
    #[arg(long = "set", value_name = "KEY=VALUE")]
    sets: Vec<String>,
    /// Load this library as well, which has to be trusted
    #[arg(long = "plugin", value_name = "LIBRARY")]
    plugins: Vec<PathBuf>,
    /// Run libraries in processes of their own, which may crash
    #[arg(long)]
    isolate: bool,
    /// Worker threads [default: as many as the machine has]
    #[arg(long, value_name = "N", value_parser = options::threads)]
    threads: Option<usize>,
}

impl Check {
    pub(super) fn run(&self) -> Done {
        let problem = Problem::load(&self.problem, &self.sets)?;
        let isolated = self.isolate || problem.plugins.isolate;
        let opening = Opening { isolated, ..Opening::default() };
        plugins::load(&wanted(&problem, &self.plugins)?, opening)?;
        let limits = Limits { threads: self.threads.unwrap_or(0), ..Limits::default() };
        let job = job(&problem, limits).map_err(plugins::blame)?;
        let plan = drive::plan(&job).map_err(|e| plugins::blame(drive_error(&problem, e)))?;
        plugins::kept()?;
        output::print(&text(&problem, &plan))?;
        Ok(0)
    }
}

fn text(problem: &Problem, plan: &Plan) -> String {
    let tag = |table: &fenchel_core::Raw| match table.0.get("type") {
        Some(name) => name.as_str().unwrap_or_default().to_string(),
        None => String::new(),
    };
    let storage = if plan.sparse { "sparse" } else { "dense" };
    let mut rows = vec![
        ("problem", "valid".to_string()),
        (
            "data",
            format!(
                "{}: {} samples, {} features, {storage}, {} stored",
                problem.data.main_file().unwrap_or_default(),
                plan.samples,
                plan.features,
                plan.stored
            ),
        ),
        ("outputs", plan.outputs.to_string()),
        ("intercepts", plan.intercepts.to_string()),
        ("loss", tag(&problem.loss)),
        ("penalty", tag(&problem.penalty)),
        ("solver", plan.reason.clone()),
        (
            "certificate",
            match plan.certificate {
                CertificateKind::DualityGap => "duality gap",
                CertificateKind::Stationarity => "stationarity",
                CertificateKind::ProxResidual => "prox residual",
            }
            .into(),
        ),
    ];
    if plan.own > 0 {
        rows.insert(4, ("own", format!("{} parameters of the loss", plan.own)));
    }
    if let Some(lambda) = plan.lambda_max {
        rows.push(("lambda max", format!("{lambda:.6e}, the smallest scale with all zero")));
    }
    if let Some(scales) = &plan.scales {
        let (first, last) = (scales.first(), scales.last());
        let range = match (first, last) {
            (Some(first), Some(last)) => format!(" from {first:.6e} to {last:.6e}"),
            _ => String::new(),
        };
        rows.push(("path", format!("{} scales{range}", scales.len())));
    }
    if let Some(folds) = plan.folds {
        let screened = if plan.nested { ", features screened anew in each" } else { "" };
        rows.push(("cv", format!("{folds} folds{screened}")));
    }
    rows.push(("threads", plan.threads.to_string()));
    rows.push(("memory", format!("about {}", bytes(plan.memory))));
    let rows: Vec<_> = rows.into_iter().map(|(k, v)| vec![k.to_string(), v]).collect();
    output::columns(&rows)
}

fn bytes(count: u64) -> String {
    let mut size = count as f64;
    for unit in ["B", "kB", "MB", "GB"] {
        if size < 1000.0 {
            return format!("{size:.0} {unit}");
        }
        size /= 1000.0;
    }
    format!("{size:.1} TB")
}
