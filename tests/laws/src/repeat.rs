//! The same call again, and from several threads at once: what losses and penalties share.

use std::sync::Barrier;
use std::thread;

use crate::Violation;

/// Threads that call at once.
const THREADS: usize = 4;
/// Times that each of them does.
const ROUNDS: usize = 3;

/// What one function returned at one input.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    /// The function and its input.
    pub input: String,
    pub numbers: Vec<f64>,
}

impl Answer {
    pub(crate) fn new(input: String, numbers: Vec<f64>) -> Self {
        Self { input, numbers }
    }

    /// Bit by bit, but for the many NaNs.
    fn same(&self, other: &Self) -> bool {
        let same = |(a, b): (&f64, &f64)| a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan();
        self.numbers.len() == other.numbers.len()
            && self.numbers.iter().zip(&other.numbers).all(same)
    }
}

/// All answers are those of before, in the same order.
pub(crate) fn unchanged(
    law: &'static str,
    when: &str,
    before: &[Answer],
    now: &[Answer],
) -> Result<(), Violation> {
    for (before, now) in before.iter().zip(now) {
        if !before.same(now) {
            let expected = format!("{:?}, as before", before.numbers);
            let got = format!("{:?} {when}", now.numbers);
            return Err(Violation::new(law, &before.input, expected, got));
        }
    }
    if before.len() != now.len() {
        let (expected, got) = (format!("{} answers", before.len()), now.len().to_string());
        return Err(Violation::new(law, "all inputs", expected, got));
    }
    Ok(())
}

/// Several threads that ask at once get the answers that one thread got before.
pub(crate) fn in_threads(
    law: &'static str,
    ask: impl Fn() -> Vec<Answer> + Sync,
) -> Result<(), Violation> {
    let alone = ask();
    let start = Barrier::new(THREADS);
    let one = || {
        start.wait();
        (0..ROUNDS).try_for_each(|_| unchanged(law, "beside other threads", &alone, &ask()))
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(one)).collect();
        let all: Vec<_> = threads.into_iter().map(|thread| thread.join()).collect();
        all.into_iter().try_for_each(|result| match result {
            Ok(result) => result,
            Err(panic) => {
                Err(Violation::new(law, "some input", "no panic", crate::report::said(&*panic)))
            }
        })
    })
}
