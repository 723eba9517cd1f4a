//! Every registered loss and penalty obeys its laws, at its card's example and over spaces of
//! several shapes: a new type is covered the moment that it is registered.

#![allow(missing_docs)]

use std::path::Path;

use fenchel::registry;
use fenchel_core::{Kind, Penalty, Space, cards};
use fenchel_laws::Case;

/// Features and outputs: one and several columns, and sizes with no common factor.
const SHAPES: [(usize, usize); 3] = [(6, 1), (5, 1), (4, 2)];

#[test]
fn every_penalty_obeys_the_laws() {
    let mut checked = 0;
    for card in cards(Kind::Penalty) {
        let mut built = 0;
        for (features, outputs) in SHAPES {
            let space = Space::numbered(features, outputs);
            // An example may need another number of features; it has to fit one of the shapes.
            let raw = registry::example(card);
            if let Ok(penalty) = registry::build_penalty(&raw, &space, Path::new(".")) {
                fenchel_laws::penalty::assert_laws(&*penalty, &space);
                built += 1;
            }
        }
        assert!(built > 0, "the example of {} fits no shape", card.name);
        checked += 1;
    }
    assert!(checked >= 17, "only {checked} penalties are registered");
}

fn built(case: &Case) -> Option<(Box<dyn Penalty>, Space)> {
    let (features, outputs) = case.shape?;
    let space = Space::numbered(features, outputs);
    let penalty = registry::build_penalty(&case.parameters, &space, Path::new(".")).ok()?;
    let scaled = case.scale.map(|scale| penalty.scaled(scale));
    Some((scaled.unwrap_or(penalty), space))
}

/// As `plugin check` tries the types of a library, on a fifth of the cases: all take minutes.
#[test]
fn penalties_obey_the_laws_however_they_are_set_up() {
    let mut broken = Vec::new();
    for card in cards(Kind::Penalty) {
        let example = registry::example(card);
        let cases = fenchel_laws::cases(card, &example, &mut |case| built(case).is_some());
        assert!(cases.len() >= 5, "{}: only {} cases", card.name, cases.len());
        for case in cases.iter().rev().step_by(5) {
            let (penalty, space) = built(case).unwrap();
            let report = fenchel_laws::penalty::check_all(&*penalty, &space);
            broken.extend(report.violations().map(|v| format!("{} with {case}: {v}", card.name)));
        }
    }
    assert!(broken.is_empty(), "{} violations\n{}", broken.len(), broken.join("\n"));
}

#[test]
fn losses_obey_the_laws_however_they_are_set_up() {
    let mut broken = Vec::new();
    for card in cards(Kind::Loss) {
        let build = |case: &Case| registry::build_loss(&case.parameters).ok();
        let example = registry::example(card);
        for case in fenchel_laws::cases(card, &example, &mut |case| build(case).is_some()) {
            let report = fenchel_laws::loss::check_all(&*build(&case).unwrap());
            broken.extend(report.violations().map(|v| format!("{} with {case}: {v}", card.name)));
        }
    }
    assert!(broken.is_empty(), "{} violations\n{}", broken.len(), broken.join("\n"));
}

#[test]
fn every_loss_obeys_the_laws() {
    let cards = cards(Kind::Loss);
    assert!(cards.len() >= 5, "only {} losses are registered", cards.len());
    for card in cards {
        let loss = registry::build_loss(&registry::example(card)).unwrap();
        fenchel_laws::loss::assert_laws(&*loss);
    }
}

#[test]
fn every_card_is_complete() {
    for kind in [Kind::Penalty, Kind::Loss, Kind::Solver] {
        let cards = cards(kind);
        for pair in cards.windows(2) {
            assert_ne!(pair[0].name, pair[1].name, "two cards have one name");
        }
        for card in cards {
            for text in [card.summary, card.formula, card.method, card.combines, card.source] {
                assert!(!text.trim().is_empty(), "the card of {} has a gap", card.name);
            }
        }
    }
}
