//! Functions that never come back, with a time limit: the run ends all the same.

use crate::bench::{
    PATH, assert_plugin_at_fault, bad, bad_rust, finished, fit, problem, result, rust,
};

const LIMIT: [&str; 2] = ["--time-limit", "0.3"];

#[test]
fn an_endless_prox_ends_with_the_finished_points() {
    for options in [&[][..], &["--isolate"]] {
        let bench = bad("loop_in_sweep");
        let options = [&LIMIT, options].concat();
        let run = fit(&bench, &problem("quadratic", "looping_sweep", PATH), &options);
        assert_plugin_at_fault(&run, &["plugin `looping_sweep`", "did not return", "time limit"]);
        assert_eq!(finished(&bench), 1);
        let status = &result(&bench)["status"];
        assert!(status == "time_limit" || status == "interrupted", "{status}");
    }
}

#[test]
fn an_endless_value_leaves_nothing_to_keep() {
    let bench = bad_rust();
    let run = fit(&bench, &problem("quadratic", "endless_value", ""), &LIMIT);
    assert_plugin_at_fault(&run, &["endless_value", "did not return"]);
    assert!(!bench.path("r.json").exists());
    let run = fit(&bench, &problem("endless_gradient", "l1", ""), &LIMIT);
    assert_plugin_at_fault(&run, &["endless_gradient", "did not return"]);
}

#[test]
fn a_fit_within_its_time_is_let_alone() {
    let bench = rust();
    let run = fit(&bench, &problem("quadratic", "asymmetric_l1", PATH), &["--time-limit", "60"]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    assert_eq!(finished(&bench), 3);
}
