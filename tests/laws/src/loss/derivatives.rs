//! Derivatives against differences, and the bound on the second ones.

use fenchel_core::{CurvatureForm, Loss, Objective, Pairs, Thresholds, Workspace, kernels};

use super::probe::{self, Case, Point};
use crate::{Random, Violation};

/// Width of a difference relative to the size of the argument.
const STEP: f64 = 1e-5;

/// Gradients in `eta` and in the loss's own parameters agree with central differences of the
/// value, and the value that comes with the gradient is the value.
pub fn gradients_match_differences(loss: &dyn Loss) -> Result<(), Violation> {
    for case in probe::cases(loss) {
        for point in case.points() {
            gradient_at(&case, &point)?;
        }
    }
    match probe::direct(loss) {
        Some(objective) => objective_gradient(&*objective),
        None => Ok(()),
    }
}

fn gradient_at(case: &Case, point: &Point) -> Result<(), Violation> {
    let Some(gradient) = case.gradient(point) else { return Ok(()) };
    let value = case.value(point);
    if !probe::agree(value, gradient.value, 1e-12, 1e-14) {
        return Err(violation(
            case.describe(point),
            format!("the value {value:e} beside the gradient"),
            gradient.value,
        ));
    }
    let params = [&point.eta[..], &point.own[..]].concat();
    let analytic = [&gradient.eta[..], &gradient.own[..]].concat();
    let n = point.eta.len();
    let at = |params: &[f64]| case.fit.value(&params[..n], &params[n..]);
    compare(&params, &analytic, &at, |i| {
        let name = if i < n { format!("eta[{i}]") } else { format!("own[{}]", i - n) };
        format!("{name} of {}", case.describe(point))
    })
}

fn objective_gradient(objective: &dyn Objective) -> Result<(), Violation> {
    let Some(smooth) = objective.as_smooth() else { return Ok(()) };
    let start = objective.start();
    let mut random = Random::new(24);
    for deviation in [0.0, 0.01, 0.1, 0.3] {
        let mut work = Workspace::default();
        let noise = random.normals(start.len(), deviation);
        let params: Vec<f64> = start.iter().zip(&noise).map(|(s, z)| s + z).collect();
        if !objective.value(&params, &mut work).is_finite() {
            continue;
        }
        let mut analytic = vec![f64::NAN; params.len()];
        smooth.value_gradient(&params, &mut analytic, &mut work);
        let at = |params: &[f64]| objective.value(params, &mut Workspace::default());
        compare(&params, &analytic, &at, |i| format!("parameter {i} of {params:?}"))?;
    }
    Ok(())
}

fn compare(
    params: &[f64],
    analytic: &[f64],
    value: &dyn Fn(&[f64]) -> f64,
    name: impl Fn(usize) -> String,
) -> Result<(), Violation> {
    let scale = kernels::max_abs(analytic);
    let size = value(params).abs();
    let mut moved = params.to_vec();
    for (i, (&centre, &got)) in params.iter().zip(analytic).enumerate() {
        let h = STEP * (1.0 + centre.abs());
        moved[i] = centre + h;
        let above = value(&moved);
        moved[i] = centre - h;
        let below = value(&moved);
        moved[i] = centre;
        if !(above.is_finite() && below.is_finite()) {
            continue; // the difference reaches over the edge of the domain
        }
        let expected = (above - below) / (2.0 * h);
        // A jump of the second derivative inside the interval costs h times the jump.
        if !probe::agree(expected, got, 1e-5, 1e-5 * scale + 1e-9 * (1.0 + size)) {
            return Err(violation(name(i), format!("{expected:e}"), got));
        }
    }
    Ok(())
}

fn violation(input: String, expected: String, got: f64) -> Violation {
    Violation::new("gradients_match_differences", input, expected, format!("{got:e}"))
}

/// The curvature agrees with differences of the gradient, in the form that it claims: off-diagonal
/// (or off-block) derivatives are zero, and a constant one is the same everywhere. Points where the
/// one-sided differences disagree are kinks of the gradient and left out. A curvature that claims
/// to approximate is only asked to be finite and not negative.
pub fn curvature_matches_differences(loss: &dyn Loss) -> Result<(), Violation> {
    for case in probe::cases(loss) {
        let Some(curvature) = case.fit.as_curvature() else { continue };
        let form = curvature.form();
        let mut constant: Option<Vec<f64>> = None;
        for point in case.points() {
            let length = form.length(case.fit.samples(), case.fit.outputs());
            let mut out = vec![f64::NAN; length];
            curvature.curvature(&point.eta, &point.own, &mut out);
            let complaint = |expected: String, got: f64| {
                Violation::new(
                    "curvature_matches_differences",
                    case.describe(&point),
                    expected,
                    format!("{got:e}"),
                )
            };
            let may_be_negative = form.is_coupled() || case.fit.as_conjugate().is_none();
            let wrong = |h: &&f64| !h.is_finite() || (!may_be_negative && **h < 0.0);
            if let Some(h) = out.iter().find(wrong) {
                return Err(complaint("finite curvatures, at least 0 if convex".into(), *h));
            }
            match form {
                CurvatureForm::Approximate => {
                    if let Some(h) = out.iter().find(|h| **h < 0.0) {
                        return Err(complaint("at least 0".into(), *h));
                    }
                    continue;
                }
                CurvatureForm::Constant => {
                    let first = constant.get_or_insert_with(|| out.clone());
                    if let Some((_, h)) =
                        first.iter().zip(&out).find(|(a, b)| !probe::agree(**a, **b, 1e-12, 0.0))
                    {
                        return Err(complaint("the same curvature everywhere".into(), *h));
                    }
                }
                _ => {}
            }
            columns_of_the_hessian(&case, &point, form, &out)?;
        }
    }
    Ok(())
}

/// A loss with thresholds is that of the wider predictor, in value and in every derivative.
pub fn thresholds_widen_the_predictor(loss: &dyn Loss) -> Result<(), Violation> {
    const LAW: &str = "thresholds_widen_the_predictor";
    for case in probe::cases(loss) {
        let own = case.fit.as_own().and_then(|own| own.as_thresholds());
        let (Some(thresholds), Some(smooth)) = (own, case.fit.as_smooth()) else { continue };
        let (n, columns) = (case.fit.samples(), thresholds.fit.outputs());
        let wrong_shape = case.start().own.len() != columns
            || ![1, columns].contains(&case.fit.outputs())
            || thresholds.fit.samples() != n
            || thresholds.fit.as_own().is_some();
        let complaint = |point: &Point, expected: String, got: String| {
            Err(Violation::new(LAW, case.describe(point), expected, got))
        };
        if wrong_shape {
            let expected = "a column for each threshold, of a predictor without own parameters";
            return complaint(&case.start(), expected.into(), format!("{columns} columns"));
        }
        for point in case.points() {
            let mut z = Vec::new();
            thresholds.predictor(&point.eta, &point.own, &mut z);
            let (mut wide, mut narrow) = (vec![f64::NAN; z.len()], vec![f64::NAN; case.len()]);
            let wide_fit = thresholds.fit.as_smooth();
            let Some(wide_fit) = wide_fit else {
                return complaint(&point, "a gradient, as the loss has one".into(), "none".into());
            };
            let value = wide_fit.gradient(&z, &[], &mut wide, &mut []);
            let (mut eta, mut own) = (vec![f64::NAN; case.len()], vec![f64::NAN; columns]);
            let whole = smooth.gradient(&point.eta, &point.own, &mut eta, &mut own);
            thresholds.fold(&wide, &mut narrow);
            let sums = wide.chunks(n).map(kernels::sum);
            let pairs = narrow.iter().copied().chain(sums).chain([value]);
            let scale = kernels::max_abs(&wide);
            for (expected, got) in pairs.zip(eta.iter().chain(&own).chain([&whole])) {
                if !probe::agree(expected, *got, 1e-10, 1e-11 * (scale + 1.0)) {
                    return complaint(&point, format!("{expected:e}"), format!("{got:e}"));
                }
            }
            for (expected, got) in sample_by_sample(thresholds, &point, &z, (value, &wide)) {
                let scale = scale.max(expected.abs()) + 1.0;
                if expected.is_finite() && !probe::agree(expected, got, 1e-8, 1e-11 * scale) {
                    let expected = format!("{expected:e}, sample by sample");
                    return complaint(&point, expected, format!("{got:e}"));
                }
            }
        }
    }
    Ok(())
}

/// What the two ends that a sample sees have, by the loss of the wider predictor `z` with this value and
/// gradient, and as the loss says it sample by sample.
fn sample_by_sample(
    thresholds: Thresholds<'_>,
    point: &Point,
    z: &[f64],
    (value, wide): (f64, &[f64]),
) -> Vec<(f64, f64)> {
    let Some(neighbours) = thresholds.neighbours else { return Vec::new() };
    let (n, columns) = (thresholds.fit.samples(), thresholds.fit.outputs());
    let mut pairs = Pairs::default();
    pairs.resize(n);
    let got = neighbours.expand(&point.eta, &point.own, true, &mut pairs);
    let mut all = vec![(value, got)];
    let mut first = pairs.clone();
    first.upper.fill(f64::NAN);
    all.push((value, neighbours.expand(&point.eta, &point.own, false, &mut first)));
    let curvature = thresholds.fit.as_curvature();
    let form = curvature.map(|curvature| {
        let mut h = vec![f64::NAN; curvature.form().length(n, columns)];
        curvature.curvature(z, &[], &mut h);
        (curvature.form(), h)
    });
    for (i, &y) in neighbours.classes().iter().enumerate() {
        let ends = [Some(y as usize).filter(|y| *y < columns), (y as usize).checked_sub(1)];
        let [upper, lower] = ends.map(|end| end.map_or(0.0, |l| wide[i + n * l]));
        all.extend([(upper, pairs.upper[i]), (lower, pairs.lower[i]), (upper, first.upper[i])]);
        all.push((upper + lower, pairs.along[i]));
        let Some((form, h)) = &form else { continue };
        let entry = |a: Option<usize>, b: Option<usize>| match (a, b) {
            (Some(a), Some(b)) => form.entry((n, columns), h, i, (a, b)),
            _ => 0.0,
        };
        let mixed = entry(ends[0], ends[1]);
        all.push((mixed, pairs.mixed[i]));
        all.push((entry(ends[0], ends[0]), pairs.row_upper[i] - pairs.mixed[i]));
        all.push((entry(ends[1], ends[1]), pairs.row_lower[i] - pairs.mixed[i]));
    }
    if let Some(conjugate) = thresholds.fit.as_conjugate() {
        for scale in [1.0, 0.5, 0.0] {
            let scaled: Vec<f64> = wide.iter().map(|u| scale * u).collect();
            let got = neighbours.conjugate(&pairs.upper, &pairs.lower, scale);
            all.push((conjugate.conjugate(&scaled), got));
        }
    }
    all
}

/// Products with the Hessian agree with central differences of the gradient along the direction.
pub fn hessian_products_match_differences(loss: &dyn Loss) -> Result<(), Violation> {
    let mut random = Random::new(28);
    for case in probe::cases(loss) {
        let Some(hessian) = case.fit.as_curvature().and_then(|c| c.as_product()) else { continue };
        for point in case.points() {
            let direction = random.normals(case.len(), 1.0);
            let shifted = |by: f64| {
                let eta = point.eta.iter().zip(&direction).map(|(e, d)| e + by * d).collect();
                case.gradient(&Point { eta, own: point.own.clone() })
            };
            let (Some(above), Some(below)) = (shifted(STEP), shifted(-STEP)) else {
                return Ok(());
            };
            let mut product = vec![f64::NAN; case.len()];
            hessian.product(&point.eta, &point.own, &direction, &mut product);
            let scale = kernels::max_abs(&product);
            let rounding = 1e-9 * kernels::max_abs(&above.eta);
            for (i, got) in product.iter().enumerate() {
                let expected = (above.eta[i] - below.eta[i]) / (2.0 * STEP);
                if !probe::agree(expected, *got, 1e-5, 1e-5 * scale + rounding) {
                    return Err(Violation::new(
                        "hessian_products_match_differences",
                        format!("entry {i} along {direction:?}, {}", case.describe(&point)),
                        format!("{expected:e}"),
                        format!("{got:e}"),
                    ));
                }
            }
        }
    }
    Ok(())
}

/// Compares every column of the Hessian with a difference of gradients.
fn columns_of_the_hessian(
    case: &Case,
    point: &Point,
    form: CurvatureForm,
    curvature: &[f64],
) -> Result<(), Violation> {
    let (n, outputs) = (case.fit.samples(), case.fit.outputs());
    let claimed = |row: usize, column: usize| {
        let here = row % n == column % n;
        let place = (row / n, column / n);
        if here { form.entry((n, outputs), curvature, row % n, place) } else { 0.0 }
    };
    let gradient = |eta: Vec<f64>| case.gradient(&Point { eta, own: point.own.clone() });
    let Some(here) = gradient(point.eta.clone()) else { return Ok(()) };
    let scale = kernels::max_abs(curvature);
    for column in 0..case.len() {
        let h = STEP * (1.0 + point.eta[column].abs());
        let shifted = |by: f64| {
            let mut eta = point.eta.clone();
            eta[column] += by;
            gradient(eta)
        };
        let (Some(above), Some(below)) = (shifted(h), shifted(-h)) else { return Ok(()) };
        if !(above.value.is_finite() && below.value.is_finite()) {
            continue;
        }
        for row in 0..case.len() {
            let forward = (above.eta[row] - here.eta[row]) / h;
            let backward = (here.eta[row] - below.eta[row]) / h;
            let rounding = 1e-9 * kernels::max_abs(&here.eta);
            if !probe::agree(forward, backward, 1e-3, 1e-3 * scale + rounding) {
                continue; // a kink
            }
            let expected = 0.5 * (forward + backward);
            let got = claimed(row, column);
            if !probe::agree(expected, got, 1e-4, 1e-4 * scale + rounding) {
                return Err(Violation::new(
                    "curvature_matches_differences",
                    format!("entry ({row}, {column}) of {}", case.describe(point)),
                    format!("{expected:e}"),
                    format!("{got:e}, claimed to be {form:?}"),
                ));
            }
        }
    }
    Ok(())
}

/// `||grad f(a) - grad f(b)|| <= bound ||a - b||` for points far apart and near, and for points
/// that differ in one sample only.
pub fn the_hessian_bound_holds(loss: &dyn Loss) -> Result<(), Violation> {
    for case in probe::cases(loss) {
        let Some(bound) = case.fit.as_smooth().and_then(|smooth| smooth.hessian_bound()) else {
            continue;
        };
        let points = case.points();
        let mut pairs: Vec<(Point, Point)> = Vec::new();
        for a in &points {
            pairs.extend(points.iter().filter(|b| b.own == a.own).map(|b| (a.clone(), b.clone())));
            for i in 0..case.len() {
                for size in [-1.0, -0.05, 0.05, 1.0] {
                    let mut b = a.clone();
                    b.eta[i] += size;
                    pairs.push((a.clone(), b));
                }
            }
        }
        for (a, b) in pairs {
            let (Some(at_a), Some(at_b)) = (case.gradient(&a), case.gradient(&b)) else { continue };
            let distance = kernels::norm2(&difference(&a.eta, &b.eta));
            let change = kernels::norm2(&difference(&at_a.eta, &at_b.eta));
            let rounding = 1e-14 * (kernels::norm2(&at_a.eta) + kernels::norm2(&at_b.eta));
            if change.is_nan() || change > bound * distance * (1.0 + 1e-9) + rounding {
                return Err(Violation::new(
                    "the_hessian_bound_holds",
                    format!("{} and eta = {:?}", case.describe(&a), b.eta),
                    format!("a change of the gradient of at most {:e}", bound * distance),
                    format!("{change:e}"),
                ));
            }
        }
    }
    Ok(())
}

fn difference(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}
