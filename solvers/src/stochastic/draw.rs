//! Samples in random order, the same for the same seed.

/// Steele, Lea & Flood (2014), SplitMix.
#[derive(Debug, Clone, Default)]
pub(crate) struct Draw {
    state: u64,
    order: Vec<usize>,
}

impl Draw {
    pub fn new(seed: u64, samples: usize) -> Self {
        Self { state: seed, order: (0..samples).collect() }
    }

    /// All samples, in a new order.
    pub fn shuffled(&mut self) -> &[usize] {
        for i in (1..self.order.len()).rev() {
            let j = self.below(i as u64 + 1) as usize;
            self.order.swap(i, j);
        }
        &self.order
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `bound`, each as likely as any other but for one part in `2^64 / bound`.
    fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(bound)) >> 64) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::Draw;

    #[test]
    fn every_sample_comes_once_an_epoch_in_an_order_of_the_seed() {
        let mut draw = Draw::new(4, 50);
        let first = draw.shuffled().to_vec();
        let second = draw.shuffled().to_vec();
        assert_ne!(first, second);
        for mut order in [first.clone(), second] {
            order.sort_unstable();
            assert!(order.iter().enumerate().all(|(i, s)| i == *s));
        }
        assert_eq!(Draw::new(4, 50).shuffled(), first);
        assert_ne!(Draw::new(5, 50).shuffled(), first);
        assert!(Draw::new(1, 0).shuffled().is_empty());
    }
}
