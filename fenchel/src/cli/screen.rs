//! `fenchel screen`: features ranked by their mutual information with the response.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use fenchel_core::ResponseKind;
use fenchel_screening::{Bandwidth, Kernel, Method, Settings};
use serde_json::{Value, json};

use super::job::{data_error, plain_data_error, wanted};
use super::{Done, options, output};
use crate::data::{self, DataConfig, Dataset, Needs, ResponseConfig};
use crate::file::{Output, Problem};
use crate::plugins::{self, Opening};
use crate::screen::{Ranked, rank};
use crate::{Error, registry};

/// Rank features by their mutual information with the response; fits nothing
#[derive(Debug, Args)]
pub(super) struct Screen {
    /// A problem file, .toml or .json, whose data, response and `[screen]` are taken; or a data file
    input: PathBuf,
    /// The response column of a data file
    #[arg(long, value_name = "COLUMN")]
    response: Option<String>,
    /// The response of a data file is one of classes, whatever its cells look like
    #[arg(long, requires = "response")]
    classes: bool,
    /// Only the best [default: all, or as `[screen]` says]
    #[arg(long, value_name = "M", value_parser = options::number)]
    top: Option<usize>,
    /// How mutual information is estimated [default: kde]
    #[arg(long, value_enum)]
    method: Option<Estimator>,
    /// The kernel of kde [default: epanechnikov]
    #[arg(long, value_enum)]
    kernel: Option<Shape>,
    /// The rule for bandwidths of kde [default: silverman]
    #[arg(long, value_enum)]
    bandwidth: Option<Rule>,
    /// A factor of every bandwidth [default: 1]
    #[arg(long, value_name = "FACTOR")]
    multiplier: Option<f64>,
    /// Pass over features that share more than this many nats with a better one
    #[arg(long, value_name = "NATS", requires = "top")]
    clump: Option<f64>,
    /// Replace a value of the problem file
    #[arg(long = "set", value_name = "KEY=VALUE")]
    sets: Vec<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Where the ranking goes, as CSV, or as JSON with `--json`
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Worker threads [default: as many as the machine has]
    #[arg(long, value_name = "N", value_parser = options::threads)]
    threads: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Estimator {
    /// Kernel densities
    Kde,
    /// Histograms
    Binning,
    /// The correlation alone
    Pearson,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Shape {
    /// A parabola, by moving sums
    Epanechnikov,
    /// The normal density, by Fourier transforms
    Gaussian,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Rule {
    Silverman,
    Scott,
}

impl Screen {
    pub(super) fn run(&self) -> Done {
        let path = self.output.as_deref().filter(|path| path.as_os_str() != "-");
        let file = path.map(Output::prepare).transpose()?;
        let extension = self.input.extension().and_then(|e| e.to_str()).unwrap_or_default();
        let (dataset, problem) = match extension.to_ascii_lowercase().as_str() {
            "toml" | "json" => self.of_problem()?,
            _ => (self.of_data()?, None),
        };
        let section = problem.as_ref().and_then(|problem| problem.screen.as_ref());
        let mut settings = section.map_or(Settings::default(), |section| section.settings());
        if let Some(method) = self.method {
            settings.method = match method {
                Estimator::Kde => Method::Kde,
                Estimator::Binning => Method::Binning,
                Estimator::Pearson => Method::Pearson,
            };
        }
        if let Some(shape) = self.kernel {
            settings.kernel = match shape {
                Shape::Epanechnikov => Kernel::Epanechnikov,
                Shape::Gaussian => Kernel::Gaussian,
            };
        }
        if let Some(rule) = self.bandwidth {
            settings.bandwidth = match rule {
                Rule::Silverman => Bandwidth::Silverman,
                Rule::Scott => Bandwidth::Scott,
            };
        }
        settings.multiplier = self.multiplier.unwrap_or(settings.multiplier);
        let top = self.top.or(section.map(|section| section.top)).unwrap_or(usize::MAX);
        let clump = self.clump.or(section.and_then(|section| section.clump));
        let ranked = rank(&dataset, &settings, top, clump, self.threads.unwrap_or(0))
            .map_err(|e| Error::input(e.to_string()).in_file(self.input.display().to_string()))?;
        let text = match (self.json, &file) {
            (true, _) => as_json(&dataset, &settings, &ranked),
            (false, Some(_)) => as_csv(&dataset, &ranked)?,
            (false, None) => as_table(&dataset, &ranked),
        };
        match &file {
            Some(file) => file.write(&text)?,
            None => output::print(&text)?,
        }
        Ok(0)
    }

    fn of_problem(&self) -> Result<(Dataset, Option<Problem>), Error> {
        if let Some(response) = &self.response {
            let message = "a problem file names its response itself: leave out `--response`";
            return Err(Error::input(message).help(format!(
                "or take the data file, as in `fenchel screen data.csv --response {response}`"
            )));
        }
        let problem = Problem::load(&self.input, &self.sets)?;
        plugins::load(&wanted(&problem, &[])?, Opening::default())?;
        let loss = registry::build_loss(&problem.loss).map_err(|e| problem.explain("loss", &e))?;
        let needs = Needs { response: loss.reads(), columns: &[] };
        let dataset = data::load(&problem.data, &problem.base, needs)
            .map_err(|e| data_error(&problem, &e))?;
        Ok((dataset, Some(problem)))
    }

    fn of_data(&self) -> Result<Dataset, Error> {
        let Some(response) = &self.response else {
            return Err(Error::input("a data file has no response of its own")
                .in_file(self.input.display().to_string())
                .help("name it: `--response COLUMN`, or give a problem file"));
        };
        if !self.sets.is_empty() {
            return Err(Error::input("`--set` is for problem files"));
        }
        let name = self.input.file_name().unwrap_or_default().to_string_lossy();
        let config = DataConfig {
            response: Some(ResponseConfig::Column(response.clone())),
            ..DataConfig::new(name)
        };
        let kind = if self.classes { ResponseKind::Classes } else { ResponseKind::Number };
        let base = self.input.parent().unwrap_or(Path::new(""));
        data::load(&config, base, kind).map_err(|e| {
            let error = plain_data_error(&e);
            let text = !self.classes && e.column.as_deref() == Some(response.as_str());
            if text { error.help("with `--classes` its cells are labels") } else { error }
        })
    }
}

fn as_table(dataset: &Dataset, ranked: &[Ranked]) -> String {
    let mut rows = vec![["rank", "feature", "information", "linfoot"].map(String::from).to_vec()];
    rows.extend(ranked.iter().enumerate().map(|(i, ranked)| {
        vec![
            (i + 1).to_string(),
            dataset.feature_names[ranked.column].to_owned(),
            format!("{:.6}", ranked.information),
            format!("{:.6}", ranked.linfoot()),
        ]
    }));
    output::columns(&rows)
}

fn as_csv(dataset: &Dataset, ranked: &[Ranked]) -> Result<String, Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let failed = |e: csv::Error| Error::input(e.to_string());
    writer.write_record(["rank", "feature", "information", "linfoot"]).map_err(failed)?;
    for (i, ranked) in ranked.iter().enumerate() {
        let cells = [
            (i + 1).to_string(),
            dataset.feature_names[ranked.column].to_owned(),
            ranked.information.to_string(),
            ranked.linfoot().to_string(),
        ];
        writer.write_record(cells).map_err(failed)?;
    }
    let bytes = writer.into_inner().map_err(|e| Error::input(e.to_string()))?;
    Ok(String::from_utf8(bytes).expect("names are text"))
}

fn as_json(dataset: &Dataset, settings: &Settings, ranked: &[Ranked]) -> String {
    let features: Vec<Value> = ranked
        .iter()
        .map(|ranked| {
            json!({
                "feature": &dataset.feature_names[ranked.column], "column": ranked.column,
                "information": ranked.information, "linfoot": ranked.linfoot(),
            })
        })
        .collect();
    let whole = json!({
        "method": settings.method, "kernel": settings.kernel, "bandwidth": settings.bandwidth,
        "multiplier": settings.multiplier, "samples": dataset.samples.len(),
        "columns": dataset.matrix.cols(), "features": features,
    });
    format!("{}\n", serde_json::to_string_pretty(&whole).expect("texts and numbers only"))
}
