//! What problem files say of the two penalties.

use fenchel_core::{BuildPenalty, Context, Error, Penalty};

use crate::{Tsallis, TsallisSimplex};

/// Where the coefficients may lie.
#[derive(
    Debug, Clone, Copy, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
enum Domain {
    /// Coefficients at least zero.
    #[default]
    Orthant,
    /// Coefficients at least zero that sum to one, output by output.
    Simplex,
}

impl Domain {
    fn build(self, lambda: f64, q: f64, context: &Context<'_>) -> Result<Box<dyn Penalty>, Error> {
        Ok(match self {
            Self::Orthant => Box::new(Tsallis::new(lambda, q)?),
            Self::Simplex => Box::new(TsallisSimplex::new(lambda, q, context.space)?),
        })
    }
}

/// Negative Tsallis entropy.
#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct TsallisSpec {
    /// Strength of the penalty.
    #[serde(default = "fenchel_core::one")]
    #[schemars(range(min = 0.0))]
    lambda: f64,
    /// The power, greater than 0: 1 is the Shannon entropy, 2 the Gini index; coefficients can be
    /// zero above 1 only.
    #[schemars(extend("exclusiveMinimum" = 0.0))]
    q: f64,
    /// `orthant`: coefficients at least zero. `simplex`: they also sum to one, output by output.
    #[serde(default)]
    domain: Domain,
}

impl BuildPenalty for TsallisSpec {
    fn build_penalty(&self, context: &Context<'_>) -> Result<Box<dyn Penalty>, Error> {
        self.domain.build(self.lambda, self.q, context)
    }
}

fenchel_core::register_penalty!("tsallis", TsallisSpec, {
    summary: "negative Tsallis entropy: spreads coefficients that are at least zero, or shares",
    formula: "lambda * sum_j (b_j^q - b_j) / (q - 1) for b >= 0, else infinity; with `domain = \
              \"simplex\"` also infinity unless each output's b_j sum to 1",
    method: "prox: orthant, one scalar equation a coefficient by Newton's method in ln b inside a \
             bracket; simplex, a multiplier around it. Convex",
    combines: "every loss; duality gap known; separable (cd) on the orthant, one joint prox \
               (prox_newton, fista) on the simplex; a path needs `max`. It acts on the scaled columns, so that shares ask \
               for `standardize = false`",
    example: "lambda = 0.1\nq = 1.5",
    source: "Tsallis (1988), J. Stat. Phys. 52; Blondel, Martins & Niculae (2020), JMLR 21",
});

/// Negative Shannon entropy.
#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct EntropySpec {
    /// Strength of the penalty.
    #[serde(default = "fenchel_core::one")]
    #[schemars(range(min = 0.0))]
    lambda: f64,
    /// `orthant`: coefficients at least zero. `simplex`: they also sum to one, output by output.
    #[serde(default)]
    domain: Domain,
}

impl BuildPenalty for EntropySpec {
    fn build_penalty(&self, context: &Context<'_>) -> Result<Box<dyn Penalty>, Error> {
        self.domain.build(self.lambda, 1.0, context)
    }
}

fenchel_core::register_penalty!("entropy", EntropySpec, {
    summary: "negative Shannon entropy: spreads coefficients that are positive, or shares",
    formula: "lambda * sum_j b_j ln(b_j) for b >= 0 (0 ln 0 = 0), else infinity; with `domain = \
              \"simplex\"` also infinity unless each output's b_j sum to 1",
    method: "prox: orthant, one scalar equation a coefficient by Newton's method in ln b (the Lambert \
             function); simplex, a multiplier around it. Convex; tsallis with q = 1",
    combines: "every loss; duality gap known; separable (cd) on the orthant, one joint prox \
               (prox_newton, fista) on the simplex; a path needs `max`. It acts on the scaled columns, so that shares ask \
               for `standardize = false`",
    example: "lambda = 0.1",
    source: "Shannon (1948), Bell Syst. Tech. J. 27; prox in Combettes & Pesquet (2011), table 10.2",
});

#[cfg(test)]
mod tests {
    use fenchel_core::Space;

    use crate::testing::build;

    #[test]
    fn files_choose_power_and_domain() {
        let space = Space::numbered(2, 1);
        let value = |table: &str, b: &[f64]| build(table, &space).unwrap().value(b);
        // (0.25 + 4 - 2.5) / 1
        assert_eq!(value(r#"{"type": "tsallis", "q": 2}"#, &[0.5, 2.0]), 1.75);
        let simplex = r#"{"type": "tsallis", "q": 2, "domain": "simplex", "lambda": 2}"#;
        assert_eq!(value(simplex, &[0.5, 0.5]), -1.0);
        assert_eq!(value(simplex, &[0.5, 0.6]), f64::INFINITY);
        let entropy = value(r#"{"type": "entropy"}"#, &[0.0, 2.0]);
        assert!((entropy - 2.0 * 2f64.ln()).abs() < 1e-15);
        assert_eq!(value(r#"{"type": "entropy", "domain": "simplex"}"#, &[1.0, 0.0]), 0.0);
    }

    #[test]
    fn what_files_get_wrong_is_named() {
        let space = Space::numbered(2, 1);
        let message = |table: &str| build(table, &space).unwrap_err();
        assert!(message(r#"{"type": "tsallis"}"#).contains("missing field `q`"));
        assert!(message(r#"{"type": "entropy", "q": 2}"#).contains("unknown field `q`"));
        let refused = message(r#"{"type": "tsallis", "q": 2, "domain": "ball"}"#);
        assert!(refused.contains("expected `orthant` or `simplex`"), "{refused}");
        let refused = message(r#"{"type": "tsallis", "q": -1, "domain": "simplex"}"#);
        assert_eq!(refused, "`q` must be finite and greater than 0, got -1");
    }
}
