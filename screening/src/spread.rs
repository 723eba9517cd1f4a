//! Order statistics of a column.

/// What is known of a column from its sorted values.
pub(crate) struct Spread {
    pub low: f64,
    pub high: f64,
    /// Number of distinct values.
    pub distinct: usize,
    /// The smaller of standard deviation and interquartile range over 1.349; the deviation where
    /// half of the values are equal.
    pub scale: f64,
}

impl Spread {
    /// Of values that are finite, at least one. `sorted` is a buffer.
    pub fn of(values: impl Iterator<Item = f64>, sorted: &mut Vec<f64>) -> Self {
        sorted.clear();
        sorted.extend(values);
        sorted.sort_unstable_by(f64::total_cmp);
        let n = sorted.len() as f64;
        let (low, high) = (sorted[0], sorted[sorted.len() - 1]);
        let mean = sorted.iter().map(|x| x / n).sum::<f64>();
        let square = sorted.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>();
        let deviation = (square / (n - 1.0).max(1.0)).sqrt();
        let range = (quantile(sorted, 0.75) - quantile(sorted, 0.25)) / 1.349;
        let scale = if range > 0.0 { deviation.min(range) } else { deviation };
        let distinct = 1 + sorted.windows(2).filter(|pair| pair[0] != pair[1]).count();
        Self { low, high, distinct, scale }
    }
}

/// Linear between the order statistics.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let at = share * (sorted.len() - 1) as f64;
    let (i, rest) = (at.floor() as usize, at.fract());
    let next = sorted[(i + 1).min(sorted.len() - 1)];
    sorted[i] + rest * (next - sorted[i])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quartiles_are_linear_between_order_statistics() {
        let spread = Spread::of([4.0, 1.0, 3.0, 2.0].into_iter(), &mut Vec::new());
        assert_eq!((spread.low, spread.high, spread.distinct), (1.0, 4.0, 4));
        // The quartiles are 1.75 and 3.25.
        assert!((spread.scale - 1.5 / 1.349).abs() < 1e-15);
        let tied = Spread::of([1.0, 1.0, 1.0, 1.0, 5.0].into_iter(), &mut Vec::new());
        assert!((tied.scale - 3.2f64.sqrt()).abs() < 1e-15);
        assert_eq!(tied.distinct, 2);
    }
}
