//! Room for the numbers that a plugin writes, in which can be seen afterwards what it left out and
//! whether it wrote too many.

use std::cell::RefCell;

use crate::plugin::Entries;

/// A NaN that no arithmetic makes: what an entry holds before it is written.
pub(crate) const UNWRITTEN: f64 = f64::from_bits(0x7ff8_6665_6e63_6865);

/// Entries behind the end.
const BEYOND: usize = 8;

/// Buffers that a thread keeps; more are made where calls are nested deeper.
const KEPT: usize = 8;

thread_local! {
    static POOL: RefCell<Vec<Vec<f64>>> = const { RefCell::new(Vec::new()) };
}

/// A buffer of this thread, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Buffer(pub(crate) Vec<f64>);

impl Buffer {
    /// An empty one.
    pub(crate) fn new() -> Self {
        let kept = POOL.try_with(|pool| pool.borrow_mut().pop()).ok().flatten();
        let mut buffer = kept.unwrap_or_default();
        buffer.clear();
        Self(buffer)
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let buffer = std::mem::take(&mut self.0);
        // At the end of a thread there is no pool any more.
        let _ = POOL.try_with(|pool| {
            let mut pool = pool.borrow_mut();
            if pool.len() < KEPT {
                pool.push(buffer);
            }
        });
    }
}

/// Which numbers a function may return for finite input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Allowed {
    /// Finite ones.
    Finite,
    /// Finite ones and `+inf`.
    Value,
    /// At least 0, perhaps `+inf`.
    Distance,
    /// Between 0 and 1.
    Fraction,
    /// All but NaN.
    Number,
    /// NaN and what was not written as well.
    Everything,
}

impl Allowed {
    #[inline]
    pub(crate) fn takes(self, x: f64) -> bool {
        match self {
            Self::Finite => x.is_finite(),
            Self::Value => x > f64::NEG_INFINITY,
            Self::Distance => x >= 0.0,
            Self::Fraction => (0.0..=1.0).contains(&x),
            Self::Number => !x.is_nan(),
            Self::Everything => true,
        }
    }

    /// What would have been right, where that is not plain.
    pub(crate) fn expected(self) -> &'static str {
        match self {
            Self::Distance => ", expected at least 0",
            Self::Fraction => ", expected a number between 0 and 1",
            _ => "",
        }
    }
}

/// What is wrong with what was written.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Flaw {
    /// Something behind the end was written.
    Beyond(usize),
    /// An entry was not written.
    Unwritten(usize),
    /// An entry is not allowed.
    Number(usize, f64, Allowed),
}

impl Flaw {
    /// As a fault says it.
    pub(crate) fn text(self, Entries(entry, first): Entries) -> String {
        match self {
            Self::Beyond(length) => {
                format!("wrote beyond the end of its output, which has room for {length} numbers")
            }
            Self::Unwritten(i) => format!("left {entry} {} unwritten", first + i),
            Self::Number(i, x, allowed) => {
                format!("returned {x} for {entry} {}{}", first + i, allowed.expected())
            }
        }
    }
}

/// The numbers, and some room behind them.
#[derive(Debug)]
pub(crate) struct Output {
    buffer: Buffer,
    length: usize,
}

impl Output {
    /// Room for `length` numbers.
    pub(crate) fn new(length: usize) -> Self {
        let mut buffer = Buffer::new();
        buffer.0.resize(length + BEYOND, UNWRITTEN);
        Self { buffer, length }
    }

    /// Where they are written.
    pub(crate) fn as_mut_ptr(&mut self) -> *mut f64 {
        self.buffer.0.as_mut_ptr()
    }

    /// What was written.
    pub(crate) fn numbers(&self) -> &[f64] {
        &self.buffer.0[..self.length]
    }

    /// What is wrong with it. One pass without a branch where nothing is.
    pub(crate) fn flaw(&self, allowed: Allowed) -> Option<Flaw> {
        let (numbers, beyond) = self.buffer.0.split_at(self.length);
        let unwritten = |x: &f64| x.to_bits() == UNWRITTEN.to_bits();
        if !beyond.iter().all(unwritten) {
            return Some(Flaw::Beyond(self.length));
        }
        // The marker is a NaN, which is allowed only where everything is.
        if numbers.iter().fold(true, |fine, &x| fine & allowed.takes(x)) {
            return None;
        }
        if let Some(i) = numbers.iter().position(unwritten) {
            return Some(Flaw::Unwritten(i));
        }
        let i = numbers.iter().position(|&x| !allowed.takes(x))?;
        Some(Flaw::Number(i, numbers[i], allowed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flaw(allowed: Allowed, write: impl FnOnce(&mut [f64])) -> Option<String> {
        let mut output = Output::new(3);
        write(&mut output.buffer.0);
        output.flaw(allowed).map(|flaw| flaw.text(Entries("coefficient", 10)))
    }

    #[test]
    fn what_was_written_is_accepted() {
        let fine = |x: &mut [f64]| x[..3].copy_from_slice(&[1.0, -0.0, 2.0]);
        assert_eq!(flaw(Allowed::Finite, fine), None);
        assert_eq!(flaw(Allowed::Distance, fine), None);
        assert_eq!(flaw(Allowed::Value, |x| x[..3].fill(f64::INFINITY)), None);
    }

    #[test]
    fn flaws_are_told_apart() {
        let text =
            |allowed, x: &[f64]| flaw(allowed, |to| to[..x.len()].copy_from_slice(x)).unwrap();
        assert_eq!(text(Allowed::Finite, &[1.0, 2.0]), "left coefficient 12 unwritten");
        assert_eq!(text(Allowed::Finite, &[1.0, f64::NAN, 2.0]), "returned NaN for coefficient 11");
        assert_eq!(
            text(Allowed::Finite, &[f64::INFINITY, 1.0, 2.0]),
            "returned inf for coefficient 10"
        );
        assert_eq!(
            text(Allowed::Distance, &[1.0, 2.0, -0.5]),
            "returned -0.5 for coefficient 12, expected at least 0"
        );
        assert_eq!(
            text(Allowed::Finite, &[1.0, 2.0, 3.0, 4.0]),
            "wrote beyond the end of its output, which has room for 3 numbers"
        );
    }

    #[test]
    fn buffers_are_used_again() {
        let first = Output::new(1000).as_mut_ptr();
        assert_eq!(Output::new(900).as_mut_ptr(), first);
    }
}
