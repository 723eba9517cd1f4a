//! Which sample is left out in which fold.
//!
//! Random folds are of nearly equal size and depend on the seed alone. Samples of one subject stay
//! together where the data has subjects; classes are spread evenly over the folds where the response
//! is about classes (each class is shuffled and dealt out in turn, the next class going on where the
//! last one stopped).

use std::collections::BTreeMap;

use fenchel_core::{Error as Core, Response, Samples};

use super::{Error, Job};
use crate::data;
use crate::file::config::Folds;

/// The samples of each fold, ascending.
pub(super) type Assignment = Vec<Vec<usize>>;

/// The folds that `[cv]` asks for.
///
/// Errors: fewer than 2 folds or more than samples (subjects); fold numbers that are no integers,
/// all the same, or not one a sample.
pub(super) fn assign(job: &Job, folds: &Folds, seed: u64) -> Result<Assignment, Error> {
    let samples = &job.dataset.samples;
    let numbers = match folds {
        Folds::Count(count) => {
            return random(samples, *count, seed).map_err(|e| Error::key("cv", "folds", e));
        }
        Folds::Column(spec) => job.dataset.column(&spec.column)?.to_vec(),
        Folds::File(spec) => {
            let numbers = data::read_numbers(&job.base.join(&spec.file))?;
            kept(numbers, &job.dataset.rows_kept)
        }
    };
    numbered(&numbers, samples.len()).map_err(|e| Error::key("cv", "folds", e))
}

/// The numbers of the rows that are kept, where rows of the data file were dropped.
fn kept(numbers: Vec<f64>, rows: &[usize]) -> Vec<f64> {
    let dropped = rows.last().is_some_and(|last| last + 1 > rows.len());
    if dropped && rows.last().is_some_and(|&last| last < numbers.len()) {
        rows.iter().map(|&i| numbers[i]).collect()
    } else {
        numbers
    }
}

fn numbered(numbers: &[f64], n: usize) -> Result<Assignment, Core> {
    Core::check_length("fold numbers", numbers.len(), n)?;
    let mut folds: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
    for (i, &number) in numbers.iter().enumerate() {
        if number.fract() != 0.0 || number.abs() > 2f64.powi(53) {
            return Err(Core::Domain {
                what: "fold number",
                sample: i,
                got: number,
                expected: "an integer".into(),
            });
        }
        folds.entry(number as i64).or_default().push(i);
    }
    if folds.len() < 2 {
        return Err(Core::Data("all fold numbers are equal: two folds are needed".into()));
    }
    Ok(folds.into_values().collect())
}

fn random(samples: &Samples, count: usize, seed: u64) -> Result<Assignment, Core> {
    let units = units(samples);
    let total: usize = units.iter().map(Vec::len).sum();
    if count < 2 || count > total {
        let what = if samples.subject().is_some() { "subjects" } else { "samples" };
        let expected = format!("at least 2 and at most the number of {what}, {total}");
        return Err(Core::parameter("folds", expected, count));
    }
    let mut random = SplitMix(seed);
    let mut folds = vec![Vec::new(); count];
    let mut next = 0;
    for mut stratum in units {
        random.shuffle(&mut stratum);
        for unit in stratum {
            folds[next % count].extend(unit);
            next += 1;
        }
    }
    folds.iter_mut().for_each(|fold| fold.sort_unstable());
    Ok(folds)
}

/// What is dealt out, stratum by stratum: samples, or all samples of a subject at once.
fn units(samples: &Samples) -> Vec<Vec<Vec<usize>>> {
    if let Some(subject) = samples.subject() {
        let mut subjects: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for (i, &s) in subject.iter().enumerate() {
            subjects.entry(s).or_default().push(i);
        }
        return vec![subjects.into_values().collect()];
    }
    if let Response::Classes { class, labels } = samples.response() {
        let mut strata = vec![Vec::new(); labels.len()];
        for (i, &c) in class.iter().enumerate() {
            strata[c as usize].push(vec![i]);
        }
        return strata;
    }
    vec![(0..samples.len()).map(|i| vec![i]).collect()]
}

/// SplitMix64 (Steele, Lea & Flood 2014): a few lines that give the same folds in every release.
struct SplitMix(u64);

impl SplitMix {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Uniform below `bound`, without bias (Lemire 2019).
    fn below(&mut self, bound: u64) -> u64 {
        let threshold = bound.wrapping_neg() % bound;
        loop {
            let product = u128::from(self.next()) * u128::from(bound);
            if product as u64 >= threshold {
                return (product >> 64) as u64;
            }
        }
    }

    /// Fisher and Yates.
    fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.below(i as u64 + 1) as usize);
        }
    }
}

/// The samples outside a fold, ascending.
pub(super) fn outside(fold: &[usize], n: usize) -> Vec<usize> {
    let mut inside = vec![false; n];
    fold.iter().for_each(|&i| inside[i] = true);
    (0..n).filter(|&i| !inside[i]).collect()
}

/// Whether a model can be fitted without the fold.
///
/// Errors: [`Core::Data`] where the rest lacks a class, or every event, or all weight.
pub(super) fn check_training(samples: &Samples, rest: &[usize], fold: usize) -> Result<(), Core> {
    let weighted = |i: &&usize| samples.weight(**i) > 0.0;
    let kept: Vec<usize> = rest.iter().filter(weighted).copied().collect();
    let name = fold + 1;
    if kept.len() < 2 {
        return Err(Core::Data(format!(
            "without fold {name}, fewer than two samples are left to fit"
        )));
    }
    match samples.response() {
        Response::Classes { class, labels } => {
            let mut seen = vec![false; labels.len()];
            kept.iter().for_each(|&i| seen[class[i] as usize] = true);
            match seen.iter().position(|seen| !seen) {
                Some(c) => Err(Core::Data(format!(
                    "without fold {name}, no sample of class \"{}\" is left to fit: use other or \
                     fewer folds",
                    labels[c]
                ))),
                None => Ok(()),
            }
        }
        Response::Survival { event, .. } if !kept.iter().any(|&i| event[i]) => Err(Core::Data(
            format!("without fold {name}, no event is left to fit: use other or fewer folds"),
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numeric(n: usize) -> Samples {
        Samples::new(Response::Numeric { values: vec![0.0; n], columns: 1 }, None).unwrap()
    }

    #[test]
    fn random_folds_partition_the_samples_evenly_and_depend_on_the_seed_only() {
        let folds = random(&numeric(23), 5, 7).unwrap();
        let mut all: Vec<usize> = folds.concat();
        all.sort_unstable();
        assert_eq!(all, (0..23).collect::<Vec<_>>());
        assert!(folds.iter().all(|fold| fold.len() == 4 || fold.len() == 5));
        assert_eq!(folds, random(&numeric(23), 5, 7).unwrap());
        assert_ne!(folds, random(&numeric(23), 5, 8).unwrap());
    }

    #[test]
    fn every_fold_gets_its_share_of_every_class() {
        let class = (0..30).map(|i| u32::from(i % 3 == 0)).collect();
        let response = Response::Classes { class, labels: vec!["a".into(), "b".into()] };
        let samples = Samples::new(response, None).unwrap();
        for fold in random(&samples, 5, 0).unwrap() {
            assert_eq!(fold.iter().filter(|&&i| i % 3 == 0).count(), 2);
            assert_eq!(fold.len(), 6);
        }
    }

    #[test]
    fn samples_of_a_subject_stay_together() {
        let samples = numeric(12).with_subject((0..12).map(|i| i / 3).collect()).unwrap();
        for fold in random(&samples, 4, 3).unwrap() {
            assert_eq!(fold.len(), 3);
            assert!(fold.iter().all(|i| i / 3 == fold[0] / 3));
        }
        assert!(random(&samples, 5, 3).unwrap_err().to_string().contains("subjects, 4"));
    }

    #[test]
    fn fold_numbers_are_any_integers() {
        assert_eq!(numbered(&[7.0, -1.0, 7.0], 3).unwrap(), [vec![1], vec![0, 2]]);
        assert!(numbered(&[1.0, 1.0], 2).unwrap_err().to_string().contains("all fold numbers"));
        assert!(numbered(&[1.0, 1.5], 2).unwrap_err().to_string().contains("an integer"));
        assert!(numbered(&[1.0], 2).unwrap_err().to_string().contains("expected 2"));
    }

    #[test]
    fn too_few_and_too_many_folds_are_refused() {
        assert!(random(&numeric(3), 1, 0).is_err());
        assert!(random(&numeric(3), 4, 0).unwrap_err().to_string().contains("got 4"));
    }

    #[test]
    fn a_training_part_without_a_class_is_named() {
        let response =
            Response::Classes { class: vec![0, 0, 0, 1], labels: vec!["a".into(), "b".into()] };
        let samples = Samples::new(response, None).unwrap();
        let message = check_training(&samples, &[0, 1, 2], 1).unwrap_err().to_string();
        assert!(message.contains("without fold 2, no sample of class \"b\""), "{message}");
        check_training(&samples, &[1, 2, 3], 0).unwrap();
    }
}
