//! What cannot cross the boundary is refused in so many words, and what hardly ever does does: this
//! test is a plugin of its own.

#![allow(missing_docs, unsafe_code)]

mod common;

use common::{
    Loss as Foreign, Penalty as ForeignPenalty, Refusal, Space as Host, call, numeric, text,
};
use fenchel_plugin::{
    Bound, BuildLoss, BuildPenalty, Context, Convexity, DataFit, Design, Error, Lineality, Loss,
    Objective, OwnParameters, OwnReport, Penalty, Raw, ResponseKind, Samples, Shape, Space, Term,
    Terms, Workspace, abi, register_loss, register_penalty,
};

fenchel_plugin::export_plugin!();

/// Squares, with what a test wants of them.
#[derive(Debug)]
struct Squares {
    space: Space,
    terms: bool,
    panics: bool,
}

impl Penalty for Squares {
    /// The length of the first feature's name: the space is asked for it after `create`.
    fn value(&self, _beta: &[f64]) -> f64 {
        if self.panics {
            std::panic::panic_any(BadPayload);
        }
        self.space.names()[0].len() as f64
    }
    fn scaled(&self, _scale: f64) -> Box<dyn Penalty> {
        Box::new(Self { space: self.space.clone(), ..*self })
    }
    fn convexity(&self) -> Convexity {
        Convexity::WeaklyConvex(0.25)
    }
    fn lineality(&self) -> Lineality {
        Lineality::Basis(vec![vec![1.0, 2.0], vec![3.0, 4.0]])
    }
    fn as_terms(&self) -> Option<&dyn Terms> {
        self.terms.then_some(self)
    }
}

impl Terms for Squares {
    fn terms(&self) -> Vec<Term<'_>> {
        Vec::new()
    }
}

/// A payload that panics when it is dropped.
struct BadPayload;

impl Drop for BadPayload {
    fn drop(&mut self) {
        panic!("dropped");
    }
}

#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct SquaresSpec {
    #[serde(default)]
    terms: bool,
    #[serde(default)]
    nested: bool,
    #[serde(default)]
    panics: bool,
}

impl BuildPenalty for SquaresSpec {
    fn build_penalty(&self, context: &Context<'_>) -> Result<Box<dyn Penalty>, Error> {
        if self.nested {
            return context.resolve.penalty(&Raw(serde_json::Map::new()), context.space);
        }
        let Self { terms, panics, .. } = *self;
        Ok(Box::new(Squares { space: context.space.clone(), terms, panics }))
    }
}

register_penalty!("squares", SquaresSpec, {
    summary: "", formula: "", method: "", combines: "", example: "", source: "",
});

/// A loss that is bound in the way that the test names.
#[derive(Debug)]
struct Odd(ResponseKind);

#[derive(Debug)]
struct OddFit;

impl Loss for Odd {
    fn reads(&self) -> ResponseKind {
        self.0
    }
    fn bind(&self, _samples: &Samples, design: &Design) -> Result<Bound, Error> {
        assert_eq!((design.samples(), design.features()), (2, 0));
        Ok(match self.0 {
            ResponseKind::Number => Bound::Eta(Box::new(OddFit)),
            _ => Bound::Direct(Box::new(OddFit)),
        })
    }
}

impl Objective for OddFit {
    fn shape(&self) -> Shape {
        Shape { features: 0, outputs: 1, intercepts: 0, own: 0 }
    }
    fn start(&self) -> Vec<f64> {
        Vec::new()
    }
    fn value(&self, _params: &[f64], _work: &mut Workspace) -> f64 {
        0.0
    }
}

impl DataFit for OddFit {
    fn samples(&self) -> usize {
        2
    }
    fn outputs(&self) -> usize {
        3
    }
    fn value(&self, eta: &[f64], own: &[f64]) -> f64 {
        assert_eq!(eta.len(), 6);
        own.iter().sum()
    }
    fn takes_intercept(&self) -> bool {
        false
    }
    fn as_own(&self) -> Option<&dyn OwnParameters> {
        Some(self)
    }
}

impl OwnParameters for OddFit {
    fn start(&self) -> Vec<f64> {
        vec![0.5, 1.5]
    }
    fn report(&self, own: &[f64]) -> OwnReport {
        let extra = vec![("scale".into(), vec![own[0]]), ("both".into(), own.to_vec())];
        OwnReport { intercept: Some(vec![own[0] + own[1]]), extra }
    }
}

macro_rules! odd {
    ($($name:literal, $spec:ident, $kind:ident;)*) => {$(
        #[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
        struct $spec {}

        impl BuildLoss for $spec {
            fn build_loss(&self) -> Result<Box<dyn Loss>, Error> {
                Ok(Box::new(Odd(ResponseKind::$kind)))
            }
        }

        register_loss!($name, $spec, {
            summary: "", formula: "", method: "", combines: "", example: "", source: "",
        });
    )*};
}

odd! {
    "direct", DirectSpec, Numbers;
    "nothing", NothingSpec, Nothing;
    "own", OwnSpec, Number;
}

fn create(json: &str) -> Result<ForeignPenalty, Refusal> {
    ForeignPenalty::create(&fenchel_plugin_v1, "squares", json, &Host::new(&["alpha", "b"], 1))
}

#[track_caller]
fn unsupported<T>(result: Result<T, Refusal>, words: &str) {
    let Err(refusal) = result else { panic!("it was accepted") };
    assert_eq!(refusal.status, abi::UNSUPPORTED);
    assert!(refusal.message.contains(words), "{}", refusal.message);
}

#[test]
fn a_penalty_of_terms_alone_and_one_that_holds_others_are_refused() {
    unsupported(create(r#"{"terms":true}"#), "cannot be a sum of terms");
    unsupported(create(r#"{"nested":true}"#), "cannot hold other penalties");
}

#[test]
fn a_loss_without_a_linear_predictor_is_refused() {
    let samples = numeric(&[1.0, 2.0], 1, None);
    unsupported(Foreign::create(&fenchel_plugin_v1, "nothing"), "without a response");
    let direct = Foreign::create(&fenchel_plugin_v1, "direct").unwrap();
    unsupported(direct.bind(&samples), "objective of its own");
}

#[test]
fn a_space_that_is_kept_knows_its_names_after_create() {
    assert_eq!(create("{}").unwrap().value(&[]).unwrap(), 5.0);
    assert_eq!(create("{}").unwrap().scaled(2.0).unwrap().value(&[]).unwrap(), 5.0);
}

#[test]
fn a_payload_that_panics_when_dropped_does_no_harm() {
    let refusal = create(r#"{"panics":true}"#).unwrap().value(&[]).unwrap_err();
    assert_eq!(
        (refusal.status, refusal.message.as_str()),
        (abi::PANIC, "a panic without a message")
    );
}

#[test]
fn a_weakly_convex_penalty_with_a_basis_says_so() {
    let penalty = create("{}").unwrap();
    let mut modulus = f64::NAN;
    // SAFETY: a live object.
    let convexity = unsafe { penalty.table.convexity.unwrap()(penalty.raw, &mut modulus) };
    assert_eq!((convexity, modulus), (abi::WEAKLY_CONVEX, 0.25));
    let lineality = penalty.capability::<abi::Lineality>().unwrap();
    let (mut kind, mut count, mut out) = (-1, 0, [f64::NAN; 4]);
    // SAFETY: a live object and an array of the length that is passed, here and below.
    call(|e| unsafe { lineality.kind.unwrap()(penalty.raw, &mut kind, &mut count, e) }).unwrap();
    assert_eq!((kind, count), (abi::BASIS, 2));
    // SAFETY: as above.
    call(|e| unsafe { lineality.basis.unwrap()(penalty.raw, out.as_mut_ptr(), 4, e) }).unwrap();
    assert_eq!(out, [1.0, 2.0, 3.0, 4.0]);
}

#[test]
fn own_parameters_and_their_report_cross() {
    let loss = Foreign::create(&fenchel_plugin_v1, "own").unwrap();
    let fit = loss.bind(&numeric(&[1.0, 2.0], 1, None)).unwrap();
    let own = fit.capability::<abi::Own>().unwrap();
    // SAFETY: live objects, texts that the fit owns, and arrays as long as was said; all below.
    unsafe {
        assert_eq!(fit.table.outputs.unwrap()(fit.raw), 3);
        assert_eq!(fit.table.takes_intercept.unwrap()(fit.raw), 0);
        assert_eq!(own.count.unwrap()(fit.raw), 2);
        assert_eq!(own.intercepts.unwrap()(fit.raw), 1);
        assert_eq!(own.extras.unwrap()(fit.raw), 2);
        let (mut length, mut out) = (0, [f64::NAN; 2]);
        assert_eq!(text(own.extra_name.unwrap()(fit.raw, 1, &mut length)), "both");
        assert_eq!(length, 2);
        call(|e| own.start.unwrap()(fit.raw, out.as_mut_ptr(), e)).unwrap();
        assert_eq!(out, [0.5, 1.5]);
        let at = [2.0, 3.0];
        call(|e| own.extra.unwrap()(fit.raw, 1, at.as_ptr(), out.as_mut_ptr(), e)).unwrap();
        assert_eq!(out, at);
        call(|e| own.intercept.unwrap()(fit.raw, at.as_ptr(), out.as_mut_ptr(), e)).unwrap();
        assert_eq!(out[0], 5.0);
        let (eta, mut value) = ([0.0; 6], f64::NAN);
        call(|e| fit.table.value.unwrap()(fit.raw, eta.as_ptr(), at.as_ptr(), &mut value, e))
            .unwrap();
        assert_eq!(value, 5.0);
    }
}
