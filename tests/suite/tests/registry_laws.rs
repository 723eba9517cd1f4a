//! Every registered loss and penalty obeys its laws, at its card's example and over spaces of
//! several shapes: a new type is covered the moment that it is registered.

#![allow(missing_docs)]

use std::path::Path;

use fenchel::registry;
use fenchel_core::{Kind, Space, cards};

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
