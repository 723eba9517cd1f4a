//! The objective as a function of its free parameters: intercepts, the loss's own parameters, and
//! coefficients along the penalty's lineality space. In the linear predictor each of them is one
//! column, so that a Newton step costs passes over these columns only, not over the design.

use fenchel_core::kernels::{axpy, dot, sum};
use fenchel_core::{
    CurvatureForm, DataFit, Lineality, LinearModel, Objective, Shape, Smooth, Workspace,
};

use super::newton::FreeFunction;

/// A basis of the coefficient directions that are free, at most as large as asked.
#[derive(Debug, Clone)]
pub(super) enum Directions {
    Coordinates(Vec<usize>),
    Basis(Vec<Vec<f64>>),
}

impl Directions {
    pub(super) fn none() -> Self {
        Self::Coordinates(Vec::new())
    }

    /// `None` where every coefficient is free: nothing is then left to the penalty.
    pub(super) fn of(lineality: &Lineality) -> Option<Self> {
        match lineality {
            Lineality::Trivial => Some(Self::none()),
            Lineality::Coordinates(flat) => Some(Self::Coordinates(flat.clone())),
            Lineality::Basis(basis) => Some(Self::Basis(basis.clone())),
            Lineality::Everything => None,
        }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Coordinates(flat) => flat.len(),
            Self::Basis(basis) => basis.len(),
        }
    }

    /// `beta <- N t`.
    pub(super) fn expand(&self, t: &[f64], beta: &mut [f64]) {
        beta.fill(0.0);
        match self {
            Self::Coordinates(flat) => flat.iter().zip(t).for_each(|(&j, t)| beta[j] = *t),
            Self::Basis(basis) => basis.iter().zip(t).for_each(|(n, t)| axpy(*t, n, beta)),
        }
    }

    /// `out <- N' grad`.
    fn restrict(&self, grad: &[f64], out: &mut [f64]) {
        match self {
            Self::Coordinates(flat) => flat.iter().zip(out).for_each(|(&j, g)| *g = grad[j]),
            Self::Basis(basis) => basis.iter().zip(out).for_each(|(n, g)| *g = dot(n, grad)),
        }
    }

    /// Removes from a gradient what lies along the directions, exactly where it can: there it is
    /// zero but for rounding.
    pub(super) fn project_out(&self, grad: &mut [f64]) {
        match self {
            Self::Coordinates(flat) => flat.iter().for_each(|&j| grad[j] = 0.0),
            Self::Basis(basis) => {
                let mut orthonormal: Vec<Vec<f64>> = Vec::new();
                for n in basis {
                    let (mut n, before) = (n.clone(), dot(n, n));
                    for _ in 0..2 {
                        orthonormal.iter().for_each(|q| axpy(-dot(q, &n), q, &mut n));
                    }
                    let square = dot(&n, &n);
                    if square > 1e-20 * before {
                        n.iter_mut().for_each(|n| *n /= square.sqrt());
                        orthonormal.push(n);
                    }
                }
                for _ in 0..2 {
                    orthonormal.iter().for_each(|q| axpy(-dot(q, grad), q, grad));
                }
            }
        }
    }
}

/// `t = [directions | intercepts | own]` as whole parameters.
pub(super) fn to_params(directions: &Directions, shape: Shape, t: &[f64]) -> Vec<f64> {
    let mut params = vec![0.0; shape.len()];
    let (along, free) = t.split_at(directions.len());
    directions.expand(along, &mut params[..shape.coefficients()]);
    params[shape.coefficients()..].copy_from_slice(free);
    params
}

/// Any smooth objective, through its full gradient.
pub(super) struct ParamFunction<'a> {
    pub objective: &'a dyn Objective,
    pub smooth: &'a dyn Smooth,
    pub directions: &'a Directions,
    pub work: Workspace,
    pub grad: Vec<f64>,
}

impl FreeFunction for ParamFunction<'_> {
    fn value_gradient(&mut self, t: &[f64], grad: &mut [f64]) -> f64 {
        let shape = self.objective.shape();
        let params = to_params(self.directions, shape, t);
        self.grad.resize(params.len(), 0.0);
        let value = self.smooth.value_gradient(&params, &mut self.grad, &mut self.work);
        let (along, free) = grad.split_at_mut(self.directions.len());
        self.directions.restrict(&self.grad, along);
        free.copy_from_slice(&self.grad[shape.coefficients()..]);
        value
    }

    fn hessian(&mut self, _t: &[f64], _out: &mut [f64]) -> bool {
        false
    }
}

/// One column of the restricted design: in one output, or in all.
struct FreeColumn {
    output: Option<usize>,
    values: Vec<f64>,
    /// An intercept's: its product is a sum, summed as the model itself does.
    ones: bool,
}

/// A linear model, through its predictor: that of the loss, or the wider one that its own parameters
/// are the thresholds of.
pub(super) struct EtaFunction<'a> {
    fit: &'a dyn DataFit,
    columns: Vec<FreeColumn>,
    offset: Option<Vec<f64>>,
    eta: Vec<f64>,
    grad_eta: Vec<f64>,
    curvature: Vec<f64>,
}

impl<'a> EtaFunction<'a> {
    pub(super) fn new(model: &'a LinearModel, directions: &Directions) -> Self {
        let (n, outputs) = (model.fit.samples(), model.fit.outputs());
        let p = model.design.features();
        let mut columns = Vec::new();
        match directions {
            Directions::Coordinates(flat) => columns.extend(flat.iter().map(|&flat| {
                let mut values = vec![0.0; n];
                model.design.column_axpy(flat % p, 1.0, &mut values);
                FreeColumn { output: Some(flat / p), values, ones: false }
            })),
            Directions::Basis(basis) => columns.extend(basis.iter().map(|direction| {
                let mut values = vec![0.0; n * outputs];
                model.design.mul(direction, &mut values);
                FreeColumn { output: None, values, ones: false }
            })),
        }
        let ones = |k| FreeColumn { output: Some(k), values: vec![1.0; n], ones: true };
        columns.extend((0..model.shape().intercepts).map(ones));
        let mut offset = model.offset.clone();
        let thresholds = model.fit.as_own().and_then(|own| own.as_thresholds());
        let fit = thresholds.map_or(&*model.fit, |thresholds| thresholds.fit);
        if thresholds.is_some() {
            let wide = fit.outputs();
            if wide > outputs {
                offset = offset.map(|offset| offset.repeat(wide));
                for column in &mut columns {
                    (column.output, column.values) = (None, column.values.repeat(wide));
                }
            }
            columns.extend((0..wide).map(ones));
        }
        let length = n * fit.outputs();
        let (eta, grad_eta) = (vec![0.0; length], vec![0.0; length]);
        Self { fit, columns, offset, eta, grad_eta, curvature: Vec::new() }
    }

    fn set_eta(&mut self, t: &[f64]) {
        match &self.offset {
            Some(offset) => self.eta.copy_from_slice(offset),
            None => self.eta.fill(0.0),
        }
        let n = self.fit.samples();
        for (column, t) in self.columns.iter().zip(t) {
            axpy(*t, &column.values, column.part_mut(&mut self.eta, n));
        }
    }
}

impl FreeColumn {
    fn part<'a>(&self, eta: &'a [f64], n: usize) -> &'a [f64] {
        self.output.map_or(eta, |k| &eta[k * n..(k + 1) * n])
    }
    fn part_mut<'a>(&self, eta: &'a mut [f64], n: usize) -> &'a mut [f64] {
        match self.output {
            Some(k) => &mut eta[k * n..(k + 1) * n],
            None => eta,
        }
    }
}

impl FreeFunction for EtaFunction<'_> {
    /// Of intercepts' entries, which are sums over samples: a few units in the last place, as terms have roundings of
    /// their own.
    fn rounding(&self) -> f64 {
        let others = |column: &FreeColumn| !column.ones;
        if self.fit.as_own().is_some() || self.columns.iter().any(others) {
            return 0.0;
        }
        4.0 * f64::EPSILON * self.grad_eta.iter().map(|g| g.abs()).sum::<f64>()
    }

    fn value_gradient(&mut self, t: &[f64], grad: &mut [f64]) -> f64 {
        self.set_eta(t);
        let m = self.columns.len();
        let (along, grad_own) = grad.split_at_mut(m);
        let Some(smooth) = self.fit.as_smooth() else { return f64::INFINITY };
        let value = smooth.gradient(&self.eta, &t[m..], &mut self.grad_eta, grad_own);
        let n = self.fit.samples();
        for (column, g) in self.columns.iter().zip(along) {
            let part = column.part(&self.grad_eta, n);
            *g = if column.ones { sum(part) } else { dot(&column.values, part) };
        }
        value
    }

    fn hessian(&mut self, t: &[f64], out: &mut [f64]) -> bool {
        let (n, outputs, m) = (self.fit.samples(), self.fit.outputs(), self.columns.len());
        let Some(curvature) = self.fit.as_curvature() else { return false };
        if t.len() > m {
            return false; // a loss says nothing of the curvature in parameters of any other kind
        }
        let (form, product) = (curvature.form(), curvature.as_product());
        self.set_eta(t);
        if product.is_none() {
            if form == CurvatureForm::Approximate {
                return false;
            }
            self.curvature.resize(form.length(n, outputs), 0.0);
            curvature.curvature(&self.eta, &[], &mut self.curvature);
        }
        let plain = matches!(form, CurvatureForm::Constant | CurvatureForm::Diagonal);
        let apart = |(k, column): (usize, &FreeColumn)| column.ones && column.output == Some(k);
        if plain && product.is_none() && self.columns.iter().enumerate().all(apart) {
            // One intercept an output, which have nothing to do with one another.
            out.fill(0.0);
            for (k, column) in self.columns.iter().enumerate() {
                out[k * m + k] = sum(column.part(&self.curvature, n));
            }
            return true;
        }
        let mut hessian = product.map(|product| product.at(&self.eta, &[]));
        let mut direction = vec![0.0; self.eta.len()];
        let mut curved = vec![0.0; self.eta.len()];
        for (b, column) in self.columns.iter().enumerate() {
            direction.fill(0.0);
            column.part_mut(&mut direction, n).copy_from_slice(&column.values);
            match &mut hessian {
                Some(hessian) => hessian(&direction, &mut curved),
                None => form.multiply(n, &self.curvature, &direction, &mut curved),
            }
            for (a, left) in self.columns.iter().enumerate().take(b + 1) {
                let entry = dot(&left.values, left.part(&curved, n));
                out[a * m + b] = entry;
                out[b * m + a] = entry;
            }
        }
        true
    }
}
