//! What own parameters mean on other samples.

use fenchel_core::{Loss, OwnReport};

use super::probe::{self, Point, SAMPLES};
use crate::Violation;

/// Own parameters, carried to the loss on three quarters of the samples, are reported there as they
/// were, and carried back they give the value that they gave.
pub fn own_parameters_travel(loss: &dyn Loss) -> Result<(), Violation> {
    let rows: Vec<usize> = (0..SAMPLES * 3 / 4).collect();
    for case in probe::cases(loss) {
        let Some(here) = case.fit.as_own() else { continue };
        let part = case.samples.select(&rows).expect("some of these samples have weight");
        let Some(other) = probe::bound(loss, &part) else { continue };
        let Some(there) = other.as_own() else { continue };
        for point in case.points() {
            let carried = there.adopt(&here.portable(&point.own));
            let back = here.adopt(&there.portable(&carried));
            let complaint = |expected: String, got: String| {
                let place = format!("carried to rows {rows:?}, {}", case.describe(&point));
                Err(Violation::new("own_parameters_travel", place, expected, got))
            };
            let (before, after) = (here.report(&point.own), there.report(&carried));
            if !alike(&before, &after) {
                return complaint(format!("{before:?}"), format!("{after:?}"));
            }
            let value = case.value(&point);
            let again = case.value(&Point { own: back, ..point.clone() });
            if !probe::agree(value, again, 1e-9, 1e-11) {
                return complaint(format!("{value:e}"), format!("{again:e}"));
            }
        }
    }
    Ok(())
}

fn alike(a: &OwnReport, b: &OwnReport) -> bool {
    let near = |a: &[f64], b: &[f64]| {
        a.len() == b.len() && a.iter().zip(b).all(|(a, b)| probe::agree(*a, *b, 1e-9, 1e-12))
    };
    let extra = a.extra.len() == b.extra.len()
        && a.extra.iter().zip(&b.extra).all(|((a, x), (b, y))| a == b && near(x, y));
    extra && near(a.intercept.as_deref().unwrap_or(&[]), b.intercept.as_deref().unwrap_or(&[]))
}
