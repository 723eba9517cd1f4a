use std::fmt::Write;

use serde_json::Value;

use super::common::Bench;
use super::{LASSO, bench};

const NETWORK: &str = "\
[data]
file = \"d.csv\"
response = \"ring\"

[loss]
type = \"mlp\"
hidden = [8]
seed = 2

[penalty]
type = \"sum\"
[[penalty.terms]]
type = \"on\"
features = [\"layer1\"]
penalty = { type = \"group_sef\", k = 2, lambda = 0.005, groups = { units = \"outgoing\" } }
[[penalty.terms]]
type = \"on\"
features = [\"layer2\"]
penalty = { type = \"group_lasso\", lambda = 0.001, groups = { units = \"outgoing\" } }

[solver]
epochs = 60
batch = 16
step = 0.5
seed = 7
tol = 1e-3
";

/// A disc inside a ring, which no line separates, and two columns of noise.
fn rings() -> Bench {
    let mut state = 99u64;
    let mut uniform = || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 11) as f64 / (1u64 << 53) as f64
    };
    let mut text = "x,y,u,v,ring\n".to_string();
    for i in 0..240 {
        let (name, radius) = if i % 2 == 0 { ("inner", 1.0) } else { ("outer", 3.0) };
        let (angle, radius) = (std::f64::consts::TAU * uniform(), radius * (0.6 + 0.4 * uniform()));
        let (x, y) = (10.0 + radius * angle.cos(), 5.0 + 100.0 * radius * angle.sin());
        writeln!(text, "{x},{y},{},{},{name}", uniform(), uniform()).unwrap();
    }
    Bench::new(&[("p.toml", NETWORK.as_bytes()), ("d.csv", text.as_bytes())])
}

#[test]
fn a_network_tells_a_disc_from_a_ring_and_predicts() {
    let bench = rings();
    let run = bench.run(&["fit", "p.toml", "-o", "r.json"]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{}", run.stdout);
    assert!(run.stdout.contains("active, layer by layer to 2"), "{}", run.stdout);
    let result: Value = serde_json::from_str(&bench.read("r.json")).unwrap();
    assert_eq!((&result["status"], &result["solver"]), (&"converged".into(), &"prox_sgd".into()));
    assert_eq!(result["data"]["features"], 4);
    assert_eq!(result["coefficients"]["shape"], serde_json::json!([48, 1]));
    assert_eq!(result["intercept"].as_array().unwrap().len(), 10);
    assert_eq!(result["extra"]["units"], serde_json::json!([4.0, 8.0, 2.0]));

    let run = bench.run(&["predict", "r.json", "d.csv", "--kind", "class"]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    let data = bench.read("d.csv");
    let truth = data.lines().skip(1).map(|line| line.rsplit(',').next().unwrap());
    let right = run.stdout.lines().skip(1).zip(truth).filter(|(said, truth)| said == truth).count();
    assert!(right >= 230, "{right} of 240");

    let probabilities = bench.run(&["predict", "r.json", "d.csv"]);
    assert!(probabilities.stdout.starts_with("inner,outer\n"), "{}", probabilities.stdout);
    let again = bench.run(&["fit", "p.toml", "-o", "s.json"]);
    assert_eq!(again.code, Some(0));
    let mut twice: Value = serde_json::from_str(&bench.read("s.json")).unwrap();
    twice["seconds"] = result["seconds"].clone();
    assert_eq!(twice, result);
}

#[test]
fn without_output_the_weights_have_the_names_of_what_they_connect() {
    let run = rings().run(&["fit", "p.toml"]);
    assert!(run.stdout.contains("layer1.x.") && run.stdout.contains("layer2."), "{}", run.stdout);
    assert!(!run.stdout.contains("(intercept)"), "{}", run.stdout);
}

#[test]
fn every_point_of_a_path_and_every_fold_is_a_fit_of_its_own() {
    let bench = rings();
    let path = "[path]\nlambdas = [30.0, 1.0]\n[cv]\nfolds = 2\nmetric = \"error\"\n";
    let problem = format!("{}{path}", NETWORK.replace("tol = 1e-3", "tol = 1e-2"));
    let bench = {
        let data = bench.read("d.csv");
        Bench::new(&[("p.toml", problem.as_bytes()), ("d.csv", data.as_bytes())])
    };
    let run = bench.run(&["fit", "p.toml", "-o", "r.json"]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{}", run.stdout);
    let result: Value = serde_json::from_str(&bench.read("r.json")).unwrap();
    let nonzeros = |i: usize| result["path"][i]["nonzeros"].as_u64().unwrap();
    assert!(nonzeros(0) < nonzeros(1), "{} {}", nonzeros(0), nonzeros(1));
    let mean = |i: usize| result["cv"]["mean"][i].as_f64().unwrap();
    assert!(mean(1) < 0.15 && mean(0) > mean(1), "{:?}", result["cv"]);
    assert_eq!(result["cv"]["lambda"], 1.0);
}

#[test]
fn what_only_a_network_or_a_stochastic_solver_knows_is_refused_elsewhere() {
    let problem = format!("{LASSO}\n[solver]\ntype = \"fista\"\nepochs = 3\n");
    let run = bench(&problem).run(&["fit", "p.toml"]);
    assert_eq!(run.code, Some(2));
    assert!(
        run.stderr.contains("takes no `epochs`: it is an option of prox_sgd"),
        "{}",
        run.stderr
    );
    assert!(run.stderr.contains("p.toml:14:"), "{}", run.stderr);

    let units = LASSO.replace("\"l1\"", "\"group_lasso\"\ngroups = { units = \"incoming\" }");
    let run = bench(&units).run(&["fit", "p.toml"]);
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("the coefficients here are no such weights"), "{}", run.stderr);

    for (key, value, must) in [
        ("batch", "0", "at least 1"),
        ("momentum", "1.0", "at least 0 and less than 1"),
        ("step", "-1", "greater than 0"),
    ] {
        let problem = format!("{LASSO}\n[solver]\ntype = \"prox_sgd\"\n{key} = {value}\n");
        let run = bench(&problem).run(&["fit", "p.toml"]);
        assert_eq!(run.code, Some(2), "{key}");
        assert!(run.stderr.contains(must), "{}", run.stderr);
    }
}

#[test]
fn a_linear_model_is_solved_to_the_same_optimum_as_by_descent() {
    let problem = format!("{LASSO}\n[solver]\ntype = \"prox_sgd\"\nepochs = 5\nbatch = 3\n");
    let bench = Bench::new(&[
        ("p.toml", problem.as_bytes()),
        ("q.toml", LASSO.as_bytes()),
        ("d.csv", super::DATA.as_bytes()),
    ]);
    let objective = |problem: &str| {
        let run = bench.run(&["fit", problem, "-o", "r.json"]);
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        let result: Value = serde_json::from_str(&bench.read("r.json")).unwrap();
        (result["objective"].as_f64().unwrap(), result["problem"]["solver"].clone())
    };
    let ((ours, solver), (descent, _)) = (objective("p.toml"), objective("q.toml"));
    assert!((ours - descent).abs() < 1e-6);
    // The result says what was not asked for, but the step, which is found by trial.
    let expected = serde_json::json!({ "epochs": 5, "batch": 3, "momentum": 0.9, "seed": 0 });
    for (key, value) in expected.as_object().unwrap() {
        assert_eq!(&solver[key], value, "{key}");
    }
    assert!(solver.get("step").is_none());
}
