use fenchel_core::{
    Bound, BuildLoss, Design, Error, FeatureRef, Loss, Predictor, ResponseKind, Samples, Space,
    register_loss,
};

use crate::components::{Layout, kappa_of_q};
use crate::fit::Fit;
use crate::subjects::{EffectColumn, Subjects};

/// Minus the log-likelihood of the q-Gaussian mixed-effects model: the samples of a subject are jointly
/// q-Gaussian, the distribution of maximum Tsallis entropy, which is a multivariate t with heavy tails
/// that a whole subject may be in.
/// ```text
/// y_g ~ qG(eta_g, sigma^2 Psi_g),   Psi_g = I + Z_g Delta Z_g',   Q_g = r_g'Psi_g^-1 r_g,   r_g = y_g - eta_g
/// l_g     = (n_g/2) log(pi m sigma^2) + log det(Psi_g)/2 + log Gamma(m/2) - log Gamma((m + n_g)/2)
///           + ((m + n_g)/2) log(1 + Q_g / (m sigma^2))
/// grad    = -w_g Psi_g^-1 r_g,    w_g = (m + n_g) / (m sigma^2 + Q_g)
/// f       = (1 / sum w) sum_g w_g l_g
/// ```
/// The degrees of freedom m are common to all subjects, as those of a marginal are those of the whole:
/// a subject of n_g samples has q_g = 1 + 2 / (m + n_g), and `q` is that of a single one,
/// q = 1 + 2 / (m + 1). At q = 1 it is the Gaussian linear mixed model.
///
/// sigma, q and the ratios `Delta` of the effects' variances to sigma^2 are estimated or given. `Z_g`
/// are ones and columns of the data, as they are stored: neither centred nor scaled.
/// - Shapes: one response column, K = 1; without subjects each sample is its own.
/// - Where q is above 1 the loss is not convex in `eta`; where sigma, q or Delta is estimated it is
///   not convex in all. With q = 1 and all else given, the duality gap is available.
/// - Errors: [`Error::Parameter`] unless 1 <= q < 3, sigma > 0 and ratios >= 0;
///   [`Error::Unsupported`] where effects meet no subjects, or weights differ inside a subject, unless
///   its samples are independent (q = 1 and no effects).
/// - Source: Yang, Asgharian & Greenwood (2025), "Maximum Tsallis Entropy Distributions for Robust and
///   Efficient Sparse Learning from Correlated Data", manuscript; grouped as docs/robust.md says.
#[derive(Debug, Clone, Default)]
pub struct Tsallis {
    kappa: Option<f64>,
    sigma: Option<f64>,
    effects: Vec<Effect>,
    tau: Option<Vec<f64>>,
    correlated: bool,
}

/// A random effect.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Of the subject as such.
    Intercept,
    /// On the slope of a feature.
    Slope(FeatureRef),
}

impl Tsallis {
    /// No random effects; `None` is estimated.
    ///
    /// Errors: unless `1 <= q < 3` and `sigma > 0`.
    pub fn new(q: Option<f64>, sigma: Option<f64>) -> Result<Self, Error> {
        if let Some(q) = q.filter(|q| !(1.0..3.0).contains(q)) {
            return Err(Error::parameter("q", "at least 1 and below 3, or \"estimate\"", q));
        }
        let sigma = sigma.map(|sigma| Error::check_above("sigma", sigma, 0.0)).transpose()?;
        Ok(Self { kappa: q.map(kappa_of_q), sigma, ..Self::default() })
    }

    /// With random effects, whose variances are `tau` times sigma^2, estimated where there is none;
    /// all their covariances are estimated with them if `correlated`.
    ///
    /// Errors: an effect that is there twice; ratios that are negative or not one an effect, or are
    /// given for correlated effects.
    pub fn with_random(
        self,
        effects: Vec<Effect>,
        tau: Option<Vec<f64>>,
        correlated: bool,
    ) -> Result<Self, Error> {
        for (a, effect) in effects.iter().enumerate() {
            if effects[..a].contains(effect) {
                return Err(twice(a, effect));
            }
        }
        if let Some(tau) = &tau {
            Error::check_length("tau", tau.len(), effects.len())?;
            for tau in tau {
                Error::check_non_negative("tau", *tau)?;
            }
            if correlated {
                let message =
                    "`tau` gives variances of independent effects: leave `correlated` out";
                return Err(Error::Unsupported(message.into()));
            }
        }
        Ok(Self { effects, tau, correlated, ..self })
    }

    /// Whether the samples of a subject depend on each other.
    fn couples(&self) -> bool {
        self.kappa != Some(0.0) || !self.effects.is_empty()
    }

    fn fit(&self, samples: &Samples, design: &Design) -> Result<Fit, Error> {
        let column = |effect: &Effect| match effect {
            Effect::Intercept => Ok(EffectColumn::Ones),
            Effect::Slope(FeatureRef::Index(j)) => Ok(EffectColumn::Feature(*j)),
            Effect::Slope(FeatureRef::Name(name)) => {
                Err(Error::Unknown { kind: "feature", name: name.clone(), known: Vec::new() })
            }
        };
        let columns = self.effects.iter().map(column).collect::<Result<Vec<_>, _>>()?;
        let subjects = Subjects::new(samples, design, &columns, self.couples())?;
        let layout = Layout {
            sigma: self.sigma,
            kappa: self.kappa,
            tau: self.tau.clone(),
            correlated: self.correlated,
            unit: 1.0,
            scales: Vec::new(),
            root: 1.0,
        };
        Ok(Fit::new(subjects, layout))
    }
}

fn twice(at: usize, effect: &Effect) -> Error {
    let shown = match effect {
        Effect::Intercept => "the intercept".into(),
        Effect::Slope(FeatureRef::Index(j)) => format!("feature {j}"),
        Effect::Slope(FeatureRef::Name(name)) => format!("\"{name}\""),
    };
    Error::parameter(&format!("random[{at}]"), "an effect that is not named before", shown)
}

impl Loss for Tsallis {
    fn reads(&self) -> ResponseKind {
        ResponseKind::Number
    }
    fn bind(&self, samples: &Samples, design: &Design) -> Result<Bound, Error> {
        Ok(Bound::Eta(Box::new(self.fit(samples, design)?)))
    }
    fn reads_design(&self) -> bool {
        !self.effects.is_empty()
    }
    fn with_features(&self, features: &Space) -> Result<Option<Box<dyn Loss>>, Error> {
        let mut effects: Vec<Effect> = Vec::new();
        for (a, effect) in self.effects.iter().enumerate() {
            let found = match effect {
                Effect::Intercept => Effect::Intercept,
                Effect::Slope(feature) => {
                    let index =
                        feature.index(features).map_err(|e| e.at(format!("random[{a}]")))?;
                    Effect::Slope(FeatureRef::Index(index))
                }
            };
            if effects.contains(&found) {
                return Err(twice(a, effect));
            }
            effects.push(found);
        }
        Ok(Some(Box::new(Self { effects, ..self.clone() })))
    }
    fn as_predictor(&self) -> Option<&dyn Predictor> {
        Some(self)
    }
}

impl Predictor for Tsallis {
    fn response(&self, eta: &[f64], outputs: usize) -> (Vec<f64>, usize) {
        (eta.to_vec(), outputs)
    }
    fn class(&self, _eta: &[f64], _outputs: usize) -> Option<Vec<u32>> {
        None
    }
    /// Where all is given and no effect is that of a feature, as those need the data.
    fn deviance(&self, eta: &[f64], _outputs: usize, samples: &Samples) -> Result<f64, Error> {
        if self.scores_by_loss() {
            let message = "the deviance depends on estimates that stand beside the predictor";
            return Err(Error::Unsupported(message.into()));
        }
        Error::check_length("linear predictor", eta.len(), samples.len())?;
        let design = Design::new(fenchel_core::Matrix::identity(samples.len()));
        let fit = self.fit(samples, &design)?;
        Ok(2.0 * (fenchel_core::DataFit::value(&fit, eta, &[]) - fit.saturated()))
    }
    fn scores_by_loss(&self) -> bool {
        let slopes = self.effects.iter().any(|effect| *effect != Effect::Intercept);
        let ratios = self.tau.is_none() && !self.effects.is_empty();
        self.kappa.is_none() || self.sigma.is_none() || ratios || slopes
    }
    fn caveat(&self, _eta: &[f64], _outputs: usize) -> Option<String> {
        (!self.effects.is_empty()).then(|| {
            "these are the fixed effects alone: predictions for a subject of random effects 0"
                .into()
        })
    }
}

/// A number, or the word `estimate`.
#[derive(Debug, Clone, Copy, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(untagged, expecting = "expected a number, or \"estimate\"")]
enum Given {
    Number(f64),
    Word(Word),
}

#[derive(Debug, Clone, Copy, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Word {
    Estimate,
}

/// `estimate`, one ratio for all effects, or one each.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(untagged, expecting = "expected a number, a list of numbers, or \"estimate\"")]
enum Ratios {
    Same(f64),
    Each(Vec<f64>),
    Word(Word),
}

/// `none`, `intercept`, or a list of features, among which `intercept` may be.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(
    untagged,
    expecting = "expected \"none\", \"intercept\", or a list of features, perhaps with \"intercept\""
)]
enum Random {
    Word(RandomWord),
    List(Vec<FeatureRef>),
}

#[derive(Debug, Clone, Copy, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
enum RandomWord {
    None,
    Intercept,
}

fn estimate() -> Given {
    Given::Word(Word::Estimate)
}
fn estimate_ratios() -> Ratios {
    Ratios::Word(Word::Estimate)
}
fn none() -> Random {
    Random::Word(RandomWord::None)
}

impl Given {
    fn number(self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(number),
            Self::Word(Word::Estimate) => None,
        }
    }
}

#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct TsallisSpec {
    /// Entropic index of a single sample, at least 1 and below 3, or "estimate" (the default): 1 is
    /// Gaussian, 2 is Cauchy. m = 2 / (q - 1) - 1 degrees of freedom; a subject of n samples has the
    /// index 1 + 2 / (m + n).
    #[serde(default = "estimate")]
    q: Given,
    /// Scale of the noise, greater than 0, or "estimate" (the default).
    #[serde(default = "estimate")]
    sigma: Given,
    /// Random effects of a subject: "none" (the default), "intercept", or a list of features whose
    /// slopes vary, where "intercept" stands for the intercept.
    #[serde(default = "none")]
    random: Random,
    /// Variances of the random effects as multiples of sigma^2, one for all or one each, or "estimate"
    /// (the default).
    #[serde(default = "estimate_ratios")]
    tau: Ratios,
    /// Whether the random effects of a subject are correlated.
    #[serde(default)]
    correlated: bool,
}

impl BuildLoss for TsallisSpec {
    fn build_loss(&self) -> Result<Box<dyn Loss>, Error> {
        let effects = match &self.random {
            Random::Word(RandomWord::None) => Vec::new(),
            Random::Word(RandomWord::Intercept) => vec![Effect::Intercept],
            Random::List(features) => features
                .iter()
                .map(|feature| match feature {
                    FeatureRef::Name(name) if name == "intercept" => Effect::Intercept,
                    feature => Effect::Slope(feature.clone()),
                })
                .collect(),
        };
        let tau = match &self.tau {
            Ratios::Same(tau) => Some(vec![*tau; effects.len()]),
            Ratios::Each(tau) => Some(tau.clone()),
            Ratios::Word(Word::Estimate) => None,
        };
        let loss = Tsallis::new(self.q.number(), self.sigma.number())?;
        Ok(Box::new(loss.with_random(effects, tau, self.correlated)?))
    }
}

register_loss!("tsallis", TsallisSpec, {
    summary: "minus the log-likelihood of q-Gaussian noise (multivariate t), with random effects by subject; scale, q and variances estimated along",
    formula: "(n_g/2) log(pi m sigma^2) + log det(Psi_g)/2 + log Gamma(m/2) - log Gamma((m+n_g)/2) + ((m+n_g)/2) log(1 + Q_g/(m sigma^2)),  Q_g = r'Psi_g^-1 r,  Psi_g = I + Z_g Delta Z_g'",
    method: "gradient -w_g Psi_g^-1 r, w_g = (m + n_g)/(m sigma^2 + Q_g), by Woodbury's identity; q = 1 is the Gaussian linear mixed model",
    combines: "every penalty with a prox; `subject` in [data] says whose each sample is, else each is by itself; not convex but for q = 1 with sigma and tau given, which has a duality gap",
    example: "q = 1.5",
    source: "Yang, Asgharian & Greenwood (2025), Maximum Tsallis Entropy Distributions for Robust and Efficient Sparse Learning from Correlated Data, manuscript",
});
