//! Partitions of the features into groups.

use std::sync::Arc;

use crate::Error;

/// A partition of `0 .. p` into groups. Cloning is cheap.
#[derive(Debug, Clone, PartialEq)]
pub struct Groups {
    features: usize,
    starts: Arc<[usize]>,
    members: Arc<[usize]>,
}

impl Groups {
    /// From lists of zero-based feature indices; members are kept in ascending order.
    ///
    /// Errors: [`Error::Data`] where a group is empty, a feature is out of range, stands in two
    /// groups, or in none. `name` tells how a feature is called in messages.
    pub fn new(
        features: usize,
        groups: &[Vec<usize>],
        name: impl Fn(usize) -> String,
    ) -> Result<Self, Error> {
        let mut owner = vec![usize::MAX; features];
        let (mut starts, mut members) = (vec![0], Vec::with_capacity(features));
        for (g, group) in groups.iter().enumerate() {
            if group.is_empty() {
                return Err(Error::Data(format!("group {} is empty", g + 1)));
            }
            let mut group = group.clone();
            group.sort_unstable();
            for &j in &group {
                if j >= features {
                    return Err(Error::Data(format!(
                        "group {} names feature {}, but there are {features} features",
                        g + 1,
                        j + 1
                    )));
                }
                if owner[j] != usize::MAX {
                    return Err(Error::Data(format!(
                        "groups overlap: feature \"{}\" is in group {} and in group {}",
                        name(j),
                        owner[j] + 1,
                        g + 1
                    )));
                }
                owner[j] = g;
            }
            members.extend(group);
            starts.push(members.len());
        }
        if let Some(j) = owner.iter().position(|&g| g == usize::MAX) {
            return Err(Error::Data(format!("feature \"{}\" is in no group", name(j))));
        }
        Ok(Self { features, starts: starts.into(), members: members.into() })
    }

    /// Consecutive groups of `size` features. Errors: unless `size` divides `features`.
    pub fn consecutive(features: usize, size: usize) -> Result<Self, Error> {
        if size == 0 || !features.is_multiple_of(size) {
            return Err(Error::parameter(
                "size",
                format!("a divisor of the number of features, {features}"),
                size,
            ));
        }
        Ok(Self {
            features,
            starts: (0..=features / size).map(|g| g * size).collect(),
            members: (0..features).collect(),
        })
    }

    /// One group a feature.
    pub fn singletons(features: usize) -> Self {
        Self { features, starts: (0..=features).collect(), members: (0..features).collect() }
    }

    /// Number of groups.
    pub fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// Whether there is no group.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of features, `p`.
    pub fn features(&self) -> usize {
        self.features
    }

    /// The features of group `g`, ascending.
    #[inline]
    pub fn members(&self, g: usize) -> &[usize] {
        &self.members[self.starts[g]..self.starts[g + 1]]
    }

    /// All members, group after group, and where each group's begin (with the end of the last).
    pub fn parts(&self) -> (&[usize], &[usize]) {
        (&self.members, &self.starts)
    }

    /// Size of the largest group.
    pub fn largest(&self) -> usize {
        (0..self.len()).map(|g| self.members(g).len()).max().unwrap_or(0)
    }

    /// Copies block `g` of `beta` (p x K) into `block` (`|g|` x K).
    #[inline]
    pub fn gather(&self, g: usize, beta: &[f64], block: &mut [f64]) {
        let members = self.members(g);
        let gather = |beta: &[f64], block: &mut [f64]| {
            block.iter_mut().zip(members).for_each(|(b, &j)| *b = beta[j]);
        };
        // The most frequent case, without the divisions of chunks.
        if beta.len() == self.features {
            return gather(beta, block);
        }
        let columns = beta.chunks(self.features).zip(block.chunks_mut(members.len()));
        columns.for_each(|(beta, block)| gather(beta, block));
    }

    /// Copies `block` (`|g|` x K) into block `g` of `beta` (p x K).
    #[inline]
    pub fn scatter(&self, g: usize, block: &[f64], beta: &mut [f64]) {
        let members = self.members(g);
        let scatter = |block: &[f64], beta: &mut [f64]| {
            block.iter().zip(members).for_each(|(b, &j)| beta[j] = *b);
        };
        if beta.len() == self.features {
            return scatter(block, beta);
        }
        let columns = beta.chunks_mut(self.features).zip(block.chunks(members.len()));
        columns.for_each(|(beta, block)| scatter(block, beta));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(j: usize) -> String {
        format!("x{}", j + 1)
    }

    #[test]
    fn a_partition_is_accepted_and_sorted() {
        let groups = Groups::new(4, &[vec![3, 0], vec![1, 2]], name).unwrap();
        assert_eq!(groups.members(0), [0, 3]);
        let mut block = [0.0; 4];
        groups.gather(0, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0], &mut block);
        assert_eq!(block, [1.0, 4.0, 5.0, 8.0]);
    }

    #[test]
    fn overlaps_gaps_and_strays_are_named() {
        let message = |g: &[Vec<usize>]| Groups::new(3, g, name).unwrap_err().to_string();
        assert!(message(&[vec![0, 1], vec![1, 2]]).contains("\"x2\" is in group 1 and in group 2"));
        assert!(message(&[vec![0, 1]]).contains("\"x3\" is in no group"));
        assert!(message(&[vec![0, 1, 7]]).contains("there are 3 features"));
        assert!(message(&[vec![0, 1, 2], vec![]]).contains("group 2 is empty"));
    }
}
