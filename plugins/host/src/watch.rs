//! The watchdog: a plugin's function in this process cannot be stopped, but a run whose time is up
//! need not wait for it.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use crate::calls::slots;
use crate::fault::Fault;

/// How long past the deadline one call may go on before it counts as stuck.
pub(crate) const GRACE: Duration = Duration::from_secs(2);

/// What such a function did.
pub(crate) const STUCK: &str = "did not return when the time limit was over";

/// Time between two looks.
const PERIOD: Duration = Duration::from_millis(50);

/// A watch over the calls in progress; it ends with this.
#[derive(Debug)]
pub struct Watch {
    _ends: Sender<()>,
}

/// From `deadline` on, looks whether some thread stays inside one call of a plugin for two seconds,
/// and tells the first that does so to `stuck`, on a thread of its own.
///
/// Errors: where no thread can be started.
pub fn watch(
    deadline: Instant,
    stuck: impl FnOnce(Fault) + Send + 'static,
) -> std::io::Result<Watch> {
    watch_within(deadline, GRACE, stuck)
}

fn watch_within(
    deadline: Instant,
    grace: Duration,
    stuck: impl FnOnce(Fault) + Send + 'static,
) -> std::io::Result<Watch> {
    let (ends, end) = channel();
    let over = move |time| end.recv_timeout(time) != Err(RecvTimeoutError::Timeout);
    std::thread::Builder::new().name("fenchel-watch".into()).spawn(move || {
        if over(deadline.saturating_duration_since(Instant::now())) {
            return;
        }
        let mut seen: Vec<Option<(u64, Instant)>> = vec![None; slots().len()];
        loop {
            for (slot, seen) in slots().iter().zip(&mut seen) {
                let Some((origin, call, returned)) = slot.inside() else {
                    *seen = None;
                    continue;
                };
                let since = match *seen {
                    Some((before, since)) if before == returned => since,
                    _ => Instant::now(),
                };
                *seen = Some((returned, since));
                if since.elapsed() >= grace {
                    return stuck(Fault {
                        plugin: origin.plugin.clone(),
                        call: call.0.into(),
                        what: STUCK.into(),
                    });
                }
            }
            if over(PERIOD) {
                return;
            }
        }
    })?;
    Ok(Watch { _ends: ends })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calls::{Origin, PROX, VALUE, enter};

    fn origin(name: &str) -> &'static Origin {
        Box::leak(Box::new(Origin { plugin: name.into() }))
    }

    #[test]
    fn a_call_that_does_not_return_is_named() {
        let (tell, told) = channel();
        let stuck = origin("`stuck` (test 1.0)");
        std::thread::spawn(move || {
            let _inside = enter(stuck, &PROX);
            std::thread::sleep(Duration::from_secs(60));
        });
        let tell = move |fault| tell.send(fault).unwrap();
        let _watch = watch_within(Instant::now(), Duration::from_millis(150), tell).unwrap();
        let fault = told.recv_timeout(Duration::from_secs(20)).unwrap();
        assert_eq!(
            fault.to_string(),
            "plugin `stuck` (test 1.0): prox did not return when the time limit was over"
        );
    }

    #[test]
    fn a_watch_that_ends_tells_nothing() {
        let (tell, told) = channel::<Fault>();
        let busy = origin("busy");
        let watch = watch_within(Instant::now() + Duration::from_millis(20), Duration::ZERO, {
            move |fault| tell.send(fault).unwrap()
        });
        drop(watch.unwrap());
        let _inside = enter(busy, &VALUE);
        // The thread drops its sender when it ends.
        assert!(told.recv_timeout(Duration::from_secs(20)).is_err());
    }
}
