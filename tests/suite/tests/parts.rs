//! A loss on a part of a design's rows obeys the laws of a loss, whatever the loss.

#![allow(missing_docs)]

use fenchel::registry;
use fenchel_core::{Bound, Design, Error, Kind, Loss, Part, ResponseKind, Samples, cards};
use fenchel_laws::loss::{LAWS, Law};

/// A loss that leaves some of its samples out.
#[derive(Debug)]
struct OnPart(Box<dyn Loss>);

/// Samples that are left out: the first, the last but one, and one between.
fn stays(i: usize, n: usize) -> bool {
    i != 0 && i != 3 && i + 2 != n
}

impl Loss for OnPart {
    fn reads(&self) -> ResponseKind {
        self.0.reads()
    }
    fn bind(&self, samples: &Samples, design: &Design) -> Result<Bound, Error> {
        let n = samples.len();
        let rows: Vec<usize> = (0..n).filter(|&i| stays(i, n)).collect();
        match self.0.bind(&samples.select(&rows)?, design)? {
            Bound::Eta(fit) => {
                let rows = rows.iter().map(|&i| i as u32).collect();
                Ok(Bound::Eta(Box::new(Part::new(fit, rows, n)?)))
            }
            bound => Ok(bound),
        }
    }
}

/// Laws about the samples themselves, of which some are missing here.
const OF_SAMPLES: [&str; 6] = [
    "some_response_is_accepted",
    "non_finite_responses_are_refused",
    "weights_equal_repetition",
    "weights_are_scale_free",
    "zero_weights_do_not_matter",
    "the_order_of_samples_does_not_matter",
];

#[test]
fn a_part_of_every_loss_obeys_the_laws() {
    let laws: Vec<&Law> = LAWS.iter().filter(|law| !OF_SAMPLES.contains(&law.name)).collect();
    let (mut tried, mut broken) = (vec![0; laws.len()], Vec::new());
    for card in cards(Kind::Loss) {
        let loss = registry::build_loss(&registry::example(card)).unwrap();
        if loss.reads_design() {
            continue;
        }
        let part = OnPart(loss);
        for (law, tried) in laws.iter().zip(&mut tried) {
            if !(law.applies)(&part) {
                continue;
            }
            *tried += 1;
            if let Err(violation) = (law.check)(&part) {
                broken.push(format!("{}: {violation}", card.name));
            }
        }
    }
    assert!(broken.is_empty(), "{} violations\n{}", broken.len(), broken.join("\n"));
    for (law, tried) in laws.iter().zip(tried) {
        let predicts = law.name.contains("predictions") || law.name.contains("deviance");
        let barrier = law.name == "the_central_path_ends_in_the_objective";
        assert!(tried > 0 || predicts || barrier, "{} was never tried", law.name);
    }
}

#[test]
fn rows_have_to_ascend_inside_the_design() {
    let samples = |n| {
        let response = fenchel_core::Response::Numeric { values: vec![0.0; n], columns: 1 };
        Samples::new(response, None).unwrap()
    };
    let part = |rows: &[u32], all| {
        let card = cards(Kind::Loss).into_iter().find(|card| card.name == "quadratic").unwrap();
        let loss = registry::build_loss(&registry::example(card)).unwrap();
        let design = Design::new(fenchel_core::Matrix::identity(rows.len()));
        let Ok(Bound::Eta(fit)) = loss.bind(&samples(2), &design) else { panic!("no fit") };
        Part::new(fit, rows.into(), all).map(|part| fenchel_core::DataFit::samples(&part))
    };
    assert_eq!(part(&[1, 3], 4).unwrap(), 4);
    assert!(part(&[1, 3], 3).unwrap_err().to_string().contains("below 3"));
    assert!(part(&[3, 1], 4).unwrap_err().to_string().contains("ascend"));
    assert!(part(&[0, 1, 2], 4).unwrap_err().to_string().contains("expected 2"));
}
