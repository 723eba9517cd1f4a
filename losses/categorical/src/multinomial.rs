use fenchel_core::elementwise::DOMAIN_SLACK;
use fenchel_core::functions::{exp, x_ln_x};
use fenchel_core::{
    Bound, BuildLoss, Curvature, CurvatureForm, DataFit, Design, Error, FitConjugate, Loss,
    Predictor, ResponseKind, SampleFit, Samples, SmoothFit, kernels, register_loss,
};

use crate::classes::{Classes, largest};

/// Minus the log-likelihood of a class with the softmax link, one predictor a class.
/// ```text
/// l(y, eta)     = log sum_k exp(eta_k) - eta_y,            P(y = k) = p_k = exp(eta_k) / sum_l exp(eta_l)
/// gradient      = p - e_y,      Hessian = diag(p) - p p'
/// l*(y, u)      = sum_k q_k log q_k  on the simplex,       q = u + e_y
/// ```
/// - Shapes: K classes in sorted order, `eta` and coefficients have K columns. A number added to all
///   of them changes nothing: intercepts are shown with mean 0, and what makes coefficients unique
///   is the penalty.
/// - Errors: [`Error::Data`] unless there are two classes or more and each occurs, or where a label
///   is a number that is not whole.
/// - Source: Friedman, Hastie & Tibshirani (2010), J. Stat. Softw. 33(1), section 4; bound on the
///   Hessian in Boehning (1992), Ann. Inst. Stat. Math. 44(1).
#[derive(Debug, Clone, Copy, Default)]
pub struct Multinomial;

impl Multinomial {
    /// There is nothing to check.
    pub fn new() -> Self {
        Self
    }
}

#[derive(Debug)]
struct MultinomialFit(Classes);

/// Samples that are worked on at a time, so that what a sample needs stays on the stack.
const CHUNK: usize = 64;

/// Calls `visit(sample, log sum_k exp(eta_k))` for every sample.
fn log_sums(eta: &[f64], n: usize, visit: impl FnMut(usize, f64)) {
    kernels::widest(
        #[inline(always)]
        || log_sums_inner(eta, n, visit),
    );
}

#[inline(always)]
fn log_sums_inner(eta: &[f64], n: usize, mut visit: impl FnMut(usize, f64)) {
    for start in (0..n).step_by(CHUNK) {
        let m = CHUNK.min(n - start);
        let top = tops(eta, n, start, m);
        let mut sum = [0.0; CHUNK];
        for column in eta.chunks_exact(n) {
            for ((sum, top), eta) in sum.iter_mut().zip(&top).zip(&column[start..start + m]) {
                *sum += exp(eta - top);
            }
        }
        (0..m).for_each(|i| visit(start + i, top[i] + sum[i].ln()));
    }
}

/// Writes the probabilities and calls `visit` as [`log_sums`].
fn softmax(eta: &[f64], n: usize, out: &mut [f64], visit: impl FnMut(usize, f64)) {
    kernels::widest(
        #[inline(always)]
        || softmax_inner(eta, n, out, visit),
    );
}

#[inline(always)]
fn softmax_inner(eta: &[f64], n: usize, out: &mut [f64], mut visit: impl FnMut(usize, f64)) {
    for start in (0..n).step_by(CHUNK) {
        let m = CHUNK.min(n - start);
        let top = tops(eta, n, start, m);
        let mut sum = [0.0; CHUNK];
        for (column, out) in eta.chunks_exact(n).zip(out.chunks_exact_mut(n)) {
            let (column, out) = (&column[start..start + m], &mut out[start..start + m]);
            for (((sum, top), eta), p) in sum.iter_mut().zip(&top).zip(column).zip(out) {
                *p = exp(eta - top);
                *sum += *p;
            }
        }
        for out in out.chunks_exact_mut(n) {
            out[start..start + m].iter_mut().zip(&sum).for_each(|(p, sum)| *p /= sum);
        }
        (0..m).for_each(|i| visit(start + i, top[i] + sum[i].ln()));
    }
}

/// The largest predictor of each of `m` samples from `start` on.
#[inline(always)]
fn tops(eta: &[f64], n: usize, start: usize, m: usize) -> [f64; CHUNK] {
    let mut top = [f64::NEG_INFINITY; CHUNK];
    for column in eta.chunks_exact(n) {
        for (top, eta) in top.iter_mut().zip(&column[start..start + m]) {
            *top = top.max(*eta);
        }
    }
    top
}

impl MultinomialFit {
    /// `share (log_sum - eta_y)`; a sample without weight does not count, infinite or not.
    fn term(&self, eta: &[f64], i: usize, log_sum: f64) -> f64 {
        let Classes { class, shares, .. } = &self.0;
        match shares[i] {
            0.0 => 0.0,
            share => share * (log_sum - eta[i + class.len() * class[i] as usize]),
        }
    }
}

impl DataFit for MultinomialFit {
    fn samples(&self) -> usize {
        self.0.samples()
    }
    fn outputs(&self) -> usize {
        self.0.count
    }
    fn value(&self, eta: &[f64], _own: &[f64]) -> f64 {
        let mut total = 0.0;
        log_sums(eta, self.0.samples(), |i, log_sum| total += self.term(eta, i, log_sum));
        if total.is_nan() { f64::INFINITY } else { total }
    }
    fn ignores_common_shift(&self) -> bool {
        true
    }
    fn as_smooth(&self) -> Option<&dyn SmoothFit> {
        Some(self)
    }
    fn as_curvature(&self) -> Option<&dyn Curvature> {
        Some(self)
    }
    fn as_samples(&self) -> Option<&dyn SampleFit> {
        Some(self)
    }
    fn as_conjugate(&self) -> Option<&dyn FitConjugate> {
        Some(self)
    }
}

impl SampleFit for MultinomialFit {
    fn batch_gradient(&self, batch: &[usize], eta: &[f64], grad: &mut [f64]) -> f64 {
        let Classes { class, shares, .. } = &self.0;
        let (m, mut total) = (batch.len(), 0.0);
        softmax(eta, m, grad, |at, log_sum| {
            let i = batch[at];
            if shares[i] != 0.0 {
                total += shares[i] * (log_sum - eta[at + m * class[i] as usize]);
            }
        });
        for (at, &i) in batch.iter().enumerate() {
            let share = shares[i];
            for grad in grad.chunks_exact_mut(m) {
                grad[at] = if share == 0.0 { 0.0 } else { share * grad[at] };
            }
            grad[at + m * class[i] as usize] -= share;
        }
        if total.is_nan() { f64::INFINITY } else { total }
    }
}

impl SmoothFit for MultinomialFit {
    fn gradient(&self, eta: &[f64], _own: &[f64], grad: &mut [f64], _: &mut [f64]) -> f64 {
        let Classes { class, shares, .. } = &self.0;
        let (n, mut total) = (class.len(), 0.0);
        softmax(eta, n, grad, |i, log_sum| total += self.term(eta, i, log_sum));
        for grad in grad.chunks_exact_mut(n) {
            for (g, share) in grad.iter_mut().zip(shares) {
                *g = if *share == 0.0 { 0.0 } else { share * *g };
            }
        }
        for (i, (class, share)) in class.iter().zip(shares).enumerate() {
            grad[i + n * *class as usize] -= share;
        }
        if total.is_nan() { f64::INFINITY } else { total }
    }

    /// `||diag(p) - p p'|| <= 1/2`.
    fn hessian_bound(&self) -> Option<f64> {
        Some(0.5 * self.0.shares.iter().fold(0.0, |top: f64, share| top.max(*share)))
    }
}

impl Curvature for MultinomialFit {
    fn form(&self) -> CurvatureForm {
        CurvatureForm::RankOne
    }
    fn curvature(&self, eta: &[f64], _own: &[f64], out: &mut [f64]) {
        let n = self.0.samples();
        let (diagonal, factor) = out.split_at_mut(eta.len());
        softmax(eta, n, diagonal, |_, _| {});
        let shares = &self.0.shares;
        for (diagonal, factor) in diagonal.chunks_exact_mut(n).zip(factor.chunks_exact_mut(n)) {
            for ((c, v), share) in diagonal.iter_mut().zip(factor).zip(shares) {
                let p = if *share == 0.0 { 0.0 } else { *c };
                (*c, *v) = (share * p, share.sqrt() * p);
            }
        }
    }
}

impl FitConjugate for MultinomialFit {
    fn conjugate(&self, u: &[f64]) -> f64 {
        let Classes { class, shares, .. } = &self.0;
        let n = class.len();
        let (mut sums, mut total) = (vec![0.0; n], 0.0);
        for (k, u) in u.chunks_exact(n).enumerate() {
            for (i, (u, share)) in u.iter().zip(shares).enumerate() {
                if *share == 0.0 {
                    sums[i] += if *u == 0.0 { 1.0 / self.0.count as f64 } else { f64::INFINITY };
                    continue;
                }
                let q = u / share + if class[i] as usize == k { 1.0 } else { 0.0 };
                if q.is_nan() || q < -DOMAIN_SLACK {
                    return f64::INFINITY;
                }
                sums[i] += q;
                total += share * x_ln_x(q.max(0.0));
            }
        }
        let slack = DOMAIN_SLACK * self.0.count as f64;
        if sums.iter().any(|sum| (sum - 1.0).abs() > slack) { f64::INFINITY } else { total }
    }
}

impl Loss for Multinomial {
    fn reads(&self) -> ResponseKind {
        ResponseKind::Classes
    }
    fn bind(&self, samples: &Samples, _design: &Design) -> Result<Bound, Error> {
        Ok(Bound::Eta(Box::new(MultinomialFit(Classes::observed(samples, 2)?))))
    }
    fn as_predictor(&self) -> Option<&dyn Predictor> {
        Some(self)
    }
}

impl Predictor for Multinomial {
    fn response(&self, eta: &[f64], outputs: usize) -> (Vec<f64>, usize) {
        let mut probabilities = vec![0.0; eta.len()];
        softmax(eta, eta.len() / outputs.max(1), &mut probabilities, |_, _| {});
        (probabilities, outputs)
    }
    fn class(&self, eta: &[f64], outputs: usize) -> Option<Vec<u32>> {
        Some(largest(eta, outputs))
    }
    /// A fold may well lack a class, so that not all are asked for.
    fn deviance(&self, eta: &[f64], _outputs: usize, samples: &Samples) -> Result<f64, Error> {
        let fit = MultinomialFit(Classes::new(samples, 2)?);
        Error::check_length("linear predictor", eta.len(), fit.samples() * fit.outputs())?;
        Ok(2.0 * fit.value(eta, &[]))
    }
}

#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct MultinomialSpec {}

impl BuildLoss for MultinomialSpec {
    fn build_loss(&self) -> Result<Box<dyn Loss>, Error> {
        Ok(Box::new(Multinomial::new()))
    }
}

register_loss!("multinomial", MultinomialSpec, {
    summary: "minus the log-likelihood of a class with the softmax link, one column of B a class",
    formula: "log sum_k exp(eta_k) - eta_y",
    method: "gradient p - e_y, curvature diag(p) - p p', conjugate sum q log q on the simplex",
    combines: "every penalty; with `row_group` a feature serves all classes or none; the duality gap is available",
    example: "",
    source: "Friedman, Hastie & Tibshirani (2010), J. Stat. Softw. 33(1), section 4",
});

#[cfg(test)]
mod tests {
    use fenchel_core::{Matrix, Response};

    use super::*;

    fn fit(class: &[u32], labels: usize) -> Box<dyn DataFit> {
        let labels = (0..labels).map(|c| c.to_string()).collect();
        let response = Response::Classes { class: class.to_vec(), labels };
        let samples = Samples::new(response, None).unwrap();
        let design = Design::new(Matrix::identity(class.len()));
        match Multinomial.bind(&samples, &design).unwrap() {
            Bound::Eta(fit) => fit,
            Bound::Direct(_) => panic!("a function of eta"),
        }
    }

    #[test]
    fn multinomial_obeys_the_laws() {
        fenchel_laws::loss::assert_laws(&Multinomial::new());
    }

    #[test]
    fn three_classes_by_hand() {
        // exp(eta) = (1, 2, 3) and (4, 4, 2).
        let fit = fit(&[2, 0, 1], 3);
        let ln = f64::ln;
        let eta = [0.0, ln(4.0), 0.0, ln(2.0), ln(4.0), 0.0, ln(3.0), ln(2.0), 0.0];
        let by_hand = (ln(6.0 / 3.0) + ln(10.0 / 4.0) + ln(3.0)) / 3.0;
        assert!((fit.value(&eta, &[]) - by_hand).abs() < 1e-15);
        let mut grad = [f64::NAN; 9];
        fit.as_smooth().unwrap().gradient(&eta, &[], &mut grad, &mut []);
        let expected = [1.0 / 6.0, 0.4 - 1.0, 1.0 / 3.0, 2.0 / 6.0, 0.4, -2.0 / 3.0];
        for (g, expected) in grad.iter().zip(expected) {
            assert!((3.0 * g - expected).abs() < 1e-15);
        }
    }

    #[test]
    fn neither_a_shift_nor_a_wide_range_of_eta_overflows() {
        let fit = fit(&[0, 1], 2);
        let value = fit.value(&[0.3, -0.2, 0.1, 0.4], &[]);
        let shifted = fit.value(&[1000.3, -999.2, 1000.1, -998.6], &[]);
        assert!((value - shifted).abs() < 1e-12);
        assert_eq!(fit.value(&[2000.0, 0.0, 0.0, 2000.0], &[]), 0.0);
        assert_eq!(fit.value(&[0.0, 2000.0, 2000.0, 0.0], &[]), 2000.0);
    }

    #[test]
    fn chunks_of_samples_leave_nobody_out() {
        let n = 2 * CHUNK + 7;
        let class: Vec<u32> = (0..n as u32).map(|i| i % 3).collect();
        let eta: Vec<f64> = (0..3 * n).map(|i| (0.37 * i as f64).sin()).collect();
        let naive: f64 = (0..n)
            .map(|i| {
                let at = |k: usize| eta[i + n * k];
                (0..3).map(|k| at(k).exp()).sum::<f64>().ln() - at(class[i] as usize)
            })
            .sum();
        assert!((fit(&class, 3).value(&eta, &[]) - naive / n as f64).abs() < 1e-13);
        let (probabilities, columns) = Multinomial.response(&eta, 3);
        assert_eq!(columns, 3);
        for i in 0..n {
            let sum: f64 = (0..3).map(|k| probabilities[i + n * k]).sum();
            assert!((sum - 1.0).abs() < 1e-15);
        }
    }
}
