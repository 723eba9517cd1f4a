//! The same number of units for all: a network is fitted with a penalty on the weights that come from each
//! unit; of each layer the units with the largest norms stay; these are fitted again without a penalty.
//!
//! `group_sef` with k at the number that stays, the group lasso, and no penalty at all. The lambda of the
//! first two is that of a few which is best on half of the samples left out; accuracies are on the other half.

use fenchel_core::{Convexity, Lineality, Penalty, Prox};
use rayon::prelude::*;
use serde_json::json;

use super::{Digits, HIDDEN, PIXELS, SHARES, Study, layers, spread};

const LAMBDAS: [f64; 4] = [0.002, 0.006, 0.02, 0.06];
const NAMES: [&str; 3] = ["group_sef", "group lasso", "no penalty"];

/// Accuracies before units are taken away, after that, and after the second fit.
type Accuracies = [f64; 3];

/// Prints the table.
pub fn print(digits: &Digits, seeds: usize) {
    let runs: Vec<Vec<[Accuracies; 3]>> =
        (0..seeds).into_par_iter().map(|seed| run(&Study::new(digits, seed as u64))).collect();
    println!("| units | penalty of the first fit | first fit | units taken away | second fit |");
    println!("|---|---|---|---|---|");
    for (s, share) in SHARES.iter().enumerate() {
        for (m, name) in NAMES.iter().enumerate() {
            let of =
                |when: usize| spread(&runs.iter().map(|run| run[s][m][when]).collect::<Vec<_>>());
            let [pixels, hidden] = kept(*share);
            println!(
                "| {pixels} pixels, {hidden} hidden ({:.0} %) | {name} | {} | {} | {} |",
                100.0 * share,
                of(0),
                of(1),
                of(2)
            );
        }
    }
    println!("{seeds} seeds");
}

/// Units of each layer that stay.
fn kept(share: f64) -> [usize; 2] {
    [PIXELS, HIDDEN].map(|units| (share * units as f64).round() as usize)
}

fn run(study: &Study<'_>) -> Vec<[Accuracies; 3]> {
    // The lasso and the plain fit do not know how many units will stay.
    let lasso: Vec<Vec<f64>> = LAMBDAS
        .iter()
        .map(|lambda| study.first_fit(&layers(*lambda, |_| json!({ "type": "group_lasso" }))))
        .collect();
    let plain = [study.first_fit(&json!({ "type": "none" }))];
    let of_share = |share: &f64| {
        let k = kept(*share);
        let sef: Vec<Vec<f64>> = LAMBDAS
            .iter()
            .map(|lambda| {
                study.first_fit(&layers(*lambda, |l| json!({ "type": "group_sef", "k": k[l] })))
            })
            .collect();
        [sef.as_slice(), &lasso, &plain].map(|fits| best(study, fits, k))
    };
    SHARES.iter().map(of_share).collect()
}

/// Of the fits, that which is best after the second one.
fn best(study: &Study<'_>, fits: &[Vec<f64>], k: [usize; 2]) -> Accuracies {
    let (choice, test) = study.left_out.split_at(study.left_out.len() / 2);
    let (mut top, mut accuracies) = (f64::NEG_INFINITY, [f64::NAN; 3]);
    for first in fits {
        let gone = Gone(weakest(study, first, k));
        let mut pruned = first.clone();
        for (weight, gone) in pruned.iter_mut().zip(&gone.0) {
            *weight = if *gone { 0.0 } else { *weight };
        }
        let second = study.solve(&gone, pruned.clone());
        let chosen = study.accuracy(&second, choice);
        if chosen > top {
            top = chosen;
            accuracies = [first, &pruned, &second].map(|params| study.accuracy(params, test));
        }
    }
    accuracies
}

/// Whether a weight comes from a unit that is not among the k of its layer with the largest norms.
fn weakest(study: &Study<'_>, params: &[f64], k: [usize; 2]) -> Vec<bool> {
    let chain = study.objective.layers();
    let mut gone = vec![false; chain.iter().map(|layer| layer.len()).sum()];
    for (layer, k) in chain.iter().zip(k) {
        let weights = layer.of(params);
        let square = |&i: &usize| -> f64 {
            weights.iter().skip(i).step_by(layer.inputs).map(|w| w * w).sum()
        };
        let mut units: Vec<usize> = (0..layer.inputs).collect();
        units.sort_by(|a, b| square(b).total_cmp(&square(a)).then(a.cmp(b)));
        for &i in &units[k..] {
            (0..layer.outputs).for_each(|o| gone[layer.first + i + o * layer.inputs] = true);
        }
    }
    gone
}

/// The indicator of zero where an entry is true: a penalty that no problem file can name.
#[derive(Debug, Clone)]
struct Gone(Vec<bool>);

impl Penalty for Gone {
    fn value(&self, beta: &[f64]) -> f64 {
        let outside = beta.iter().zip(&self.0).any(|(b, gone)| *gone && *b != 0.0);
        if outside { f64::INFINITY } else { 0.0 }
    }
    fn scaled(&self, _: f64) -> Box<dyn Penalty> {
        Box::new(self.clone())
    }
    fn convexity(&self) -> Convexity {
        Convexity::Convex
    }
    fn lineality(&self) -> Lineality {
        let free = (0..self.0.len()).filter(|&j| !self.0[j]);
        Lineality::Coordinates(free.collect())
    }
    fn as_prox(&self) -> Option<&dyn Prox> {
        Some(self)
    }
}

impl Prox for Gone {
    fn prox(&self, v: &[f64], _: f64, out: &mut [f64]) -> f64 {
        for ((out, v), gone) in out.iter_mut().zip(v).zip(&self.0) {
            *out = if *gone { 0.0 } else { *v };
        }
        0.0
    }
}
