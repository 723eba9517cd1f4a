//! A problem as its file states it, and as solvers see it.

use std::fs;
use std::path::Path;

use fenchel::registry;
use fenchel_core::{
    Baseline, Bound, DataFit, DenseMatrix, Design, LinearModel, Loss, Matrix, Objective, Part,
    Penalty, Problem, Raw, Response, ResponseKind, Samples, Space, SparseMatrix,
};
use serde::Deserialize;
use serde_json::{Value, json};

/// Numbers, one a sample or a feature, or rows of them, one number an output.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Table {
    Column(Vec<f64>),
    Rows(Vec<Vec<f64>>),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    problem: Vec<Case>,
}

/// One problem.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    #[serde(skip)]
    pub file: String,
    pub name: String,
    x: Vec<Vec<f64>>,
    /// None for a loss of the columns of x alone.
    y: Option<Table>,
    /// Whether each event was seen, where `y` are times.
    event: Option<Vec<bool>>,
    weights: Option<Vec<f64>>,
    /// Whose each sample is.
    subject: Option<Vec<u32>>,
    offset: Option<Vec<f64>>,
    #[serde(default)]
    intercept: bool,
    #[serde(default = "quadratic")]
    pub loss: Value,
    pub penalty: Value,
    pub optimum: f64,
    beta: Option<Table>,
    /// The intercepts at the optimum.
    pub b0: Option<Vec<f64>>,
}

fn quadratic() -> Value {
    json!({ "type": "quadratic" })
}

/// How the design is stored.
#[derive(Debug, Clone, Copy)]
pub enum Storage {
    Dense,
    Sparse,
    /// Dense, between rows that belong to no sample: what a fold of cross-validation sees.
    Between,
}

/// Rows of the design for `n` samples, and the one of each sample, where there are others between them.
fn between(n: usize) -> (usize, Vec<u32>) {
    (2 + n + n / 2, (0..n).map(|i| (1 + i + i / 2) as u32).collect())
}

impl Storage {
    fn plain(self) -> Self {
        match self {
            Self::Between => Self::Dense,
            other => other,
        }
    }
}

/// A problem and what its tolerances are relative to.
pub struct Posed {
    objective: Box<dyn Objective>,
    penalty: Box<dyn Penalty>,
    baseline: Baseline,
}

impl Posed {
    pub fn problem(&self) -> Problem<'_> {
        Problem { objective: &*self.objective, penalty: &*self.penalty, baseline: self.baseline }
    }
}

/// Every problem of every file, in order.
pub fn read_all() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("problems");
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    paths.sort();
    let mut cases = Vec::new();
    for path in paths {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let file: File = toml::from_str(&fs::read_to_string(&path).unwrap())
            .unwrap_or_else(|e| panic!("{name}: {e}"));
        cases.extend(file.problem.into_iter().map(|case| Case { file: name.clone(), ..case }));
    }
    cases
}

impl Table {
    /// Column by column, with the number of columns.
    fn columns(&self) -> (Vec<f64>, usize) {
        match self {
            Self::Column(values) => (values.clone(), 1),
            Self::Rows(rows) => (by_column(rows), rows[0].len()),
        }
    }
}

fn by_column(rows: &[Vec<f64>]) -> Vec<f64> {
    let width = rows[0].len();
    assert!(rows.iter().all(|row| row.len() == width), "the rows differ in length: {rows:?}");
    (0..width).flat_map(|j| rows.iter().map(move |row| row[j])).collect()
}

fn raw(value: &Value) -> Raw {
    Raw(value.as_object().expect("losses and penalties are tables").clone())
}

impl Case {
    /// The coefficients at the optimum, column by column.
    pub fn beta(&self) -> Option<Vec<f64>> {
        self.beta.as_ref().map(|beta| beta.columns().0)
    }

    /// Errors: where `expected` is given and `got` is not within 1e-5 of it.
    pub fn compare(
        &self,
        what: &str,
        expected: Option<Vec<f64>>,
        got: &[f64],
    ) -> Result<(), String> {
        let Some(expected) = expected else { return Ok(()) };
        assert_eq!(expected.len(), got.len(), "\"{}\" has {what} of another length", self.name);
        let close = expected.iter().zip(got).all(|(e, g)| (e - g).abs() <= 1e-5);
        if close { Ok(()) } else { Err(format!("{what} {got:?}, expected {expected:?}")) }
    }

    /// Errors: where the loss or the penalty does not take the case.
    pub fn pose(&self, storage: Storage) -> Result<Posed, String> {
        let loss = registry::build_loss(&raw(&self.loss)).map_err(|e| e.to_string())?;
        let storage = if loss.reads_design() { storage.plain() } else { storage };
        let mut samples = Samples::new(self.response(&*loss), self.weights.clone()).unwrap();
        if let Some(subject) = &self.subject {
            samples = samples.with_subject(subject.clone()).unwrap();
        }
        let design = Design::new(self.matrix(storage));
        let objective: Box<dyn Objective> =
            match loss.bind(&samples, &design).map_err(|e| e.to_string())? {
                Bound::Direct(objective) => objective,
                Bound::Eta(fit) => {
                    let (fit, offset) = self.placed(storage, fit);
                    Box::new(LinearModel::new(design, fit, offset, self.intercept).unwrap())
                }
            };
        let shape = objective.shape();
        let space = match objective.layers() {
            layers if layers.is_empty() => Space::numbered(shape.features, shape.outputs),
            layers => Space::of_layers(layers, &[]),
        };
        let penalty = registry::build_penalty(&raw(&self.penalty), &space, Path::new("."))
            .map_err(|e| e.to_string())?;
        let mut posed = Posed { objective, penalty, baseline: Baseline::default() };
        posed.baseline = Baseline::at_zero(&posed.problem(), &posed.objective.start());
        Ok(posed)
    }

    /// The loss and the offset as those of all rows of the design.
    fn placed(
        &self,
        storage: Storage,
        fit: Box<dyn DataFit>,
    ) -> (Box<dyn DataFit>, Option<Vec<f64>>) {
        let Storage::Between = storage else { return (fit, self.offset.clone()) };
        let (all, rows) = between(self.x.len());
        let outputs = fit.outputs();
        let offset = self.offset.as_ref().map(|offset| {
            let mut placed = vec![0.0; all * outputs];
            for (at, value) in offset.iter().enumerate() {
                let (i, k) = (at % rows.len(), at / rows.len());
                placed[k * all + rows[i] as usize] = *value;
            }
            placed
        });
        (Box::new(Part::new(fit, rows.into(), all).unwrap()), offset)
    }

    fn matrix(&self, storage: Storage) -> Matrix {
        let (n, p) = (self.x.len(), self.x[0].len());
        let values = by_column(&self.x);
        match storage {
            Storage::Between => {
                let (all, rows) = between(n);
                let mut placed: Vec<f64> =
                    (0..all * p).map(|at| 2.5 * (1.7 * at as f64).sin()).collect();
                for (column, from) in placed.chunks_mut(all).zip(values.chunks(n)) {
                    rows.iter().zip(from).for_each(|(&i, x)| column[i as usize] = *x);
                }
                Matrix::Dense(DenseMatrix::new(all, p, placed).unwrap())
            }
            Storage::Dense => Matrix::Dense(DenseMatrix::new(n, p, values).unwrap()),
            Storage::Sparse => {
                let (mut starts, mut indices, mut stored) = (vec![0], Vec::new(), Vec::new());
                for column in values.chunks(n) {
                    for (i, x) in column.iter().enumerate().filter(|(_, x)| **x != 0.0) {
                        indices.push(i as u32);
                        stored.push(*x);
                    }
                    starts.push(indices.len());
                }
                Matrix::Sparse(SparseMatrix::new(n, p, starts, indices, stored).unwrap())
            }
        }
    }

    /// The response in the form that the loss reads.
    fn response(&self, loss: &dyn Loss) -> Response {
        let Some(y) = &self.y else { return Response::None { samples: self.x.len() } };
        let (values, columns) = y.columns();
        match loss.reads() {
            ResponseKind::TwoClasses => Response::Classes {
                class: values.iter().map(|y| *y as u32).collect(),
                labels: vec!["0".into(), "1".into()],
            },
            ResponseKind::Classes => {
                let class: Vec<u32> = values.iter().map(|y| *y as u32).collect();
                let count = class.iter().max().map_or(0, |top| top + 1);
                Response::Classes { class, labels: (0..count).map(|c| c.to_string()).collect() }
            }
            ResponseKind::Survival => Response::Survival {
                event: self.event.clone().unwrap_or_else(|| vec![true; values.len()]),
                time: values,
            },
            _ => Response::Numeric { values, columns },
        }
    }
}
