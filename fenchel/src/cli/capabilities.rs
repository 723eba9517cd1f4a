//! What a type can do, found by building its example and asking it.

use std::path::Path;
use std::sync::Arc;

use fenchel_core::{
    Bound, Card, Convexity, CurvatureForm, DenseMatrix, Design, Kind, LinearModel, Loss, Matrix,
    Objective, Penalty, Problem, Response, ResponseKind, Samples, Space, cards,
};

use crate::registry;

/// Most features that an example is tried with.
const MOST_FEATURES: usize = 40;

/// The capabilities of a card's type, in short words; none for a solver.
pub(super) fn of(card: &Card) -> Vec<String> {
    match card.kind {
        Kind::Penalty => example_penalty(card).map_or_else(Vec::new, |p| of_penalty(&*p)),
        Kind::Loss => example_loss(card).map_or_else(Vec::new, |loss| of_loss(&*loss)),
        Kind::Solver => Vec::new(),
    }
}

/// The loss of a card's example.
pub(super) fn example_loss(card: &Card) -> Option<Box<dyn Loss>> {
    registry::build_loss(&registry::read_example(card).ok()?).ok()
}

/// The penalty of a card's example, on the smallest coefficients that it fits.
pub(super) fn example_penalty(card: &Card) -> Option<Box<dyn Penalty>> {
    example_on_space(card).map(|(penalty, _)| penalty)
}

/// The same with the space that it was built for.
pub(super) fn example_on_space(card: &Card) -> Option<(Box<dyn Penalty>, Space)> {
    let example = registry::read_example(card).ok()?;
    let sizes = (1..=MOST_FEATURES).flat_map(|p| [(p, 1), (p, 3)]);
    // An example that reads a file has none to read here.
    sizes.into_iter().find_map(|(p, outputs)| {
        let space = Space::numbered(p, outputs);
        let penalty = registry::build_penalty(&example, &space, Path::new(".")).ok()?;
        Some((penalty, space))
    })
}

/// Convex or not, in words, for the example of a penalty's card.
pub(super) fn convexity_of(card: &Card) -> Option<String> {
    match card.kind {
        Kind::Penalty => example_penalty(card).map(|penalty| convexity(&*penalty)),
        Kind::Loss | Kind::Solver => None,
    }
}

fn convexity(penalty: &dyn Penalty) -> String {
    match penalty.convexity() {
        Convexity::Convex => "convex".into(),
        Convexity::WeaklyConvex(rho) => format!("weakly convex (modulus {rho} in the example)"),
        Convexity::Nonconvex => "nonconvex".into(),
    }
}

fn of_penalty(penalty: &dyn Penalty) -> Vec<String> {
    let convexity = match penalty.convexity() {
        Convexity::Convex => "convex",
        Convexity::WeaklyConvex(_) => "weakly convex",
        Convexity::Nonconvex => "nonconvex",
    };
    let offers = [
        (penalty.as_prox().is_some(), "prox"),
        (penalty.as_separable().is_some(), "separable"),
        (penalty.as_blocks().is_some(), "blocks"),
        (penalty.as_subdifferential().is_some(), "subdifferential"),
        (penalty.as_conjugate().is_some(), "conjugate"),
        (penalty.as_zero_threshold().is_some(), "path start"),
        (penalty.as_terms().is_some(), "terms"),
    ];
    let offers = offers.iter().filter(|(there, _)| *there).map(|(_, word)| *word);
    std::iter::once(convexity).chain(offers).map(String::from).collect()
}

/// What kind of response a loss reads, in words.
pub(super) fn reads(kind: ResponseKind) -> &'static str {
    match kind {
        ResponseKind::Number => "one numeric response",
        ResponseKind::Numbers => "numeric responses",
        ResponseKind::TwoClasses => "two classes",
        ResponseKind::Classes => "classes",
        ResponseKind::Survival => "survival times",
        ResponseKind::Nothing => "no response",
    }
}

fn of_loss(loss: &dyn Loss) -> Vec<String> {
    let mut words = vec![reads(loss.reads()).to_string()];
    let mut add = |there: bool, word: &str| {
        if there {
            words.push(word.into());
        }
    };
    match bind_small(loss) {
        Some(Bound::Eta(fit)) => {
            add(fit.as_smooth().is_some(), "gradient");
            add(fit.as_smooth().is_some_and(|s| s.hessian_bound().is_some()), "Hessian bound");
            // What a loss with thresholds offers, it offers of the predictor that holds them.
            let thresholds = fit.as_own().and_then(|own| own.as_thresholds());
            let seen = thresholds.map_or(&*fit, |thresholds| thresholds.fit);
            if let Some(curvature) = seen.as_curvature() {
                add(
                    true,
                    match curvature.form() {
                        CurvatureForm::Constant => "constant curvature",
                        CurvatureForm::Diagonal => "curvature",
                        CurvatureForm::Blocks
                        | CurvatureForm::RankOne
                        | CurvatureForm::Tridiagonal => "block curvature",
                        CurvatureForm::Approximate => "approximate curvature",
                    },
                );
            }
            add(seen.as_conjugate().is_some(), "conjugate");
            add(seen.as_prox().is_some(), "prox");
            add(thresholds.is_some(), "thresholds");
            add(fit.as_own().is_some() && thresholds.is_none(), "own parameters");
            add(!fit.takes_intercept(), "no intercept");
        }
        Some(Bound::Direct(_)) => add(true, "no linear predictor"),
        None => {}
    }
    words
}

/// The first loss that a solver takes under `l1`, `quadratic` before all others; none for another
/// card than a solver's.
pub(super) fn loss_for(card: &Card) -> Option<&'static Card> {
    let method = fenchel_solvers::method(card.name).filter(|_| card.kind == Kind::Solver)?;
    let penalty = example_penalty(registry::card(Kind::Penalty, "l1")?)?;
    let taken = |card: &&Card| {
        let loss = example_loss(card)?;
        let objective: Box<dyn Objective> = match bind_small(&*loss)? {
            Bound::Direct(objective) => objective,
            Bound::Eta(fit) => Box::new(LinearModel::new(small_design()?, fit, None, false).ok()?),
        };
        let (objective, penalty) = (&*objective, &*penalty);
        let problem = Problem { objective, penalty, baseline: Default::default() };
        method.supports(&problem).ok()
    };
    let all = registry::card(Kind::Loss, "quadratic").into_iter().chain(cards(Kind::Loss));
    all.into_iter().find(|card| taken(card).is_some())
}

fn small_design() -> Option<Design> {
    let matrix = DenseMatrix::new(4, 1, vec![0.5, -1.0, 0.0, 2.0]).ok()?;
    Some(Design::new(Arc::new(Matrix::Dense(matrix))))
}

/// Binds a loss to four samples of one feature, with a response of the kind that it reads.
fn bind_small(loss: &dyn Loss) -> Option<Bound> {
    let response = match loss.reads() {
        ResponseKind::Number | ResponseKind::Numbers => {
            Response::Numeric { values: vec![1.0, 2.0, 1.0, 3.0], columns: 1 }
        }
        ResponseKind::TwoClasses => {
            Response::Classes { class: vec![0, 1, 0, 1], labels: vec!["0".into(), "1".into()] }
        }
        ResponseKind::Classes => Response::Classes {
            class: vec![0, 1, 2, 1],
            labels: vec!["0".into(), "1".into(), "2".into()],
        },
        ResponseKind::Survival => Response::Survival {
            time: vec![1.0, 2.0, 3.0, 4.0],
            event: vec![true, false, true, true],
        },
        ResponseKind::Nothing => Response::None { samples: 4 },
    };
    let samples = Samples::new(response, None).ok()?;
    loss.bind(&samples, &small_design()?).ok()
}
