//! Panics of an author's code, at every place where there may be one: a status and the message, and
//! nothing unwinds into the host.

#![allow(missing_docs, unsafe_code)]

mod common;

use common::{Loss, Penalty, Refusal, Space, call, numeric};
use fenchel_example_bad_rust::fenchel_plugin_v1 as PLUGIN;
use fenchel_plugin::abi;

fn create(name: &str) -> Result<Penalty, Refusal> {
    Penalty::create(&PLUGIN, name, r#"{"lambda":0.5}"#, &Space::new(&["a", "b"], 1))
}

#[track_caller]
fn panicked<T>(result: Result<T, Refusal>, message: &str) {
    let Err(refusal) = result else { panic!("it went well") };
    assert_eq!((refusal.status, refusal.message.as_str()), (abi::PANIC, message));
}

#[test]
fn a_panic_becomes_a_status_with_its_message() {
    panicked(create("panic_in_create"), "creating went wrong");
    let penalty = create("panic_in_value").unwrap();
    panicked(penalty.value(&[2.0, 0.0]), "the value of 2 went wrong");
    let penalty = create("panic_in_prox").unwrap();
    panicked(penalty.prox(&[2.0, 0.0], 1.0), "the prox of coefficient 0 went wrong");
    let penalty = create("panic_in_scaled").unwrap();
    panicked(penalty.scaled(2.0), "scaling by 2 went wrong");
}

#[test]
fn a_penalty_is_of_use_after_a_panic() {
    let penalty = create("panic_in_prox").unwrap();
    panicked(penalty.prox(&[2.0, 0.0], 1.0), "the prox of coefficient 0 went wrong");
    assert_eq!(penalty.value(&[2.0, -1.0]).unwrap(), 1.5);
}

#[test]
fn the_prox_of_one_coefficient_is_nan_where_it_panics_and_the_next_batch_says_why() {
    let penalty = create("panic_in_prox").unwrap();
    let part = penalty.capability::<abi::Separable>().unwrap();
    // SAFETY: a live object.
    assert!(unsafe { part.prox_at.unwrap()(penalty.raw, 1, 1.0, 1.0) }.is_nan());
    let (v, mut out) = ([1.0; 2], [0.0; 2]);
    // SAFETY: a live object and arrays of the length that is passed.
    let mut batch = || {
        call(|e| unsafe {
            let (v, steps) = (v.as_ptr(), v.as_ptr());
            part.proxes.unwrap()(penalty.raw, 0, 2, v, steps, out.as_mut_ptr(), e)
        })
    };
    panicked(batch(), "the prox of coefficient 1 went wrong");
    panicked(batch(), "the prox of coefficient 0 went wrong");
}

#[test]
fn dropping_does_not_unwind() {
    drop(create("panic_in_drop").unwrap());
    let scaled = create("panic_in_drop").unwrap().scaled(2.0).unwrap();
    assert_eq!(scaled.value(&[1.0, 0.0]).unwrap(), 1.0);
}

#[test]
fn losses_panic_in_statuses_too() {
    let samples = numeric(&[1.0, 2.0], 1, None);
    let loss = Loss::create(&PLUGIN, "panic_in_bind").unwrap();
    panicked(loss.bind(&samples), "binding went wrong");
    let fit = Loss::create(&PLUGIN, "panic_in_gradient").unwrap().bind(&samples).unwrap();
    panicked(fit.gradient(&[0.0, 0.0], &[]), "the gradient went wrong");
}
