//! The data that laws bind losses to, and the points at which they look.

use std::ops::Deref;

use fenchel_core::{
    Bound, DataFit, DenseMatrix, Design, Error, Loss, Matrix, Objective, Response, ResponseKind,
    Samples, Thresholds,
};

use crate::Random;

/// Samples of every made-up data set.
pub(super) const SAMPLES: usize = 12;
const FEATURES: usize = 4;
const CLASSES: usize = 4;
const COLUMNS: usize = 3;

/// A loss bound to data.
pub(super) struct Case {
    /// What the data are, for messages.
    pub name: &'static str,
    pub samples: Samples,
    pub fit: Fit,
}

/// A bound loss, or the loss of the wider predictor that its own parameters are the thresholds of.
pub(super) struct Fit {
    whole: Box<dyn DataFit>,
    wide: bool,
}

impl From<Box<dyn DataFit>> for Fit {
    fn from(whole: Box<dyn DataFit>) -> Self {
        Self { whole, wide: false }
    }
}

impl Deref for Fit {
    type Target = dyn DataFit;

    fn deref(&self) -> &Self::Target {
        match thresholds(&*self.whole) {
            Some(thresholds) if self.wide => thresholds.fit,
            _ => &*self.whole,
        }
    }
}

fn thresholds(fit: &dyn DataFit) -> Option<Thresholds<'_>> {
    fit.as_own()?.as_thresholds()
}

/// Values of the arguments of a bound loss.
#[derive(Debug, Clone)]
pub(super) struct Point {
    pub eta: Vec<f64>,
    pub own: Vec<f64>,
}

/// A gradient with the value that was reported along with it.
pub(super) struct Gradient {
    pub value: f64,
    pub eta: Vec<f64>,
    pub own: Vec<f64>,
}

impl Case {
    pub(super) fn value(&self, point: &Point) -> f64 {
        self.fit.value(&point.eta, &point.own)
    }

    /// The same loss on the same samples with another design.
    pub(super) fn beside(&self, loss: &dyn Loss, design: &Design) -> Option<Fit> {
        let whole = bound_on(loss, &self.samples, design)?;
        Some(Fit { whole, wide: self.fit.wide })
    }

    /// The gradient, in buffers full of NaN, so that an entry left unwritten shows; `None` for a
    /// loss that has none.
    pub(super) fn gradient(&self, point: &Point) -> Option<Gradient> {
        let smooth = self.fit.as_smooth()?;
        let (mut eta, mut own) = (vec![f64::NAN; point.eta.len()], vec![f64::NAN; point.own.len()]);
        let value = smooth.gradient(&point.eta, &point.own, &mut eta, &mut own);
        Some(Gradient { value, eta, own })
    }

    /// Length of `eta`.
    pub(super) fn len(&self) -> usize {
        self.fit.samples() * self.fit.outputs()
    }

    pub(super) fn start(&self) -> Point {
        self.seen(narrow_start(&*self.fit.whole))
    }

    /// The point as the fit at hand sees it.
    pub(super) fn seen(&self, point: Point) -> Point {
        match thresholds(&*self.fit.whole) {
            Some(thresholds) if self.fit.wide => {
                let mut eta = Vec::new();
                thresholds.predictor(&point.eta, &point.own, &mut eta);
                Point { eta, own: Vec::new() }
            }
            _ => point,
        }
    }

    /// Points of finite value: `eta` of several sizes, own parameters at and around their start.
    pub(super) fn points(&self) -> Vec<Point> {
        let mut random = Random::new(21);
        let start = narrow_start(&*self.fit.whole);
        let mut points = vec![start.clone()];
        for deviation in [1e-3, 0.1, 0.5, 1.0, 1.0, 2.0, 4.0] {
            let eta = random.normals(start.eta.len(), deviation);
            let wiggle = random.normals(start.own.len(), 0.1);
            let own = start.own.iter().zip(&wiggle).map(|(o, w)| o + w).collect();
            points.push(Point { eta: eta.clone(), own: start.own.clone() });
            points.push(Point { eta, own });
        }
        let mut points: Vec<Point> = points.into_iter().map(|point| self.seen(point)).collect();
        points.retain(|point| self.value(point).is_finite());
        points
    }

    pub(super) fn describe(&self, point: &Point) -> String {
        if point.own.is_empty() {
            format!("{}, eta = {:?}", self.name, point.eta)
        } else {
            format!("{}, eta = {:?}, own = {:?}", self.name, point.eta, point.own)
        }
    }
}

fn narrow_start(fit: &dyn DataFit) -> Point {
    let own = fit.as_own().map_or(Vec::new(), |own| own.start());
    Point { eta: vec![0.0; fit.samples() * fit.outputs()], own }
}

/// The loss on made-up samples, without and (where it takes them) with weights; none for a loss
/// that accepts no such samples or has no linear predictor. A loss with thresholds is there a second
/// time, as that of the wider predictor.
pub(super) fn cases(loss: &dyn Loss) -> Vec<Case> {
    let Some(samples) = accepted(loss) else { return Vec::new() };
    let mut cases = Vec::new();
    let weighted = with_weights(&samples, weights());
    for (samples, name, wide_name) in [
        (samples, "without weights", "the predictor with thresholds, without weights"),
        (weighted, "with weights", "the predictor with thresholds, with weights"),
    ] {
        if let Some(fit) = bound(loss, &samples) {
            cases.push(Case { name, samples: samples.clone(), fit: fit.into() });
        }
        let wide = bound(loss, &samples).filter(|fit| thresholds(&**fit).is_some());
        if let Some(whole) = wide {
            cases.push(Case { name: wide_name, samples, fit: Fit { whole, wide: true } });
        }
    }
    cases
}

/// The cases in which the fit takes what the predictor of the loss takes: of a loss with thresholds,
/// those of the wider predictor.
pub(super) fn predictor_cases(loss: &dyn Loss) -> Vec<Case> {
    let mut cases = cases(loss);
    if cases.iter().any(|case| case.fit.wide) {
        cases.retain(|case| case.fit.wide);
    }
    cases
}

/// Weights of several sizes; sample 5 has none.
pub(super) fn weights() -> Vec<f64> {
    (0..SAMPLES).map(|i| if i == 5 { 0.0 } else { 0.2 + 0.3 * ((i * 5) % 7) as f64 }).collect()
}

pub(super) fn with_weights(samples: &Samples, weights: Vec<f64>) -> Samples {
    let response = samples.response().clone();
    let plain = Samples::new(response, Some(weights)).expect("the laws' weights are valid");
    match samples.subject() {
        None => plain,
        Some(subject) => plain.with_subject(subject.to_vec()).expect("one subject a sample"),
    }
}

/// The loss on `samples` with a design of as many rows; `None` where it refuses or is an objective
/// of its own.
pub(super) fn bound(loss: &dyn Loss, samples: &Samples) -> Option<Box<dyn DataFit>> {
    bound_on(loss, samples, &design(samples.len()))
}

/// The same on a design of its own.
pub(super) fn bound_on(
    loss: &dyn Loss,
    samples: &Samples,
    design: &Design,
) -> Option<Box<dyn DataFit>> {
    match loss.bind(samples, design) {
        Ok(Bound::Eta(fit)) => Some(fit),
        _ => None,
    }
}

/// The objective that a loss with no linear predictor binds to.
pub(super) fn direct(loss: &dyn Loss) -> Option<Box<dyn Objective>> {
    match loss.bind(&accepted(loss)?, &design(SAMPLES)) {
        Ok(Bound::Direct(objective)) => Some(objective),
        _ => None,
    }
}

/// Samples of the kind that the loss reads and in its domain: the first of several made-up
/// responses that it accepts.
pub(super) fn accepted(loss: &dyn Loss) -> Option<Samples> {
    responses(loss.reads())
        .into_iter()
        .map(samples)
        .find(|samples| loss.bind(samples, &design(SAMPLES)).is_ok())
}

pub(super) fn samples(response: Response) -> Samples {
    let subject = (0..response.samples()).map(|i| (i / 3) as u32).collect();
    Samples::new(response, None)
        .and_then(|samples| samples.with_subject(subject))
        .expect("made-up samples are valid")
}

/// Responses of one kind, from the widest domain to narrow ones.
pub(super) fn responses(kind: ResponseKind) -> Vec<Response> {
    let mut random = Random::new(22);
    match kind {
        ResponseKind::Number => numeric(1, &mut random),
        ResponseKind::Numbers => numeric(COLUMNS, &mut random),
        ResponseKind::TwoClasses => vec![classes(2)],
        ResponseKind::Classes => vec![classes(CLASSES), classes(2)],
        ResponseKind::Survival => vec![Response::Survival {
            // Few distinct times, so that there are ties, between events and with censoring.
            time: (0..SAMPLES).map(|i| 1.0 + ((i * 5) % 7) as f64).collect(),
            event: (0..SAMPLES).map(|i| i % 4 != 1).collect(),
        }],
        ResponseKind::Nothing => vec![Response::None { samples: SAMPLES }],
    }
}

fn numeric(columns: usize, random: &mut Random) -> Vec<Response> {
    let z = random.normals(SAMPLES * columns, 1.5);
    let domains: [fn(f64) -> f64; 5] = [
        |z| z,
        |z| z.abs().round(),
        |z| z.abs() + 0.05,
        |z| 1.0 / (1.0 + z.exp()),
        |z| f64::from(z > 0.0),
    ];
    domains
        .iter()
        .map(|into| Response::Numeric { values: z.iter().map(|z| into(*z)).collect(), columns })
        .collect()
}

fn classes(number: usize) -> Response {
    Response::Classes {
        class: (0..SAMPLES).map(|i| ((i * 7 + i / 4) % number) as u32).collect(),
        labels: (0..number).map(|c| format!("class {c}")).collect(),
    }
}

pub(super) fn design(rows: usize) -> Design {
    let values = Random::new(23).normals(rows * FEATURES, 1.0);
    let matrix = DenseMatrix::new(rows, FEATURES, values).expect("the length is the product");
    Design::new(Matrix::Dense(matrix))
}

pub(super) fn has_gradient(loss: &dyn Loss) -> bool {
    cases(loss).first().is_some_and(|case| case.fit.as_smooth().is_some())
        || direct(loss).is_some_and(|objective| objective.as_smooth().is_some())
}

/// Whether weights mean something to the loss; one that says [`Error::Unsupported`] is believed.
pub(super) fn takes_weights(loss: &dyn Loss) -> bool {
    let Some(samples) = accepted(loss) else { return false };
    if bound(loss, &samples).is_none() {
        return false;
    }
    let weighted = with_weights(&samples, weights());
    !matches!(loss.bind(&weighted, &design(SAMPLES)), Err(Error::Unsupported(_)))
}

/// Equal up to `relative`, or up to `floor` for small numbers; infinities are equal to themselves.
pub(super) fn agree(a: f64, b: f64, relative: f64, floor: f64) -> bool {
    a == b || (a - b).abs() <= relative * a.abs().max(b.abs()) + floor
}
