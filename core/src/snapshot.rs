//! A copy of parameters for later, of which most are zero at a sparse solution.

/// Numbers that are looked at together.
const CHUNK: usize = 64;

/// Numbers held by those that are not zero, or all where that takes less memory.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Snapshot {
    len: usize,
    /// Where the entries belong; empty where all are held.
    places: Vec<u32>,
    entries: Vec<f64>,
}

impl Snapshot {
    /// A copy of `values`.
    pub fn of(values: &[f64]) -> Self {
        let mut copy = Self::default();
        copy.take(values);
        copy
    }

    /// Becomes a copy of `values`.
    pub fn take(&mut self, values: &[f64]) {
        self.len = values.len();
        self.places.clear();
        self.entries.clear();
        // A place and its entry take one and a half times what an entry takes.
        let most = if u32::try_from(values.len()).is_ok() { values.len() / 2 } else { 0 };
        for (chunk, begin) in values.chunks(CHUNK).zip((0..).step_by(CHUNK)) {
            if all_zero(chunk) {
                continue;
            }
            if self.entries.len() + chunk.len() > most {
                self.places.clear();
                self.entries.clear();
                self.entries.extend_from_slice(values);
                return;
            }
            let nonzeros = (begin..).zip(chunk).filter(|(_, value)| **value != 0.0);
            nonzeros.for_each(|(place, value)| {
                self.places.push(place);
                self.entries.push(*value);
            });
        }
    }

    /// How many numbers there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The numbers.
    pub fn to_vec(&self) -> Vec<f64> {
        if self.holds_all() {
            return self.entries.clone();
        }
        let mut values = vec![0.0; self.len];
        self.scatter(&mut values);
        values
    }

    /// The numbers written over `values`.
    ///
    /// # Panics
    ///
    /// Where there are more or fewer `values`.
    pub fn write(&self, values: &mut [f64]) {
        assert_eq!(values.len(), self.len, "a snapshot has its own length");
        if self.holds_all() {
            return values.copy_from_slice(&self.entries);
        }
        values.fill(0.0);
        self.scatter(values);
    }

    fn scatter(&self, values: &mut [f64]) {
        for (&place, entry) in self.places.iter().zip(&self.entries) {
            values[place as usize] = *entry;
        }
    }

    /// Brings `values` half of the way back to the numbers; those that are there stay.
    ///
    /// # Panics
    ///
    /// Where there are more or fewer `values`.
    pub fn approach(&self, values: &mut [f64]) {
        assert_eq!(values.len(), self.len, "a snapshot has its own length");
        values.iter_mut().for_each(|value| *value *= 0.5);
        if self.holds_all() {
            values.iter_mut().zip(&self.entries).for_each(|(value, entry)| *value += 0.5 * entry);
        }
        for (&place, entry) in self.places.iter().zip(&self.entries) {
            values[place as usize] += 0.5 * entry;
        }
    }

    /// Whether these are the numbers, where zeros of either sign are one number.
    pub fn equals(&self, values: &[f64]) -> bool {
        if values.len() != self.len {
            return false;
        }
        if self.holds_all() {
            return self.entries == values;
        }
        let mut begin = 0;
        for (&place, entry) in self.places.iter().zip(&self.entries) {
            let place = place as usize;
            if values[place] != *entry || !all_zero(&values[begin..place]) {
                return false;
            }
            begin = place + 1;
        }
        all_zero(&values[begin..])
    }

    fn holds_all(&self) -> bool {
        self.places.is_empty() && !self.entries.is_empty()
    }
}

fn all_zero(values: &[f64]) -> bool {
    // Without branches inside of a chunk.
    values.chunks(CHUNK).all(|chunk| chunk.iter().fold(true, |zero, value| zero & (*value == 0.0)))
}

#[cfg(test)]
mod tests {
    use super::Snapshot;

    #[test]
    fn numbers_come_back_and_are_told_from_others() {
        let mut sparse = [0.0; 300];
        (sparse[0], sparse[70], sparse[71], sparse[90], sparse[299]) = (2.0, -0.0, 3.0, -1.0, 5.0);
        let dense = [1.0, 2.0, 0.0, 4.0, 5.0, 6.0, 0.0, 8.0];
        let mut copy = Snapshot::default();
        assert!(copy.is_empty() && copy.equals(&[]) && copy.to_vec().is_empty());
        for values in [&sparse[..], &dense, &sparse[..200], &sparse[1..], &[], &[f64::INFINITY; 3]]
        {
            copy.take(values);
            assert_eq!((copy.len(), copy.to_vec().as_slice()), (values.len(), values));
            assert!(copy.equals(values) && copy == Snapshot::of(values));
            for j in 0..values.len() {
                let mut other = values.to_vec();
                other[j] = 7.5;
                assert!(!copy.equals(&other), "{values:?} at {j}");
                copy.write(&mut other);
                assert_eq!(other, values);
            }
            if values.iter().all(|value| value.is_finite()) {
                let mut other: Vec<f64> = (0..values.len()).map(|j| j as f64 - 3.0).collect();
                let half = |(j, value): (usize, &f64)| value + 0.5 * (j as f64 - 3.0 - value);
                let expected: Vec<f64> = values.iter().enumerate().map(half).collect();
                copy.approach(&mut other);
                assert_eq!(other, expected);
                let mut same = values.to_vec();
                copy.approach(&mut same);
                assert_eq!(same, values);
            }
            assert!(!copy.equals(&[values, &[0.0]].concat()));
        }
        assert!(copy.places.is_empty(), "what is not zero is held without places");
        assert_eq!(Snapshot::of(&sparse).entries, [2.0, 3.0, -1.0, 5.0]);
    }

    #[test]
    fn what_is_not_a_number_equals_nothing() {
        let mut values = [0.0; 200];
        values[150] = f64::NAN;
        assert!(!Snapshot::of(&values).equals(&values));
        assert!(!Snapshot::of(&[f64::NAN; 4]).equals(&[f64::NAN; 4]));
    }
}
