//! Messages: a row of words. Whoever writes and whoever reads agree on their order, as they are one
//! program; a reader still checks every length, because a broken plugin may write over anything.

/// A message that is not what it has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Garbled;

/// Where a message is written to.
pub(super) trait Sink {
    /// The next `words` words of the message.
    fn next(&mut self, words: usize) -> &mut [u64];

    fn word(&mut self, word: u64) {
        self.next(1)[0] = word;
    }
    fn size(&mut self, size: usize) {
        self.word(size as u64);
    }
    fn flag(&mut self, flag: bool) {
        self.word(u64::from(flag));
    }
    fn number(&mut self, x: f64) {
        self.word(x.to_bits());
    }
    /// A length and as many numbers.
    fn numbers(&mut self, numbers: &[f64]) {
        self.size(numbers.len());
        for (word, x) in self.next(numbers.len()).iter_mut().zip(numbers) {
            *word = x.to_bits();
        }
    }
    /// A length and as many sizes.
    fn sizes(&mut self, sizes: &[usize]) {
        self.size(sizes.len());
        for (word, size) in self.next(sizes.len()).iter_mut().zip(sizes) {
            *word = *size as u64;
        }
    }
    /// A length and as many small numbers, two a word.
    fn small(&mut self, numbers: &[u32]) {
        self.size(numbers.len());
        let words = self.next(numbers.len().div_ceil(2));
        for (word, pair) in words.iter_mut().zip(numbers.chunks(2)) {
            let high = pair.get(1).copied().unwrap_or(0);
            *word = u64::from(pair[0]) | u64::from(high) << 32;
        }
    }
    fn text(&mut self, text: &str) {
        self.size(text.len());
        let words = self.next(text.len().div_ceil(8));
        for (word, bytes) in words.iter_mut().zip(text.as_bytes().chunks(8)) {
            let mut whole = [0; 8];
            whole[..bytes.len()].copy_from_slice(bytes);
            *word = u64::from_le_bytes(whole);
        }
    }
    /// Whether there is one; what there is, is written by the caller.
    fn option<T>(&mut self, option: Option<T>, mut write: impl FnMut(&mut Self, T)) {
        self.flag(option.is_some());
        if let Some(it) = option {
            write(self, it);
        }
    }
    /// Numbers of which most may be 0, as coefficients are: those that are not, where that is
    /// shorter. (0 with a minus sign is not 0 here: what arrives is the same to the bit.)
    fn vector(&mut self, numbers: &[f64]) {
        let most = numbers.len() / 4;
        let stored = |x: &&f64| x.to_bits() != 0;
        let few = numbers.iter().filter(stored).take(most + 1).count();
        self.flag(few <= most);
        if few > most {
            return self.numbers(numbers);
        }
        self.size(numbers.len());
        self.size(few);
        let at = numbers.iter().enumerate().filter(|(_, x)| x.to_bits() != 0);
        for (pair, (i, x)) in self.next(2 * few).chunks_mut(2).zip(at) {
            pair[0] = i as u64;
            pair[1] = x.to_bits();
        }
    }
}

impl Sink for Vec<u64> {
    fn next(&mut self, words: usize) -> &mut [u64] {
        let start = self.len();
        self.resize(start + words, 0);
        &mut self[start..]
    }
}

/// A message that is read from its front.
#[derive(Debug, Default)]
pub(super) struct Reader<'a>(&'a mut [u64]);

impl<'a> Reader<'a> {
    pub fn new(words: &'a mut [u64]) -> Self {
        Self(words)
    }

    fn take(&mut self, words: usize) -> Result<&'a mut [u64], Garbled> {
        let all = std::mem::take(&mut self.0);
        let (taken, rest) = all.split_at_mut_checked(words).ok_or(Garbled)?;
        self.0 = rest;
        Ok(taken)
    }

    pub fn word(&mut self) -> Result<u64, Garbled> {
        Ok(self.take(1)?[0])
    }
    pub fn size(&mut self) -> Result<usize, Garbled> {
        usize::try_from(self.word()?).map_err(|_| Garbled)
    }
    pub fn flag(&mut self) -> Result<bool, Garbled> {
        match self.word()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Garbled),
        }
    }
    pub fn number(&mut self) -> Result<f64, Garbled> {
        Ok(f64::from_bits(self.word()?))
    }
    /// The numbers where they stand; what is written there is what the other side finds there.
    pub fn numbers(&mut self) -> Result<&'a mut [f64], Garbled> {
        let count = self.size()?;
        Ok(as_numbers(self.take(count)?))
    }
    pub fn sizes(&mut self) -> Result<Vec<usize>, Garbled> {
        let count = self.size()?;
        let words = self.take(count)?;
        words.iter().map(|word| usize::try_from(*word).map_err(|_| Garbled)).collect()
    }
    pub fn small(&mut self) -> Result<Vec<u32>, Garbled> {
        let count = self.size()?;
        let words = self.take(count.div_ceil(2))?;
        let mut out: Vec<u32> = words.iter().flat_map(|w| [*w as u32, (*w >> 32) as u32]).collect();
        out.truncate(count);
        Ok(out)
    }
    pub fn text(&mut self) -> Result<String, Garbled> {
        let bytes = self.size()?;
        let words = self.take(bytes.div_ceil(8))?;
        let mut out: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        out.truncate(bytes);
        String::from_utf8(out).map_err(|_| Garbled)
    }
    pub fn option<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, Garbled>,
    ) -> Result<Option<T>, Garbled> {
        if self.flag()? { Ok(Some(read(self)?)) } else { Ok(None) }
    }
    /// As many of something as the message says, with a bound on what is set aside beforehand.
    pub fn list<T>(
        &mut self,
        read: impl Fn(&mut Self) -> Result<T, Garbled>,
    ) -> Result<Vec<T>, Garbled> {
        let count = self.size()?;
        if count > self.0.len() {
            return Err(Garbled);
        }
        (0..count).map(|_| read(self)).collect()
    }
    /// What [`Sink::vector`] wrote: where it stands, or in `spread`.
    pub fn vector<'b>(&mut self, spread: &'b mut Spread) -> Result<&'b [f64], Garbled>
    where
        'a: 'b,
    {
        if !self.flag()? {
            return Ok(self.numbers()?);
        }
        let (length, stored) = (self.size()?, self.size()?);
        let pairs = self.take(stored.checked_mul(2).ok_or(Garbled)?)?;
        spread.fill(length, pairs.chunks(2).map(|pair| (pair[0] as usize, f64::from_bits(pair[1]))))
    }
}

/// A long vector of which few entries are set at a time.
#[derive(Debug, Default)]
pub(super) struct Spread {
    values: Vec<f64>,
    set: Vec<usize>,
}

impl Spread {
    /// All 0 but for `entries`.
    pub fn fill(
        &mut self,
        length: usize,
        entries: impl Iterator<Item = (usize, f64)>,
    ) -> Result<&[f64], Garbled> {
        for i in self.set.drain(..) {
            self.values[i] = 0.0;
        }
        if self.values.len() < length {
            self.values.resize(length, 0.0);
        }
        for (i, x) in entries {
            *self.values[..length].get_mut(i).ok_or(Garbled)? = x;
            self.set.push(i);
        }
        Ok(&self.values[..length])
    }
}

/// The same bits as numbers.
fn as_numbers(words: &mut [u64]) -> &mut [f64] {
    // SAFETY: of one size and alignment, every bit pattern is either, and the borrow is handed on.
    #[allow(unsafe_code)]
    unsafe {
        std::slice::from_raw_parts_mut(words.as_mut_ptr().cast(), words.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_to_the_bit() {
        let mut message = Vec::new();
        message.text("größer als 8");
        message.small(&[1, u32::MAX, 3]);
        message.sizes(&[7, 8]);
        message.numbers(&[-0.0, f64::NAN]);
        message.option(Some(2.5), |message, x| message.number(x));
        let mut reader = Reader::new(&mut message);
        assert_eq!(reader.text().unwrap(), "größer als 8");
        assert_eq!(reader.small().unwrap(), [1, u32::MAX, 3]);
        assert_eq!(reader.sizes().unwrap(), [7, 8]);
        let bits: Vec<u64> = reader.numbers().unwrap().iter().map(|x| x.to_bits()).collect();
        assert_eq!(bits, [(-0.0f64).to_bits(), f64::NAN.to_bits()]);
        assert_eq!(reader.option(Reader::number).unwrap(), Some(2.5));
        assert_eq!(reader.word(), Err(Garbled));
    }

    #[test]
    fn vectors_arrive_whole_whether_few_or_many_entries_are_set() {
        let mut spread = Spread::default();
        for set in [vec![], vec![0, 9], (0..10).collect::<Vec<_>>()] {
            let mut vector = vec![0.0; 10];
            set.iter().for_each(|&i| vector[i] = -0.0 - i as f64);
            let mut message = Vec::new();
            message.vector(&vector);
            let mut reader = Reader::new(&mut message);
            let read = reader.vector(&mut spread).unwrap();
            let bits = |v: &[f64]| v.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(read), bits(&vector));
        }
    }

    #[test]
    fn lengths_beyond_the_message_are_garbled() {
        let garbled = |read: fn(&mut Reader<'_>) -> bool| {
            for length in [3, u64::MAX, u64::MAX / 2] {
                let mut message = [length, 0, 0];
                assert!(read(&mut Reader::new(&mut message)));
            }
        };
        garbled(|r| r.numbers().is_err());
        garbled(|r| r.sizes().is_err());
        garbled(|r| r.text().is_err() || r.0.len() == 1);
        garbled(|r| r.list(Reader::word).is_err());
        let mut entry = [1, 2, 1, 5, 0];
        assert_eq!(Reader::new(&mut entry).vector(&mut Spread::default()), Err(Garbled));
    }
}
