//! The proximal method of multipliers, its subproblems solved by a semismooth Newton method on
//! their dual, for `min f(z) + Omega(b)` subject to `z = offset + b0 + X b`.
//!
//! One subproblem adds `||z - z_k||^2 / 2t + ||b - b_k||^2 / 2s + ||b0 - b0_k||^2 / 2s_0` to the
//! objective and takes `tau ||u - u_k||^2 / 2` from its dual in the multiplier `u`. What is left is a
//! smooth function of `u`, with
//! ```text
//! gradient  z(u) - offset - b0(u) - X b(u) + tau (u - u_k)
//! z(u) = prox_{t f}(z_k + t u),  b(u) = prox_{s Omega}(b_k - s X'u),  b0(u) = b0_k - s_0 1'u
//! Hessian   t D_f + s X D_Omega X' + s_0 11' + tau I
//! ```
//! and diagonal derivatives `D` of the proxes. Under a piecewise linear loss and an l1 penalty they
//! are 0 or 1: the system is as large as the support, and both subproblem and method end after
//! finitely many steps. Neither loss nor penalty needs a gradient; zeros are exact, as they come
//! from a prox. One iteration is one Newton step; certificates are computed between subproblems.
//!
//! Needs: a loss with an entrywise prox and a conjugate, a convex penalty that separates over
//! coefficients. Source: Rockafellar (1976), Math. Oper. Res. 1(2), sections 4 and 5; Li, Sun & Toh
//! (2018), SIAM J. Optim. 28(1); proximal terms on both sides as in Tang, Wang, Sun & Toh (2020),
//! J. Mach. Learn. Res. 21(226).

use argmin::core::{Error, KV, Problem as Counted, Solver};
use fenchel_core::certificate::Certifier;
use fenchel_core::dual::{fit_free, intercept_columns, natural_step, root_mean_square, search};
use fenchel_core::{Convexity, LinearModel, Problem, kernels};

use super::columns::Columns;
use super::slopes::Slopes;
use super::system::{self, Moving};
use crate::bridge::{FitState, run};
use crate::card::register_solver;
use crate::method::{Control, Method, Missing, Outcome, Suitability};

/// The first `t`, as a multiple of the natural step.
const FIRST_STEP: f64 = 10.0;

/// Growth of `t`, `s` and `s_0` from one subproblem to the next.
const GROWTH: f64 = 1.5;

/// The same after a subproblem that Newton's method did not solve.
const SHRINKAGE: f64 = 0.1;

/// The largest `t`, as a multiple of the first.
const LARGEST_STEP: f64 = 1e5;

/// The first `tau / t`, its factor from one subproblem to the next, and its least value.
const DUAL_SHARE: (f64, f64, f64) = (0.1, 0.3, 1e-6);

/// A subproblem is solved when its gradient is this share of the distance moved.
const INNER: f64 = 0.2;

/// Newton steps on one subproblem at most.
const NEWTON_STEPS: usize = 200;

/// Subproblems that change nothing before rounding is said to be reached.
const MOST_IDLE: usize = 3;

#[derive(Debug, Default)]
struct ProxPoint {
    certifier: Certifier,
    columns: Columns,
    moving: Moving,
    steps: Steps,
    /// The centre `(z_k, [b_k | b0_k], u_k)`.
    centre: Point,
    /// `(z(u), [b(u) | b0(u)], u)`.
    point: Point,
    /// `X'u`, then `1'u` of every output.
    back: Vec<f64>,
    newtons: usize,
    idle: usize,
    work: Work,
}

#[derive(Debug, Default, Clone)]
struct Point {
    z: Vec<f64>,
    params: Vec<f64>,
    u: Vec<f64>,
}

/// Step sizes of the proximal terms.
#[derive(Debug, Default, Clone, Copy)]
struct Steps {
    /// Of the linear predictor.
    t: f64,
    /// Of the coefficients.
    s: f64,
    /// Of the intercepts.
    s0: f64,
    /// Of the multiplier: `tau`.
    tau: f64,
    share: f64,
    largest: f64,
}

#[derive(Debug, Default)]
struct Work {
    eta: Vec<f64>,
    gradient: Vec<f64>,
    forward_z: Vec<f64>,
    forward_b: Vec<f64>,
    slope_z: Vec<f64>,
    slope_b: Vec<f64>,
    direction: Vec<f64>,
    direction_back: Vec<f64>,
    trial_z: Vec<f64>,
    trial_params: Vec<f64>,
    h: Vec<f64>,
}

fn parts<'a>(problem: &Problem<'a>) -> (&'a LinearModel, Slopes<'a>) {
    let model = problem.objective.as_linear().expect("`supports` asked for a linear model");
    (model, Slopes::of(problem.penalty).expect("`supports` asked for a separable penalty"))
}

/// A multiplier `u + length d`, with `[X'u | 1'u]` and `[X'd | 1'd]`.
#[derive(Clone, Copy)]
struct Multiplier<'a> {
    u: &'a [f64],
    back: &'a [f64],
    length: f64,
    d: &'a [f64],
    d_back: &'a [f64],
}

/// Writes `z(u)` and `[b | b0](u)` at a multiplier, with the arguments of both proxes.
fn evaluate(
    problem: &Problem<'_>,
    model: &LinearModel,
    steps: Steps,
    centre: &Point,
    at: Multiplier<'_>,
    forward: (&mut [f64], &mut [f64]),
    out: (&mut [f64], &mut [f64]),
) {
    let Multiplier { u, back, length, d, d_back } = at;
    let (forward_z, forward_b) = forward;
    let (z, params) = out;
    let coefficients = forward_b.len();
    for (((v, z), u), d) in forward_z.iter_mut().zip(&centre.z).zip(u).zip(d) {
        *v = z + steps.t * (u + length * d);
    }
    model.fit.as_prox().expect("`supports` asked for a prox").prox(forward_z, steps.t, z);
    let old = &centre.params;
    for (((v, b), g), d) in forward_b.iter_mut().zip(old).zip(back).zip(d_back) {
        *v = b - steps.s * (g + length * d);
    }
    let prox = problem.penalty.as_prox().expect("a separable penalty has a prox");
    prox.prox(forward_b, steps.s, &mut params[..coefficients]);
    for (k, b0) in params[coefficients..].iter_mut().enumerate() {
        let k = coefficients + k;
        *b0 = old[k] - steps.s0 * (back[k] + length * d_back[k]);
    }
}

/// `X'u`, then `1'u` of every output that has an intercept.
fn transpose(model: &LinearModel, u: &[f64], out: &mut [f64]) {
    let n = model.fit.samples();
    let coefficients = model.design.features() * model.fit.outputs();
    let (back, sums) = out.split_at_mut(coefficients);
    model.design.mul_t(u, back);
    sums.iter_mut().zip(u.chunks(n)).for_each(|(sum, u)| *sum = kernels::sum(u));
}

fn square_distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}

impl ProxPoint {
    /// The point at `u`.
    fn settle(&mut self, problem: &Problem<'_>, model: &LinearModel) {
        let Self { steps, centre, point, back, work, .. } = self;
        evaluate(
            problem,
            model,
            *steps,
            centre,
            Multiplier { u: &point.u, back, length: 0.0, d: &point.u, d_back: back },
            (&mut work.forward_z, &mut work.forward_b),
            (&mut point.z, &mut point.params),
        );
        model.eta(&point.params, &mut work.eta);
        for (((g, z), eta), (u, old)) in
            work.gradient.iter_mut().zip(&point.z).zip(&work.eta).zip(point.u.iter().zip(&centre.u))
        {
            *g = z - eta + steps.tau * (u - old);
        }
    }

    /// How far the point has moved from the centre, in units of the linear predictor.
    fn moved(&self, coefficients: usize) -> f64 {
        let Steps { t, s, s0, tau, .. } = self.steps;
        let (old, new) = (&self.centre, &self.point);
        let (old_b, old_b0) = old.params.split_at(coefficients);
        let (new_b, new_b0) = new.params.split_at(coefficients);
        (square_distance(&new.z, &old.z)
            + t / s * square_distance(new_b, old_b)
            + t / s0 * square_distance(new_b0, old_b0)
            + t * tau * square_distance(&new.u, &old.u))
        .sqrt()
    }

    /// One Newton step; `false` where there is no descent left in double precision.
    fn newton(&mut self, problem: &Problem<'_>, model: &LinearModel, slopes: Slopes<'_>) -> bool {
        let n = model.fit.samples();
        let (p, outputs) = (model.design.features(), model.fit.outputs());
        let coefficients = p * outputs;
        let Self { columns, moving, steps, centre, point, back, work, .. } = self;
        let prox = model.fit.as_prox().expect("`supports` asked for a prox");
        let entrywise = prox.as_entrywise().expect("`supports` asked for an entrywise prox");
        entrywise.prox_derivative(&work.forward_z, steps.t, &mut work.slope_z);
        let beta = &point.params[..coefficients];
        slopes.write(&work.forward_b, steps.s, beta, &mut work.slope_b);
        work.h.clear();
        work.h.extend(work.slope_z.iter().map(|slope| steps.t * slope + steps.tau));
        work.direction.clear();
        work.direction.extend(work.gradient.iter().map(|g| -g));
        for k in 0..outputs {
            moving.places.clear();
            moving.weights.clear();
            for (j, slope) in work.slope_b[k * p..(k + 1) * p].iter().enumerate() {
                if *slope > 0.0 {
                    moving.places.push(columns.place(&model.design, j));
                    moving.weights.push(steps.s * slope);
                }
            }
            if model.intercept {
                moving.places.push(columns.place(&model.design, p));
                moving.weights.push(steps.s0);
            }
            let rows = k * n..(k + 1) * n;
            let d = &mut work.direction[rows.clone()];
            if system::solve(columns, moving, &work.h[rows.clone()], d).is_none() {
                // Steepest descent in the metric of the diagonal.
                for ((d, g), h) in d.iter_mut().zip(&work.gradient[rows.clone()]).zip(&work.h[rows])
                {
                    *d = -g / (h + steps.t);
                }
            }
        }
        let first = kernels::dot(&work.gradient, &work.direction);
        if first.is_nan() || first >= 0.0 {
            return false;
        }
        transpose(model, &work.direction, &mut work.direction_back);
        let (d, d_back) = (&work.direction, &work.direction_back);
        let offset = model.offset.as_ref().map_or(0.0, |offset| kernels::dot(offset, d));
        let (mut quadratic, mut linear) = (0.0, 0.0);
        for ((d, u), old) in d.iter().zip(&point.u).zip(&centre.u) {
            quadratic += d * d;
            linear += d * (u - old);
        }
        let length = search(first, 0.1, |length| {
            evaluate(
                problem,
                model,
                *steps,
                centre,
                Multiplier { u: &point.u, back, length, d, d_back },
                (&mut work.forward_z, &mut work.forward_b),
                (&mut work.trial_z, &mut work.trial_params),
            );
            kernels::dot(d, &work.trial_z) - kernels::dot(d_back, &work.trial_params) - offset
                + steps.tau * (linear + length * quadratic)
        });
        kernels::axpy(length, d, &mut point.u);
        kernels::axpy(length, d_back, back);
        true
    }

    /// Takes the point as the next centre, and certifies it.
    fn advance(
        &mut self,
        problem: &Problem<'_>,
        model: &LinearModel,
        state: &mut FitState,
        solved: bool,
    ) {
        let same = self.point.params == state.params && self.point.z == self.centre.z;
        self.idle = if same { self.idle + 1 } else { 0 };
        state.params.clone_from(&self.point.params);
        // What the prox at `z(u)` makes a subgradient of.
        let t = self.steps.t;
        let dual = self.point.u.iter().zip(&self.centre.z).zip(&self.point.z);
        let dual: Vec<f64> = dual.map(|((u, old), new)| u + (old - new) / t).collect();
        state.certificate = self.certifier.certify_with(problem, &state.params, Some(&dual));
        state.dual = Some(dual);
        state.stalled = self.idle >= MOST_IDLE;
        if solved {
            self.steps.grow();
        } else {
            self.steps.shrink();
        }
        self.newtons = 0;
        self.centre.clone_from(&self.point);
        transpose(model, &self.point.u, &mut self.back);
    }
}

impl Steps {
    fn first(t: f64, column: f64, samples: usize) -> Self {
        let t = FIRST_STEP * t;
        let s = if column > 0.0 { t / column } else { t };
        let share = DUAL_SHARE.0;
        let s0 = 10.0 * t / samples as f64;
        Self { t, s, s0, tau: share * t, share, largest: LARGEST_STEP * t }
    }

    fn grow(&mut self) {
        if self.t < self.largest {
            self.scale(GROWTH);
        }
        self.share = (DUAL_SHARE.1 * self.share).max(DUAL_SHARE.2);
        self.tau = self.share * self.t;
    }

    /// After a subproblem that was too hard.
    fn shrink(&mut self) {
        self.scale(SHRINKAGE);
        self.largest = self.t / SHRINKAGE;
        self.share = self.share.max(DUAL_SHARE.0 * DUAL_SHARE.1);
        self.tau = self.share * self.t;
    }

    fn scale(&mut self, factor: f64) {
        self.t *= factor;
        self.s *= factor;
        self.s0 *= factor;
    }
}

impl<'p> Solver<Problem<'p>, FitState> for ProxPoint {
    fn name(&self) -> &str {
        "prox_point"
    }

    fn init(
        &mut self,
        problem: &mut Counted<Problem<'p>>,
        mut state: FitState,
    ) -> Result<(FitState, Option<KV>), Error> {
        let p = problem.problem.as_ref().expect("the executor holds the problem");
        let (model, _) = parts(p);
        let (shape, n) = (p.shape(), model.fit.samples());
        let size = n * shape.outputs;
        let work = &mut self.work;
        model.eta(&state.params, &mut work.eta);
        // Steps are in units of the residuals, which a missing intercept would drown.
        let intercepts = intercept_columns(model);
        let free = fit_free(model, &work.eta, &intercepts);
        if let Some(free) = &free {
            let b0 = &mut state.params[shape.coefficients()..];
            for ((b0, step), column) in b0.iter_mut().zip(&free.along).zip(&intercepts) {
                *b0 += step;
                kernels::axpy(*step, column, &mut work.eta);
            }
        }
        let value = model.fit.value(&work.eta, &[]);
        let size_of_residuals =
            value.abs().max(1e-6 * p.baseline.objective).max(1e-9 * root_mean_square(&work.eta));
        let column = (0..shape.features).map(|j| model.design.column_square(j, None)).sum::<f64>()
            / shape.features.max(1) as f64;
        self.steps = Steps::first(natural_step(model, size_of_residuals), column, n);
        self.columns.begin(&model.design);
        let u = state.dual.take().filter(|u| u.len() == size).or(free.map(|free| free.dual));
        let u = u.unwrap_or_else(|| vec![0.0; size]);
        self.centre = Point { z: work.eta.clone(), params: state.params.clone(), u };
        self.point = self.centre.clone();
        self.back = vec![0.0; shape.coefficients() + shape.intercepts];
        transpose(model, &self.point.u, &mut self.back);
        for buffer in
            [&mut work.gradient, &mut work.forward_z, &mut work.slope_z, &mut work.trial_z]
        {
            buffer.resize(size, 0.0);
        }
        work.forward_b.resize(shape.coefficients(), 0.0);
        work.slope_b.resize(shape.coefficients(), 0.0);
        work.trial_params.resize(self.back.len(), 0.0);
        work.direction_back.resize(self.back.len(), 0.0);
        let dual = self.point.u.clone();
        state.certificate = self.certifier.certify_with(p, &state.params, Some(&dual));
        state.dual = Some(dual);
        self.settle(p, model);
        Ok((state, None))
    }

    fn next_iter(
        &mut self,
        problem: &mut Counted<Problem<'p>>,
        mut state: FitState,
    ) -> Result<(FitState, Option<KV>), Error> {
        let p = *problem.problem.as_ref().expect("the executor holds the problem");
        let (model, slopes) = parts(&p);
        let descended = self.newton(&p, model, slopes);
        self.newtons += 1;
        self.settle(&p, model);
        let size = kernels::norm2(&self.work.gradient);
        anyhow::ensure!(size.is_finite(), "the iteration left the range of double precision");
        let moved = self.moved(p.shape().coefficients());
        let infeasible = size * kernels::norm2(&self.point.u);
        let solved = size <= INNER * moved && infeasible <= 0.1 * state.certificate.value;
        let rounding = size <= 1e-15 * kernels::norm2(&self.point.z);
        if solved || rounding || !descended || self.newtons >= NEWTON_STEPS {
            self.advance(&p, model, &mut state, solved || rounding);
            self.settle(&p, model);
        }
        Ok((state, None))
    }
}

register_solver!("prox_point", {
    summary: "proximal method of multipliers with semismooth Newton steps: losses without gradient",
    formula: "(z, b) <- argmin f(z) + Omega(b) + ||z - z_k||^2/2t + ||b - b_k||^2/2s  subject to  z = offset + b0 + X b",
    method: "Newton's method on the subproblem's dual in the multiplier, with the derivatives of both proxes; systems as large as the support",
    combines: "a convex loss with a prox that acts entry by entry (quantile, and smooth ones too); a convex penalty that separates over coefficients",
    source: "Rockafellar (1976), Math. Oper. Res. 1(2); Li, Sun & Toh (2018), SIAM J. Optim. 28(1); Tang, Wang, Sun & Toh (2020), JMLR 21(226)",
});

/// `prox_point` as the roof sees it.
pub(crate) struct ProxPointMethod;

impl Method for ProxPointMethod {
    fn name(&self) -> &'static str {
        "prox_point"
    }

    fn supports(&self, problem: &Problem<'_>) -> Result<(), Missing> {
        let loss = |capability| Missing { part: "loss", capability };
        let penalty = |capability| Missing { part: "penalty", capability };
        let model = problem.objective.as_linear().ok_or(loss("a linear predictor"))?;
        let prox = model.fit.as_prox().ok_or(loss("a prox in the linear predictor"))?;
        prox.as_entrywise().ok_or(loss("a prox that acts entry by entry"))?;
        model.fit.as_conjugate().ok_or(loss("a conjugate"))?;
        if model.fit.as_own().is_some() {
            return Err(loss("freedom from parameters of its own"));
        }
        Slopes::of(problem.penalty).ok_or(penalty("a form that separates over coefficients"))?;
        if problem.penalty.convexity() != Convexity::Convex {
            return Err(penalty("convexity"));
        }
        Ok(())
    }

    fn suits(&self, problem: &Problem<'_>) -> Suitability {
        let model = problem.objective.as_linear().expect("`supports` asked for a linear model");
        if model.fit.as_smooth().is_some() {
            return Suitability {
                rank: 20,
                reason: "the loss and the penalty have proxes that act entry by entry".into(),
            };
        }
        Suitability {
            rank: 80,
            reason: "the loss has no gradient but a prox, and the penalty separates over \
                     coefficients"
                .into(),
        }
    }

    fn solve(
        &self,
        problem: &Problem<'_>,
        start: Vec<f64>,
        control: &mut Control<'_>,
    ) -> Result<Outcome, Error> {
        run(problem, ProxPoint::default(), start, control)
    }
}
