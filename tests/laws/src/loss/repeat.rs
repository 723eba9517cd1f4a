//! A bound loss is a function: of its input alone, from any thread, whatever was asked before.

use fenchel_core::{CurvatureForm, Loss};

use super::probe::{self, Case, Point};
use crate::repeat::{self, Answer};
use crate::{Random, Violation};

/// Everything that a bound loss offers, asked twice, gives the same bits; so does a second binding
/// to the same data.
pub fn the_same_call_gives_the_same_bits(loss: &dyn Loss) -> Result<(), Violation> {
    const LAW: &str = "the_same_call_gives_the_same_bits";
    for (case, again) in probe::cases(loss).iter().zip(&probe::cases(loss)) {
        for point in case.points() {
            let before = answers(loss, case, &point);
            repeat::unchanged(LAW, "in the next call", &before, &answers(loss, case, &point))?;
            repeat::unchanged(LAW, "bound again", &before, &answers(loss, again, &point))?;
        }
    }
    Ok(())
}

/// One bound loss that is asked by four threads at once gives each the numbers that it gives to one.
pub fn threads_get_the_same_numbers(loss: &dyn Loss) -> Result<(), Violation> {
    for case in probe::cases(loss) {
        let points = case.points();
        repeat::in_threads("threads_get_the_same_numbers", || {
            points.iter().flat_map(|point| answers(loss, &case, point)).collect()
        })?;
    }
    Ok(())
}

/// A linear predictor that is NaN or infinite may be answered by anything, but does not end the
/// process, and leaves no trace: what is asked next gets the answers of before.
pub fn nan_and_infinity_are_survived(loss: &dyn Loss) -> Result<(), Violation> {
    for case in probe::cases(loss) {
        let points = case.points();
        let finite = || -> Vec<Answer> {
            points.iter().step_by(4).flat_map(|point| answers(loss, &case, point)).collect()
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
                let _ = answers(loss, &case, point);
            }
        }
        let when = "after NaN and infinities";
        repeat::unchanged("nan_and_infinity_are_survived", when, &before, &finite())?;
    }
    Ok(())
}

/// Everything that a bound loss says of one point.
fn answers(loss: &dyn Loss, case: &Case, point: &Point) -> Vec<Answer> {
    let mut all = Vec::new();
    let mut add = |what: &str, numbers: Vec<f64>| {
        all.push(Answer::new(format!("{what}, {}", case.describe(point)), numbers));
    };
    let (n, outputs) = (case.len(), case.fit.outputs());
    add("the value", vec![case.value(point)]);
    let mut slope = Random::new(29).normals(n, 0.01);
    if let Some(gradient) = case.gradient(point) {
        slope.clone_from(&gradient.eta);
        add("value and gradient", [vec![gradient.value], gradient.eta, gradient.own].concat());
    }
    if let Some(curvature) = case.fit.as_curvature() {
        let length = if curvature.form() == CurvatureForm::Blocks { n * outputs } else { n };
        let mut out = vec![0.0; length];
        curvature.curvature(&point.eta, &point.own, &mut out);
        add("the curvature", out);
        if let Some(product) = curvature.as_product() {
            let mut out = vec![0.0; n];
            product.product(&point.eta, &point.own, &slope, &mut out);
            add("the product of the Hessian and the gradient", out);
        }
    }
    if let Some(conjugate) = case.fit.as_conjugate() {
        add("the conjugate of the gradient", vec![conjugate.conjugate(&slope)]);
    }
    if let Some(prox) = case.fit.as_prox() {
        let mut out = vec![0.0; n];
        prox.prox(&point.eta, 3.0, &mut out);
        add("the prox, step = 3", out);
    }
    if let Some(predictor) = loss.as_predictor() {
        add("the response", predictor.response(&point.eta, outputs).0);
        let class = predictor.class(&point.eta, outputs).into_iter().flatten();
        add("the class", class.map(f64::from).collect());
        let deviance = predictor.deviance(&point.eta, outputs, &case.samples);
        add("the deviance", deviance.into_iter().collect());
    }
    all
}
