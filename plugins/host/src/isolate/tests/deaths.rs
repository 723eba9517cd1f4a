//! However the child ends, the parent says who did what in which function, and goes on.

use std::time::{Duration, Instant};

use fenchel_core::{Penalty, Space};

use super::Served;

/// What became of a child whose penalty does this in its prox.
fn fault_of(served: &Served, does: &str) -> String {
    let space = Space::numbered(3, 1);
    let table = format!(r#"{{"type": "flawed", "does": "{does}"}}"#);
    let flawed = served.penalty(&table, &space).unwrap();
    let mut out = [0.0; 3];
    let value = flawed.as_prox().unwrap().prox(&[1.0, 2.0, 3.0], 1.0, &mut out);
    assert!(value.is_nan() && out.iter().all(|x| x.is_nan()), "{value} {out:?}");
    let fault = served.fault().to_string();
    assert_answers_at_once(served, &*flawed);
    assert_eq!(served.fault().to_string(), fault, "what follows is a consequence");
    fault
}

fn assert_answers_at_once(served: &Served, flawed: &dyn Penalty) {
    let began = Instant::now();
    assert_eq!(flawed.value(&[1.0; 3]), f64::INFINITY);
    assert!(flawed.as_separable().unwrap().prox_at(0, 1.0, 1.0).is_nan());
    let scaled = flawed.scaled(0.5);
    assert_eq!(scaled.value(&[1.0; 3]), f64::INFINITY);
    let created = served.penalty(r#"{"type": "flawed"}"#, &Space::numbered(3, 1));
    let error = created.unwrap_err().to_string();
    assert!(error.contains("`flawed` (stock 1.0)"), "{error}");
    assert!(began.elapsed() < Duration::from_secs(1));
    assert!(!served.is_there(), "neither a process nor a zombie is left");
}

#[test]
fn a_segmentation_fault_is_told_with_the_function_that_it_happened_in() {
    // The prox of the whole was asked for; the child says that it was in `proxes`.
    assert_eq!(
        fault_of(&Served::start(), "segv"),
        "plugin `flawed` (stock 1.0): proxes crashed with SIGSEGV (signal 11)"
    );
}

#[test]
fn an_abort_is_told() {
    assert_eq!(
        fault_of(&Served::start(), "abort"),
        "plugin `flawed` (stock 1.0): proxes crashed with SIGABRT (signal 6)"
    );
}

#[test]
fn an_exit_is_told() {
    assert_eq!(
        fault_of(&Served::start(), "exit"),
        "plugin `flawed` (stock 1.0): prox ended the process with exit code 0"
    );
}

#[test]
fn a_kill_from_outside_is_told() {
    let served = Served::start();
    let id = served.id as libc::pid_t;
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(200));
        // SAFETY: a signal to our own child.
        #[allow(unsafe_code)]
        unsafe {
            libc::kill(id, libc::SIGKILL)
        }
    });
    assert_eq!(
        fault_of(&served, "sleep"),
        "plugin `flawed` (stock 1.0): prox was killed by SIGKILL (signal 9)"
    );
}

#[test]
fn a_loop_without_end_is_ended_with_the_time_limit() {
    for does in ["loop", "sleep"] {
        let deadline = Instant::now() + Duration::from_millis(700);
        let served = Served::start_until(Some(deadline), Duration::from_millis(200));
        assert_eq!(
            fault_of(&served, does),
            "plugin `flawed` (stock 1.0): prox did not return when the time limit was over"
        );
        assert!(Instant::now() >= deadline + Duration::from_millis(200));
    }
}

#[test]
fn calls_after_the_time_limit_are_answered_where_they_return() {
    let served = Served::start_until(Some(Instant::now()), Duration::from_secs(60));
    let space = Space::numbered(3, 1);
    let penalty = served.penalty(r#"{"type": "l1"}"#, &space).unwrap();
    assert_eq!(penalty.value(&[1.0, -2.0, 0.0]), 3.0);
}

#[test]
fn memory_that_was_written_over_is_a_fault() {
    let deadline = Instant::now() + Duration::from_millis(500);
    let served = Served::start_until(Some(deadline), Duration::from_millis(500));
    let space = Space::numbered(1, 1);
    let flawed = served.penalty(r#"{"type": "flawed", "does": "scribble"}"#, &space).unwrap();
    // Numbers may be wrong for a while, and turns be lost; what is no message is found out.
    while served.faults.first().is_none() {
        flawed.as_prox().unwrap().prox(&[1.0], 1.0, &mut [0.0]);
    }
    let fault = served.fault().to_string();
    assert!(fault.starts_with("plugin `flawed` (stock 1.0): prox"), "{fault}");
    let ends = [
        "wrote over the memory that it shares with the host",
        "ended the process with exit code 101",
        "did not return when the time limit was over",
    ];
    assert!(ends.iter().any(|end| fault.ends_with(end)), "{fault}");
    assert!(!served.is_there());
}

#[test]
fn a_crash_while_a_penalty_is_built_is_an_error_and_a_fault() {
    let served = Served::start();
    let table = r#"{"type": "flawed", "does": "crash in create"}"#;
    let error = served.penalty(table, &Space::numbered(3, 1)).unwrap_err().to_string();
    assert_eq!(error, served.fault().to_string());
    assert_eq!(error, "plugin `flawed` (stock 1.0): create crashed with SIGSEGV (signal 11)");
}

#[test]
fn a_panic_is_a_message_and_the_child_lives() {
    let served = Served::start();
    let space = Space::numbered(3, 1);
    let panics = served.penalty(r#"{"type": "flawed", "does": "panic"}"#, &space).unwrap();
    let mut out = [0.0; 3];
    assert!(panics.as_prox().unwrap().prox(&[1.0; 3], 1.0, &mut out).is_nan());
    assert_eq!(
        served.fault().to_string(),
        "plugin `flawed` (stock 1.0): prox panicked: out of proxes"
    );
    let l1 = served.penalty(r#"{"type": "l1"}"#, &space).unwrap();
    assert_eq!(l1.value(&[1.0, -2.0, 0.0]), 3.0);
}

#[test]
fn a_child_ends_with_its_library() {
    let Served { library, faults, id } = Served::start();
    let served = Served { library, faults: faults.clone(), id };
    assert!(served.is_there());
    drop(served);
    assert!(!std::path::Path::new(&format!("/proc/{id}")).exists());
    assert_eq!(faults.first(), None);
}
