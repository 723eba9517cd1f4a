//! Answers that no child of this program gives.

use std::os::unix::net::UnixStream;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use crate::calls::{self, Origin};
use crate::fault::Faults;
use crate::isolate::channel::Channel;
use crate::isolate::child::{Called, Child};
use crate::isolate::memory::Memory;
use crate::isolate::process::Process;
use crate::isolate::protocol::Op;
use crate::isolate::words::Sink;

/// What is written down where a question for a number is answered with `answer`.
fn fault_after(answer: &[u64]) -> Option<String> {
    let memory = Memory::new().unwrap();
    let (ours, theirs) = UnixStream::pair().unwrap();
    let mut other =
        Channel::new(Memory::map(memory.file().try_clone().unwrap()).unwrap(), theirs).unwrap();
    let process = Process::of(Command::new("sleep").arg("1000").spawn().unwrap());
    let faults = Faults::new(Arc::default());
    let ours = Channel::new(memory, ours).unwrap();
    let child = Child::new(ours, process, faults.clone(), None).with_grace(Duration::ZERO);
    let origin = Origin { plugin: "`garbler` (test 1.0)".into() };
    std::thread::scope(|scope| {
        scope.spawn(|| {
            other.listen().unwrap();
            other.answer(answer).unwrap();
        });
        let called = Called::new(&origin, &calls::VALUE);
        child.ask(called, Op::Value, |to, _| to.word(0), |(), answer| answer.words.number());
    });
    faults.first().map(|fault| fault.to_string())
}

#[test]
fn what_is_no_answer_is_a_fault() {
    let done = [0, 0, 1.0f64.to_bits()];
    assert_eq!(fault_after(&done), None);
    let flag = [7, 0, 0];
    let status = [0, 99, 0];
    let short = [0, 0];
    let endless_text = [1, u64::MAX, 0, 0];
    let needs_what_is_not_there = [0, 4, 0];
    for answer in [&flag[..], &status, &short, &[], &endless_text, &needs_what_is_not_there] {
        assert_eq!(
            fault_after(answer).as_deref(),
            Some(
                "plugin `garbler` (test 1.0): value wrote over the memory that it shares with the \
                 host"
            ),
            "{answer:?}"
        );
    }
}
