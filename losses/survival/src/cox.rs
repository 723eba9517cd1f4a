use fenchel_core::{
    Bound, BuildLoss, DataFit, Design, Error, FitConjugate, Loss, Predictor, ResponseKind, Samples,
    register_loss,
};

use crate::fit::CoxFit;
use crate::risk::RiskSets;

/// Minus the log partial likelihood of proportional hazards, over the number of samples.
/// ```text
/// Breslow   f(eta) = 1/n sum_{i: event} w_i (log R(t_i) - eta_i),   R(t) = sum_{j: t_j >= t} w_j exp(eta_j)
/// Efron     f(eta) = 1/n sum_t [ w_t sum_{k < q} log(R(t) - k/q E(t)) - sum_{i in D_t} w_i eta_i ]
///           D_t the q events at time t,  E(t) = sum_{D_t} w_j exp(eta_j),  w_t the mean weight in D_t
/// gradient  w_j exp(eta_j) H(t_j) / n - [event] w_j / n,   H the cumulated 1 / R up to a time
/// curvature w_j exp(eta_j) H(t_j) / n, a diagonal that bounds the Hessian; products with the Hessian
///           itself are as cheap
/// deviance  2 (f(eta) - inf f),  inf f = -f*(0)
/// ```
/// - Shapes: one time and one event indicator a sample, K = 1. One sort when bound, then O(n) a
///   pass. A common shift of `eta` changes nothing, so that there is no intercept.
/// - Errors: [`Error::Domain`] where a time is negative or not finite; [`Error::Data`] where no
///   sample of positive weight has an event.
/// - With weights Efron's steps are of the mean weight of the tied events, as in R's `survival`:
///   a weight of 2 is then not the same as a sample that is there twice.
/// - Source: Cox (1972), JRSS B 34(2); Breslow (1974), Biometrics 30(1); Efron (1977), JASA 72(359);
///   Therneau & Grambsch (2000), section 3.3.
#[derive(Debug, Clone, Copy)]
pub struct Cox {
    ties: Ties,
}

/// How events at one time share their risk set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Ties {
    /// Each is compared with all samples at risk.
    #[default]
    Breslow,
    /// As if they came in an unknown order: the k-th with `k / q` of the tied risk taken out.
    Efron,
}

impl Cox {
    /// There is nothing to check.
    pub fn new(ties: Ties) -> Self {
        Self { ties }
    }

    fn fit(&self, samples: &Samples) -> Result<CoxFit, Error> {
        let (time, event) = samples.survival()?;
        if let Some(i) = time.iter().position(|t| !(t.is_finite() && *t >= 0.0)) {
            let expected = "finite and at least 0".into();
            return Err(Error::Domain { what: "time", sample: i, got: time[i], expected });
        }
        if !(0..samples.len()).any(|i| event[i] && samples.weight(i) > 0.0) {
            return Err(Error::Data(
                "no sample to fit has an event: at least one is needed".into(),
            ));
        }
        Ok(CoxFit { sets: RiskSets::new(samples, time, event, self.ties) })
    }
}

impl Loss for Cox {
    fn reads(&self) -> ResponseKind {
        ResponseKind::Survival
    }
    fn bind(&self, samples: &Samples, _design: &Design) -> Result<Bound, Error> {
        Ok(Bound::Eta(Box::new(self.fit(samples)?)))
    }
    fn as_predictor(&self) -> Option<&dyn Predictor> {
        Some(self)
    }
}

impl Predictor for Cox {
    /// The risk relative to `eta = 0`.
    fn response(&self, eta: &[f64], outputs: usize) -> (Vec<f64>, usize) {
        (eta.iter().map(|eta| eta.exp()).collect(), outputs)
    }
    fn class(&self, _eta: &[f64], _outputs: usize) -> Option<Vec<u32>> {
        None
    }
    fn deviance(&self, eta: &[f64], _outputs: usize, samples: &Samples) -> Result<f64, Error> {
        Error::check_length("linear predictor", eta.len(), samples.len())?;
        let fit = self.fit(samples)?;
        Ok(2.0 * (fit.value(eta, &[]) + fit.conjugate(&vec![0.0; eta.len()])))
    }
}

#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct CoxSpec {
    /// How events at one time share their risk set.
    #[serde(default)]
    ties: Ties,
}

impl BuildLoss for CoxSpec {
    fn build_loss(&self) -> Result<Box<dyn Loss>, Error> {
        Ok(Box::new(Cox::new(self.ties)))
    }
}

register_loss!("cox", CoxSpec, {
    summary: "minus the log partial likelihood of proportional hazards, for censored times",
    formula: "1/n sum_{events i} w_i (log sum_{j: t_j >= t_i} w_j exp(eta_j) - eta_i)",
    method: "one sort, then cumulative sums; gradient w exp(eta) H(t) - [event] w, curvature w exp(eta) H(t), H the cumulative hazard",
    combines: "every penalty; no intercept; the duality gap is available; cross-validation by deviance or concordance",
    example: "ties = \"breslow\"",
    source: "Cox (1972), JRSS B 34(2); Breslow (1974), Biometrics 30(1); Efron (1977), JASA 72(359)",
});

#[cfg(test)]
mod tests {
    use fenchel_core::{Response, SmoothFit};

    use super::*;

    fn samples(time: &[f64], event: &[u8], weights: Option<Vec<f64>>) -> Samples {
        let event = event.iter().map(|e| *e == 1).collect();
        Samples::new(Response::Survival { time: time.to_vec(), event }, weights).unwrap()
    }

    fn fit(ties: Ties, time: &[f64], event: &[u8], weights: Option<Vec<f64>>) -> CoxFit {
        Cox::new(ties).fit(&samples(time, event, weights)).unwrap()
    }

    #[test]
    fn breslow_obeys_the_laws() {
        fenchel_laws::loss::assert_laws(&Cox::new(Ties::Breslow));
    }

    #[test]
    fn efron_obeys_the_laws_but_tells_a_repetition_from_a_weight() {
        let excused = ["weights_equal_repetition"];
        fenchel_laws::loss::assert_laws_except(&Cox::new(Ties::Efron), &excused);
    }

    #[test]
    fn two_tied_events_and_a_censored_sample_by_hand() {
        // exp(eta) = 1, 2, 3; both events at time 1 have all three at risk.
        let (time, event, eta) = ([1.0, 1.0, 2.0], [1, 1, 0], [0.0, 2f64.ln(), 3f64.ln()]);
        let breslow = fit(Ties::Breslow, &time, &event, None);
        assert!((breslow.value(&eta, &[]) - (2.0 * 6f64.ln() - 2f64.ln()) / 3.0).abs() < 1e-15);
        // The second step leaves out half of 1 + 2.
        let efron = fit(Ties::Efron, &time, &event, None);
        let by_hand = (6f64.ln() + 4.5f64.ln() - 2f64.ln()) / 3.0;
        assert!((efron.value(&eta, &[]) - by_hand).abs() < 1e-15);
        let mut grad = [f64::NAN; 3];
        efron.gradient(&eta, &[], &mut grad, &mut []);
        let (first, second) = (1.0 / 6.0, 1.0 / 4.5);
        for (j, (risk, part)) in [(1.0, 0.5), (2.0, 0.5), (3.0, 1.0)].into_iter().enumerate() {
            let expected = (risk * (first + part * second) - f64::from(event[j])) / 3.0;
            assert!((grad[j] - expected).abs() < 1e-15);
        }
    }

    #[test]
    fn the_deviance_is_relative_to_events_that_carry_all_risk() {
        // Breslow's log-likelihood is at most -2 log 2 for two tied events, and 0 for the single one.
        let data = samples(&[1.0, 1.0, 2.0, 3.0], &[1, 1, 1, 0], None);
        let by_hand = (2.0 * 4f64.ln() + 2f64.ln() - 2.0 * 2f64.ln()) / 4.0;
        let deviance = Cox::new(Ties::Breslow).deviance(&[0.0; 4], 1, &data).unwrap();
        assert!((deviance - 2.0 * by_hand).abs() < 1e-15);
        // Efron's is at most -log 2: the second event has half of the tied risk left.
        let by_hand = (4f64.ln() + 3f64.ln() + 2f64.ln() - 2f64.ln()) / 4.0;
        let deviance = Cox::new(Ties::Efron).deviance(&[0.0; 4], 1, &data).unwrap();
        assert!((deviance - 2.0 * by_hand).abs() < 1e-15);
    }

    #[test]
    fn cumulative_sums_agree_with_the_double_sum_of_the_definition() {
        let mut random = fenchel_laws::Random::new(10);
        let n = 40;
        let time: Vec<f64> = (0..n).map(|_| (8.0 * random.uniform()).ceil()).collect();
        let event: Vec<u8> = (0..n).map(|_| u8::from(random.uniform() < 0.7)).collect();
        let weights: Vec<f64> = (0..n).map(|_| 0.1 + random.uniform()).collect();
        let data = samples(&time, &event, Some(weights));
        let eta = random.normals(n, 2.0);
        let at = |i: usize| data.weight(i) * eta[i].exp();
        let (mut breslow, mut efron) = (0.0, 0.0);
        for t in 1..=8 {
            let dead: Vec<usize> =
                (0..n).filter(|&i| event[i] == 1 && time[i] == t as f64).collect();
            let risk: f64 = (0..n).filter(|&j| time[j] >= t as f64).map(at).sum();
            let tied: f64 = dead.iter().map(|&i| at(i)).sum();
            let weight: f64 = dead.iter().map(|&i| data.weight(i)).sum();
            let own: f64 = dead.iter().map(|&i| data.weight(i) * eta[i]).sum();
            let q = dead.len() as f64;
            let steps = (0..dead.len()).map(|k| (risk - k as f64 / q * tied).ln()).sum::<f64>();
            breslow += weight * risk.ln() - own;
            efron += if dead.is_empty() { 0.0 } else { weight / q * steps } - own;
        }
        for (ties, naive) in [(Ties::Breslow, breslow), (Ties::Efron, efron)] {
            let fit = Cox::new(ties).fit(&data).unwrap();
            assert!((fit.value(&eta, &[]) - naive / n as f64).abs() < 1e-13, "{ties:?}");
        }
    }

    #[test]
    fn neither_a_shift_nor_a_wide_range_of_eta_overflows() {
        let (time, event) = ([1.0, 2.0, 3.0], [1, 1, 1]);
        for ties in [Ties::Breslow, Ties::Efron] {
            let fit = fit(ties, &time, &event, None);
            let value = fit.value(&[0.1, -0.4, 0.7], &[]);
            for shift in [-900.0, 900.0] {
                let eta = [0.1, -0.4, 0.7].map(|e| e + shift);
                assert!((fit.value(&eta, &[]) - value).abs() < 1e-12);
            }
            // The risk sets of the later events are exp(-1000) of the first's.
            let mut grad = [f64::NAN; 3];
            let value = fit.gradient(&[1000.0, -5.0, 0.0], &[], &mut grad, &mut []);
            assert!((value - (5.0 + (-5f64).exp().ln_1p()) / 3.0).abs() < 1e-13);
            let part = (-5f64).exp() / (1.0 + (-5f64).exp());
            let expected = [0.0, (part - 1.0) / 3.0, (1.0 - part) / 3.0];
            assert!(grad.iter().zip(expected).all(|(g, e)| (g - e).abs() < 1e-15), "{grad:?}");
        }
    }

    #[test]
    fn the_conjugate_of_one_risk_set_is_a_relative_entropy() {
        // f = (log(e^a + e^b) - a) / 2, so that f*(u) = (q log q + (1 - q) log(1 - q)) / 2 at
        // u = ((q - 1) / 2, (1 - q) / 2).
        let fit = fit(Ties::Breslow, &[1.0, 2.0], &[1, 0], None);
        for q in [0.0, 0.2, 0.9, 1.0f64] {
            let entropy = |x: f64| if x == 0.0 { 0.0 } else { x * x.ln() };
            let got = fit.conjugate(&[(q - 1.0) / 2.0, (1.0 - q) / 2.0]);
            assert!((got - 0.5 * (entropy(q) + entropy(1.0 - q))).abs() < 1e-15, "{q}: {got}");
        }
        assert_eq!(fit.conjugate(&[-0.1, 0.2]), f64::INFINITY); // does not sum to 0
        assert_eq!(fit.conjugate(&[0.1, -0.1]), f64::INFINITY); // a negative mass
        assert_eq!(fit.conjugate(&[-0.6, 0.6]), f64::INFINITY); // more than there is
    }

    #[test]
    fn times_and_events_that_cannot_be_fitted_are_refused() {
        let cox = Cox::new(Ties::Breslow);
        let error = cox.fit(&samples(&[1.0, -2.0], &[1, 1], None)).unwrap_err();
        assert!(matches!(error, Error::Domain { sample: 1, .. }), "{error}");
        for time in [f64::NAN, f64::INFINITY] {
            assert!(cox.fit(&samples(&[1.0, time], &[1, 1], None)).is_err());
        }
        let error = cox.fit(&samples(&[1.0, 2.0], &[0, 0], None)).unwrap_err();
        assert!(error.to_string().contains("has an event"), "{error}");
        // The only event has no weight.
        assert!(cox.fit(&samples(&[1.0, 2.0], &[1, 0], Some(vec![0.0, 1.0]))).is_err());
    }
}
