//! The bound loss: value, derivatives, and in the Gaussian case with known components the conjugate.

use fenchel_core::{
    Curvature, CurvatureForm, DataFit, FitConjugate, HessianProduct, OwnParameters, OwnReport,
    SmoothFit, kernels,
};

use crate::algebra::Subject;
use crate::components::{Components, Layout, Slopes};
use crate::special::{bent, normaliser};
use crate::subjects::Subjects;

/// The likelihood on data.
#[derive(Debug)]
pub(crate) struct Fit {
    subjects: Subjects,
    layout: Layout,
}

/// What a subject has in common with all of its size.
struct Size {
    normaliser: f64,
    slope: f64,
    n: f64,
}

impl Fit {
    pub fn new(subjects: Subjects, layout: Layout) -> Self {
        let layout = layout.of(&subjects);
        Self { subjects, layout }
    }

    /// Whether everything but the coefficients is known, and the samples are Gaussian.
    fn is_quadratic(&self) -> bool {
        self.layout.len() == 0 && self.layout.kappa == Some(0.0)
    }

    /// Whether each sample is by itself.
    fn is_single(&self) -> bool {
        self.subjects.effects == 0 && self.subjects.len() == self.subjects.order.len()
    }

    fn sizes(&self, kappa: f64) -> Vec<Size> {
        let of = |&n: &usize| {
            let (normaliser, slope) = normaliser(kappa, n);
            Size { normaliser, slope, n: n as f64 }
        };
        self.subjects.sizes.iter().map(of).collect()
    }

    /// Solves every subject for `r` (by sample number), in order. `false` once one is not finite.
    fn each(
        &self,
        components: &Components,
        r: impl Fn(usize) -> f64,
        mut then: impl FnMut(usize, &mut Subject),
    ) -> bool {
        let mut subject = Subject::default();
        (0..self.subjects.len()).all(|g| {
            subject.e.clear();
            subject.e.extend(self.subjects.members(g).iter().map(|&i| r(i)));
            let finite = subject.solve(&self.subjects, g, &components.l);
            if finite {
                then(g, &mut subject);
            }
            finite
        })
    }

    /// The value at residuals `r`.
    fn value_at(&self, components: &Components, r: impl Fn(usize) -> f64) -> f64 {
        let (sizes, square) = (self.sizes(components.kappa), components.sigma.powi(2));
        let scale = (2.0 * std::f64::consts::PI * square).ln();
        let mut total = 0.0;
        let finite = self.each(components, r, |g, subject| {
            let size = &sizes[self.subjects.size_of[g]];
            let (bent, _) = bent(components.kappa, subject.square / square);
            total += self.subjects.weight[g] * size.value(scale, subject.log_det, bent, components);
        });
        let mean = total / self.subjects.samples as f64;
        if finite && mean.is_finite() { mean } else { f64::INFINITY }
    }

    /// The value with residuals of 0: none is smaller where the components are known.
    pub fn saturated(&self) -> f64 {
        self.value_at(&self.layout.unpack(&[]), |_| 0.0)
    }
}

impl Size {
    fn value(&self, scale: f64, log_det: f64, bent: f64, components: &Components) -> f64 {
        let heft = 1.0 + self.n * components.kappa;
        0.5 * (self.n * scale + log_det + heft * bent) + self.normaliser
    }
}

impl DataFit for Fit {
    fn samples(&self) -> usize {
        self.subjects.samples
    }
    fn outputs(&self) -> usize {
        1
    }
    fn value(&self, eta: &[f64], own: &[f64]) -> f64 {
        let y = &self.subjects.y;
        self.value_at(&self.layout.unpack(own), |i| y[i] - eta[i])
    }
    fn as_own(&self) -> Option<&dyn OwnParameters> {
        (self.layout.len() > 0).then_some(self as &dyn OwnParameters)
    }
    fn as_smooth(&self) -> Option<&dyn SmoothFit> {
        Some(self)
    }
    fn as_curvature(&self) -> Option<&dyn Curvature> {
        (self.layout.len() == 0).then_some(self as &dyn Curvature)
    }
    fn as_conjugate(&self) -> Option<&dyn FitConjugate> {
        self.is_quadratic().then_some(self as &dyn FitConjugate)
    }
}

impl OwnParameters for Fit {
    fn start(&self) -> Vec<f64> {
        self.layout.start()
    }
    fn report(&self, own: &[f64]) -> OwnReport {
        self.layout.report(own)
    }
    fn portable(&self, own: &[f64]) -> Vec<f64> {
        self.layout.portable(own)
    }
    fn adopt(&self, portable: &[f64]) -> Vec<f64> {
        self.layout.adopt(portable)
    }
}

impl SmoothFit for Fit {
    fn gradient(&self, eta: &[f64], own: &[f64], grad: &mut [f64], grad_own: &mut [f64]) -> f64 {
        let components = self.layout.unpack(own);
        let Components { kappa, sigma, .. } = components;
        let (sizes, square, y) = (self.sizes(kappa), sigma.powi(2), &self.subjects.y);
        let scale = (2.0 * std::f64::consts::PI * square).ln();
        let share = 1.0 / self.subjects.samples as f64;
        let mut slopes = Slopes { l: vec![0.0; components.l.len()], ..Slopes::default() };
        let mut total = 0.0;
        grad.fill(0.0);
        let finite = self.each(
            &components,
            |i| y[i] - eta[i],
            |g, subject| {
                let (size, u) = (&sizes[self.subjects.size_of[g]], subject.square / square);
                let weight = self.subjects.weight[g];
                let (bent, bent_slope) = bent(kappa, u);
                total += weight * size.value(scale, subject.log_det, bent, &components);
                let heft = 1.0 + size.n * kappa;
                let tilt = heft / (1.0 + kappa * u); // twice the derivative in u
                for (&i, e) in self.subjects.members(g).iter().zip(&subject.e) {
                    grad[i] = -share * weight * tilt / square * e;
                }
                slopes.log_sigma += weight * (size.n - tilt * u);
                slopes.kappa += weight * (size.slope + 0.5 * (size.n * bent + heft * bent_slope));
                subject.add_slopes(&self.subjects, g, (weight, tilt / square), &mut slopes.l);
            },
        );
        let mean = share * total;
        if !(finite && mean.is_finite()) {
            return f64::INFINITY;
        }
        slopes.log_sigma *= share;
        slopes.kappa *= share;
        slopes.l.iter_mut().for_each(|l| *l *= share);
        self.layout.chain(own, &slopes, grad_own);
        mean
    }

    /// `(1 + n_g kappa) / sigma^2` a subject, as `Psi^-1 <= I` and the weights of heavy tails are at
    /// most that; none where a component is estimated.
    fn hessian_bound(&self) -> Option<f64> {
        if self.layout.len() > 0 {
            return None;
        }
        let (components, sizes) = (self.layout.unpack(&[]), &self.subjects.sizes);
        let heft = |g: usize| 1.0 + components.kappa * sizes[self.subjects.size_of[g]] as f64;
        let top =
            (0..self.subjects.len()).map(|g| self.subjects.weight[g] * heft(g)).fold(0.0, f64::max);
        Some(top / (components.sigma.powi(2) * self.subjects.samples as f64))
    }
}

impl Curvature for Fit {
    fn form(&self) -> CurvatureForm {
        if self.is_quadratic() && self.is_single() {
            CurvatureForm::Constant
        } else {
            CurvatureForm::Approximate
        }
    }
    /// The weights of the quadratic function that touches at `eta` and lies above.
    fn curvature(&self, eta: &[f64], own: &[f64], out: &mut [f64]) {
        let components = self.layout.unpack(own);
        let (square, y) = (components.sigma.powi(2), &self.subjects.y);
        out.fill(0.0);
        self.each(
            &components,
            |i| y[i] - eta[i],
            |g, subject| {
                let tilt = self.tilt(g, subject, &components);
                let h = self.subjects.weight[g] * tilt / (square * self.subjects.samples as f64);
                self.subjects.members(g).iter().for_each(|&i| out[i] = h);
            },
        );
    }
    fn as_product(&self) -> Option<&dyn HessianProduct> {
        (self.form() == CurvatureForm::Approximate).then_some(self as &dyn HessianProduct)
    }
}

impl Fit {
    /// `(m + n_g) / (m + Q_g / sigma^2)`.
    fn tilt(&self, g: usize, subject: &Subject, components: &Components) -> f64 {
        let n = self.subjects.sizes[self.subjects.size_of[g]] as f64;
        let u = subject.square / components.sigma.powi(2);
        (1.0 + n * components.kappa) / (1.0 + components.kappa * u)
    }
}

impl HessianProduct for Fit {
    /// `w_g tilt / sigma^2 (Psi^-1 v - 2 kappa / (sigma^2 + kappa Q) e (e'v))` a subject.
    fn product(&self, eta: &[f64], own: &[f64], v: &[f64], out: &mut [f64]) {
        let components = self.layout.unpack(own);
        let (square, kappa, y) = (components.sigma.powi(2), components.kappa, &self.subjects.y);
        let share = 1.0 / (square * self.subjects.samples as f64);
        out.fill(0.0);
        self.each(
            &components,
            |i| v[i],
            |g, subject| {
                self.subjects.members(g).iter().zip(&subject.e).for_each(|(&i, e)| out[i] = *e);
            },
        );
        self.each(
            &components,
            |i| y[i] - eta[i],
            |g, subject| {
                let members = self.subjects.members(g);
                let along: f64 = members.iter().zip(&subject.e).map(|(&i, e)| v[i] * e).sum();
                let bend = 2.0 * kappa * along / (square + kappa * subject.square);
                let factor = share * self.subjects.weight[g] * self.tilt(g, subject, &components);
                for (&i, e) in members.iter().zip(&subject.e) {
                    out[i] = factor * (out[i] - bend * e);
                }
            },
        );
    }
}

impl FitConjugate for Fit {
    /// `u'y + sum_g n sigma^2 / (2 w_g) u_g'Psi_g u_g` less the value at `eta = y`; `+inf` where a
    /// subject has no weight and `u` is not 0.
    fn conjugate(&self, u: &[f64]) -> f64 {
        let components = self.layout.unpack(&[]);
        let k = self.subjects.effects;
        let factor = 0.5 * self.subjects.samples as f64 * components.sigma.powi(2);
        let (mut squares, mut counted) = (0.0, 0.0);
        let mut part = Vec::new();
        let mut shared = vec![0.0; k];
        for g in 0..self.subjects.len() {
            part.clear();
            part.extend(self.subjects.members(g).iter().map(|&i| u[i]));
            let own = kernels::dot(&part, &part);
            counted += own;
            let z = self.subjects.z(g);
            for (shared, z) in shared.iter_mut().zip(z.chunks(part.len())) {
                *shared = kernels::dot(z, &part);
            }
            let l = &components.l;
            let among: f64 =
                (0..k).map(|b| (b..k).map(|a| l[a * k + b] * shared[a]).sum::<f64>().powi(2)).sum();
            squares += (own + among) / self.subjects.weight[g];
        }
        if kernels::dot(u, u) > counted * (1.0 + 1e-12) {
            return f64::INFINITY;
        }
        kernels::dot(u, &self.subjects.y) + factor * squares - self.saturated()
    }
}
