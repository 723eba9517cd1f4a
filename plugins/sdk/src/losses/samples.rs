//! Responses and weights, copied out of the host's arrays.
#![allow(unsafe_code)]

use fenchel_core::{Response, Samples};
use fenchel_plugin_abi::{self as abi, Table};

use crate::boundary::{input, text};
use crate::report::Failure;

/// # Safety
/// `samples` is what the host passed to this call, as the header says.
pub(super) unsafe fn read(samples: *const abi::Samples) -> Result<Samples, Failure> {
    // SAFETY: the caller's promise, here and below: what is not NULL holds one entry a sample.
    let Some(host) = (unsafe { abi::Samples::read(samples) }) else {
        return Err(Failure::Broken("the host passed no samples".into()));
    };
    let n = host.samples;
    let response = unsafe {
        match host.kind {
            abi::NUMBER | abi::NUMBERS => Response::Numeric {
                values: input(host.values, n * host.columns).to_vec(),
                columns: host.columns,
            },
            abi::TWO_CLASSES | abi::CLASSES => Response::Classes {
                class: input(host.classes, n).to_vec(),
                labels: input(host.labels, host.class_count)
                    .iter()
                    .map(|label| text(*label))
                    .collect(),
            },
            abi::SURVIVAL => Response::Survival {
                time: input(host.time, n).to_vec(),
                event: input(host.event, n).iter().map(|event| *event != 0).collect(),
            },
            other => {
                let what = format!("the host passed responses of kind {other}, which is none");
                return Err(Failure::Broken(what));
            }
        }
    };
    let column = |numbers: *const f64| {
        // SAFETY: the caller's promise.
        (!numbers.is_null()).then(|| unsafe { input(numbers, n) }.to_vec())
    };
    let samples = Samples::new(response, column(host.weights))?;
    if host.subjects.is_null() {
        return Ok(samples);
    }
    // SAFETY: the caller's promise.
    Ok(samples.with_subject(unsafe { input(host.subjects, n) }.to_vec())?)
}
