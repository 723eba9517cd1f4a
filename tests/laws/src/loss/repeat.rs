//! A bound loss is a function: of its input alone, from any thread, whatever was asked before.

use fenchel_core::{Loss, Objective, Predictor, Workspace};

use super::probe::{self, Case, Point};
use crate::repeat::{self, Answer};
use crate::{Random, Violation};

/// Everything that a bound loss offers, asked twice, gives the same bits; so does a second binding
/// to the same data.
pub fn the_same_call_gives_the_same_bits(loss: &dyn Loss) -> Result<(), Violation> {
    const LAW: &str = "the_same_call_gives_the_same_bits";
    for (asked, again) in asked(loss).iter().zip(&asked(loss)) {
        for point in asked.case.points() {
            let before = asked.answers(&point);
            repeat::unchanged(LAW, "in the next call", &before, &asked.answers(&point))?;
            repeat::unchanged(LAW, "bound again", &before, &again.answers(&point))?;
        }
    }
    let (Some(objective), Some(again)) = (probe::direct(loss), probe::direct(loss)) else {
        return Ok(());
    };
    let before = objective_answers(&*objective);
    repeat::unchanged(LAW, "in the next call", &before, &objective_answers(&*objective))?;
    repeat::unchanged(LAW, "bound again", &before, &objective_answers(&*again))
}

/// One bound loss that is asked by four threads at once gives each the numbers that it gives to one.
pub fn threads_get_the_same_numbers(loss: &dyn Loss) -> Result<(), Violation> {
    for asked in asked(loss) {
        let points = asked.case.points();
        repeat::in_threads("threads_get_the_same_numbers", || {
            points.iter().flat_map(|point| asked.answers(point)).collect()
        })?;
    }
    match probe::direct(loss) {
        Some(objective) => {
            repeat::in_threads("threads_get_the_same_numbers", || objective_answers(&*objective))
        }
        None => Ok(()),
    }
}

/// A linear predictor that is NaN or infinite may be answered by anything, but does not end the
/// process, and leaves no trace: what is asked next gets the answers of before.
pub fn nan_and_infinity_are_survived(loss: &dyn Loss) -> Result<(), Violation> {
    for asked in asked(loss) {
        let case = &asked.case;
        let points = case.points();
        let finite = || -> Vec<Answer> {
            points.iter().step_by(4).flat_map(|point| asked.answers(point)).collect()
        };
        let before = finite();
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let start = case.start();
            let mut broken = vec![Point { eta: vec![bad; case.len()], ..start.clone() }];
            for at in [0, case.len() / 2, case.len() - 1] {
                let mut point = start.clone();
                point.eta[at] = bad;
                broken.push(point);
            }
            if !start.own.is_empty() {
                broken.push(Point { own: vec![bad; start.own.len()], ..start });
            }
            for point in &broken {
                let _ = asked.answers(point);
            }
        }
        let when = "after NaN and infinities";
        repeat::unchanged("nan_and_infinity_are_survived", when, &before, &finite())?;
    }
    let Some(objective) = probe::direct(loss) else { return Ok(()) };
    let before = objective_answers(&*objective);
    let start = objective.start();
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        for at in 0..start.len() {
            let mut broken = start.clone();
            broken[at] = bad;
            let _ = objective_answers_at(&*objective, &broken, &mut Workspace::default());
        }
    }
    let when = "after NaN and infinities";
    repeat::unchanged(
        "nan_and_infinity_are_survived",
        when,
        &before,
        &objective_answers(&*objective),
    )
}

/// Whether the loss binds to anything that can be called.
pub(super) fn can_be_called(loss: &dyn Loss) -> bool {
    !probe::cases(loss).is_empty() || probe::direct(loss).is_some()
}

/// Values and gradients of an objective around its start, one workspace for all.
fn objective_answers(objective: &dyn Objective) -> Vec<Answer> {
    let (start, mut random) = (objective.start(), Random::new(31));
    let mut work = Workspace::default();
    let mut all = Vec::new();
    for deviation in [0.0, 0.05, 0.2, 3.0, 0.1] {
        let noise = random.normals(start.len(), deviation);
        let params: Vec<f64> = start.iter().zip(&noise).map(|(s, z)| s + z).collect();
        all.extend(objective_answers_at(objective, &params, &mut work));
    }
    all
}

fn objective_answers_at(
    objective: &dyn Objective,
    params: &[f64],
    work: &mut Workspace,
) -> Vec<Answer> {
    let value = objective.value(params, work);
    let mut all = vec![Answer::new(format!("the value at {params:?}"), vec![value])];
    if let Some(smooth) = objective.as_smooth().filter(|_| value.is_finite()) {
        let mut grad = vec![f64::NAN; params.len()];
        let value = smooth.value_gradient(params, &mut grad, work);
        grad.push(value);
        all.push(Answer::new(format!("the gradient at {params:?}"), grad));
    }
    all
}

/// A bound loss, or what the loss says of predictions, which may need a wider predictor.
struct Asked<'a> {
    case: Case,
    predictor: Option<&'a dyn Predictor>,
}

fn asked(loss: &dyn Loss) -> Vec<Asked<'_>> {
    let bound = probe::cases(loss).into_iter().map(|case| Asked { case, predictor: None });
    let mut all: Vec<Asked<'_>> = bound.collect();
    if let Some(predictor) = loss.as_predictor() {
        let cases = probe::predictor_cases(loss).into_iter();
        all.extend(cases.map(|case| Asked { case, predictor: Some(predictor) }));
    }
    all
}

impl Asked<'_> {
    /// Everything that there is to say of one point.
    fn answers(&self, point: &Point) -> Vec<Answer> {
        let mut all = Vec::new();
        let mut add = |what: &str, numbers: Vec<f64>| {
            all.push(Answer::new(format!("{what}, {}", self.case.describe(point)), numbers));
        };
        match self.predictor {
            Some(predictor) => {
                let outputs = self.case.fit.outputs();
                add("the response", predictor.response(&point.eta, outputs).0);
                let class = predictor.class(&point.eta, outputs).into_iter().flatten();
                add("the class", class.map(f64::from).collect());
                let deviance = predictor.deviance(&point.eta, outputs, &self.case.samples);
                add("the deviance", deviance.into_iter().collect());
            }
            None => bound_answers(&self.case, point, &mut add),
        }
        all
    }
}

/// Everything that a bound loss says of one point.
fn bound_answers(case: &Case, point: &Point, add: &mut dyn FnMut(&str, Vec<f64>)) {
    let (length, samples, outputs) = (case.len(), case.fit.samples(), case.fit.outputs());
    add("the value", vec![case.value(point)]);
    let mut slope = Random::new(29).normals(length, 0.01);
    if let Some(gradient) = case.gradient(point) {
        slope.clone_from(&gradient.eta);
        add("value and gradient", [vec![gradient.value], gradient.eta, gradient.own].concat());
    }
    if let Some(curvature) = case.fit.as_curvature() {
        let mut out = vec![0.0; curvature.form().length(samples, outputs)];
        curvature.curvature(&point.eta, &point.own, &mut out);
        add("the curvature", out);
        if let Some(product) = curvature.as_product() {
            let mut out = vec![0.0; length];
            product.product(&point.eta, &point.own, &slope, &mut out);
            add("the product of the Hessian and the gradient", out);
        }
    }
    if let Some(conjugate) = case.fit.as_conjugate() {
        add("the conjugate of the gradient", vec![conjugate.conjugate(&slope)]);
    }
    if let Some(prox) = case.fit.as_prox() {
        let mut out = vec![0.0; length];
        prox.prox(&point.eta, 3.0, &mut out);
        add("the prox, step = 3", out);
    }
}
