//! Libraries in processes of their own: the same numbers, and crashes that the run survives.

use crate::bench::{
    PATH, assert_plugin_at_fault, bad, bad_rust, bench, compile, finished, fit, problem, result,
    rust, trust,
};

/// A result without what may differ between two runs of one problem.
fn comparable(mut result: serde_json::Value) -> serde_json::Value {
    let fields = result.as_object_mut().unwrap();
    fields.remove("seconds");
    fields.remove("plugins");
    fields["problem"].as_object_mut().unwrap().remove("plugins");
    result
}

#[test]
fn a_process_of_its_own_gives_the_same_bytes() {
    let bench = rust();
    for (loss, penalty) in
        [("quadratic", "asymmetric_l1"), ("log_cosh", "l1"), ("log_cosh", "asymmetric_l1")]
    {
        let text = problem(loss, penalty, &format!("{PATH}\n[cv]\nfolds = 2\n"));
        let results = [&[][..], &["--isolate"]].map(|options| {
            let run = fit(&bench, &text, options);
            assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
            comparable(result(&bench))
        });
        assert_eq!(results[0], results[1], "{loss} {penalty}");
    }
}

#[test]
fn the_problem_file_can_ask_for_it() {
    let bench = bench();
    compile(&bench, "p.so", "plugins/examples/twins/l1.c", &[]);
    trust(&bench, "p.so");
    bench.write(
        "p.toml",
        problem("quadratic", "l1_c", "[plugins]\nload = [\"p.so\"]\nisolate = true\n"),
    );
    let run = bench.run(&["fit", "p.toml", "-o", "r.json", "--quiet"]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    assert_eq!(result(&bench)["plugins"][0]["isolated"], true);
    let run = bench.run(&["check", "p.toml"]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
}

#[test]
fn a_run_survives_a_crash_and_says_what_happened() {
    for (name, penalty, word) in [
        ("segfault", "segfault", "SIGSEGV"),
        ("kill", "killer", "SIGKILL"),
        ("overrun", "overrunning", ""),
    ] {
        let bench = bad(name);
        // The overrun is in the prox of all coefficients, which descent does not ask for.
        let solver = if name == "overrun" { "[solver]\ntype = \"fista\"\n" } else { "" };
        let text = problem("quadratic", penalty, &format!("{solver}{PATH}"));
        let run = fit(&bench, &text, &["--isolate"]);
        assert_plugin_at_fault(&run, &["plugin", penalty, "prox", word]);
        assert_eq!(finished(&bench), 1, "{}", run.stderr);
    }
    // Before any point is finished there is nothing to keep.
    let bench = bad("abort");
    let run = fit(&bench, &problem("quadratic", "aborting", PATH), &["--isolate"]);
    assert_plugin_at_fault(&run, &["aborting", "value", "SIGABRT"]);
    assert!(!bench.path("r.json").exists());
}

#[test]
fn faults_are_found_as_in_this_process() {
    let bench = bad("nan");
    let run = fit(&bench, &problem("quadratic", "nan_prox", PATH), &["--isolate"]);
    assert_plugin_at_fault(&run, &["plugin `nan_prox` (nan_prox 1.0.0)", "prox", "NaN"]);
    assert_eq!(finished(&bench), 1);
    let bench = bad_rust();
    let run = fit(&bench, &problem("quadratic", "panic_in_prox", PATH), &["--isolate"]);
    assert_plugin_at_fault(&run, &["panic_in_prox", "went wrong"]);
    assert_eq!(finished(&bench), 1);
    let refused = problem("quadratic", "panic_in_prox", "").replace("lambda = 0.1", "lambda = -1");
    let run = fit(&bench, &refused, &["--isolate"]);
    assert_eq!(run.code, Some(2), "{}", run.stderr);
    assert!(run.stderr.contains("p.toml:10:"), "{}", run.stderr);
}

#[test]
fn the_server_is_nobodys_command() {
    let bench = bench();
    let run = bench.run(&["serve-plugin"]);
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("--isolate"), "{}", run.stderr);
    assert!(!bench.run(&["--help"]).stdout.contains("serve-plugin"));
}
