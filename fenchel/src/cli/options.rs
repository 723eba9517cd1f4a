//! Values of options, checked while the command line is read.

use std::time::Duration;

/// A number of threads: a whole number, at least 1.
pub(super) fn threads(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("at least one thread is needed".into()),
        Ok(threads) if threads > 4096 => Err("at most 4096".into()),
        Ok(threads) => Ok(threads),
        Err(_) => Err("expected a whole number, at least 1".into()),
    }
}

/// A number that counts from 1.
pub(super) fn number(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) | Err(_) => Err("expected a whole number, at least 1".into()),
        Ok(number) => Ok(number),
    }
}

/// A time in seconds, greater than 0.
pub(super) fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "expected a number of seconds".to_string())?;
    match Duration::try_from_secs_f64(seconds) {
        Ok(time) if !time.is_zero() => Ok(time),
        _ => Err("expected a number of seconds, greater than 0".into()),
    }
}
