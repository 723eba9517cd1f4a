//! Histograms: how many bins, and mutual information from counts.

use crate::joint::entropy;

/// Most bins that are tried.
const MOST: usize = 99;

/// The bin of each value, and their number: the one of 2 to 99 bins of equal width that maximises
/// `sum_b N_b ln N_b + n ln D - (D - 1 + (ln D)^2.5)`.
///
/// Source: Birge & Rozenholc (2006), ESAIM: Probability and Statistics 10, section 2.
pub(crate) fn choose(values: &[f64], low: f64, high: f64) -> (Vec<u32>, usize) {
    let n = values.len() as f64;
    // Halved, so that the range of the largest numbers is finite.
    let share = |x: &f64| (0.5 * x - 0.5 * low) / (0.5 * high - 0.5 * low);
    let shares: Vec<f64> = values.iter().map(share).collect();
    let entropies: Vec<f64> = (0..=values.len()).map(|c| entropy(c as f64)).collect();
    let mut counts = [0u32; MOST];
    let mut best = (f64::NEG_INFINITY, 2);
    for bins in 2..=MOST {
        counts[..bins].fill(0);
        shares.iter().for_each(|share| counts[bin(*share, bins)] += 1);
        let likelihood: f64 = counts[..bins].iter().map(|c| entropies[*c as usize]).sum();
        let d = bins as f64;
        let criterion = likelihood + n * d.ln() - (d - 1.0 + d.ln().powf(2.5));
        if criterion > best.0 {
            best = (criterion, bins);
        }
    }
    let codes = shares.iter().map(|share| bin(*share, best.1) as u32).collect();
    (codes, best.1)
}

fn bin(share: f64, bins: usize) -> usize {
    ((share * bins as f64) as usize).min(bins - 1)
}

/// The mutual information of two codings of the same samples, from counts.
pub(crate) fn information(a: (&[u32], usize), b: (&[u32], usize)) -> f64 {
    let n = a.0.len() as f64;
    let (mut joint, mut rows, mut columns) = (vec![0.0; a.1 * b.1], vec![0.0; a.1], vec![0.0; b.1]);
    for (i, j) in a.0.iter().zip(b.0) {
        joint[*i as usize * b.1 + *j as usize] += 1.0;
        rows[*i as usize] += 1.0;
        columns[*j as usize] += 1.0;
    }
    let sum = |counts: &[f64]| counts.iter().map(|c| entropy(*c)).sum::<f64>();
    ((sum(&joint) - sum(&rows) - sum(&columns)) / n + n.ln()).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_give_the_information_of_their_table() {
        let (a, b) = ([0, 0, 1, 1], [1, 1, 0, 0]);
        assert!((information((&a, 2), (&b, 2)) - 2f64.ln()).abs() < 1e-15);
        assert_eq!(information((&a, 2), (&[0, 1, 0, 1], 2)), 0.0);
    }

    #[test]
    fn two_heaps_are_told_apart_and_even_values_are_not() {
        let heaps: Vec<f64> = (0..200).map(|i| if i % 2 == 0 { 0.0 } else { 10.0 }).collect();
        let (codes, count) = choose(&heaps, 0.0, 10.0);
        assert!(count > 2 && codes[0] == 0 && codes[1] as usize == count - 1);
        let even: Vec<f64> = (0..200).map(f64::from).collect();
        assert_eq!(choose(&even, 0.0, 199.0).1, 2);
        assert!(choose(&[-1e308, 1e308, 0.0], -1e308, 1e308).0 == [0, 1, 1]);
    }
}
