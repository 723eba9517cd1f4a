//! Mutual information of a continuous variable and classes, by a kernel density of each class.

use crate::density::Axis;
use crate::joint::{Work, entropy};
use crate::settings::{LINE, Settings};
use crate::spread::Spread;

/// Samples of a class up to which it is passed over, as no density can be told from them.
const TOO_FEW: usize = 2;

/// `I(x; c) = sum_c p(c) sum_g p(g | c) ln( p(g | c) / p(g) )` on a grid of [`LINE`] cells, each class with
/// a bandwidth of its own. Classes of one or two samples are passed over.
pub(crate) fn information(
    values: &[f64],
    classes: &[u32],
    count: usize,
    settings: &Settings,
    work: &mut Work,
) -> f64 {
    let mut members = vec![Vec::new(); count];
    for (x, c) in values.iter().zip(classes) {
        members[*c as usize].push(*x);
    }
    members.retain(|members| members.len() > TOO_FEW);
    if members.len() < 2 {
        return 0.0;
    }
    let mut sorted = Vec::new();
    let spreads: Vec<Spread> =
        members.iter().map(|m| Spread::of(m.iter().copied(), &mut sorted)).collect();
    let widths: Vec<f64> =
        spreads.iter().zip(&members).map(|(s, m)| settings.width(s.scale, m.len())).collect();
    let low = spreads.iter().fold(f64::INFINITY, |low, s| low.min(s.low));
    let high = spreads.iter().fold(f64::NEG_INFINITY, |high, s| high.max(s.high));
    let widest = widths.iter().fold(0.0, |top: f64, w| top.max(*w));
    let mut axis = Axis::new(settings.kernel, (low, high), widest, LINE);

    let samples = members.iter().map(Vec::len).sum::<usize>() as f64;
    let (mut mass, mut density) = (vec![0.0; LINE], vec![0.0; LINE]);
    let mut mixture = vec![0.0; LINE];
    let mut within = 0.0;
    for (members, width) in members.iter().zip(&widths) {
        mass.fill(0.0);
        for x in members {
            let (cell, share) = axis.place(*x);
            mass[cell] += 1.0 - share;
            mass[cell + 1] += share;
        }
        axis.set_bandwidth(*width);
        work.smooth_line(&mass, &axis, &mut density);
        let (total, weight) = (density.iter().sum::<f64>(), members.len() as f64 / samples);
        for (d, mixture) in density.iter().zip(&mut mixture) {
            let p = d / total;
            within += weight * entropy(p);
            *mixture += weight * p;
        }
    }
    (within - mixture.iter().map(|p| entropy(*p)).sum::<f64>()).max(0.0)
}
