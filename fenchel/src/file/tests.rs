use std::fs;

use super::{KeyPath, Problem};
use crate::Error;

/// Reads a problem file of this name and text; `{...}` of [`LASSO`] and its like come from here.
fn load(name: &str, text: &str, sets: &[&str]) -> Result<Problem, Error> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, text).unwrap();
    let sets: Vec<String> = sets.iter().map(|s| (*s).to_string()).collect();
    Problem::load(&path, &sets)
}

/// `line:column` and the path of the error in a TOML file, with its message.
fn spot(text: &str, sets: &[&str]) -> (String, String, String) {
    whereabouts(load("p.toml", text, sets).unwrap_err())
}

fn whereabouts(error: Error) -> (String, String, String) {
    let place = error.place().unwrap();
    let line = place.line.map_or(String::new(), |l| l.to_string());
    let column = place.column.clone().unwrap_or_default();
    let path = place.path.clone().unwrap_or_default();
    (format!("{line}:{column}"), path, error.message().to_string())
}

const LASSO: &str = "\
[data]
file = \"d.csv\"
response = \"y\"

[loss]
type = \"quadratic\"

[penalty]
type = \"sum\"
terms = [
  { type = \"l1\", lambda = 0.1 },
  { type = \"l2\", lambda = 0.2 },
]
";

#[test]
fn a_good_file_is_read_with_its_defaults() {
    let problem = load("p.toml", LASSO, &[]).unwrap();
    assert_eq!(problem.solver.name, "auto");
    assert!(problem.model.intercept && problem.model.standardize);
    assert!(problem.path.is_none() && problem.cv.is_none());
    assert_eq!(problem.penalty.0["terms"][1]["lambda"], 0.2);
}

#[test]
fn without_a_penalty_there_is_none() {
    let text = &LASSO[..LASSO.find("[penalty]").unwrap()];
    assert_eq!(load("p.toml", text, &[]).unwrap().penalty.0["type"], "none");
}

#[test]
fn an_unknown_key_is_underlined_and_the_nearest_named() {
    let text = format!("{LASSO}[solver]\n  tolerance = 1\n");
    let (at, path, message) = spot(&text.replace("tolerance", "toll"), &[]);
    assert_eq!((at.as_str(), path.as_str()), ("15:3", "solver.toll"));
    assert!(message.starts_with("unknown field `toll`, expected"), "{message}");
    let error = load("p.toml", &text.replace("tolerance", "toll"), &[]).unwrap_err();
    assert!(error.to_string().contains("help: did you mean `tol`?"), "{error}");
}

#[test]
fn an_unknown_section_points_at_its_header() {
    let (at, path, message) = spot(&format!("{LASSO}[sover]\n"), &[]);
    assert_eq!((at.as_str(), path.as_str()), ("14:2", "sover"));
    assert!(message.starts_with("unknown section `sover`"), "{message}");
}

#[test]
fn a_wrong_type_points_at_the_value_in_plain_words() {
    let (at, path, message) = spot(&format!("{LASSO}[solver]\ntol = \"small\"\n"), &[]);
    assert_eq!((at.as_str(), path.as_str()), ("15:7", "solver.tol"));
    assert_eq!(message, "wrong type: the text \"small\", expected a number");
}

#[test]
fn bounds_are_checked_where_the_value_stands() {
    for (tail, at, words) in [
        ("[solver]\ntol = 0\n", "15:7", "`tol` must be greater than 0, got 0"),
        ("[solver]\nmax_iter = 0\n", "15:12", "`max_iter` must be at least 1"),
        ("[path]\npoints = 0\n", "15:10", "`points` must be at least 1"),
        ("[path]\nmin_ratio = 1.0\n", "15:13", "`min_ratio` must be between 0 and 1"),
        ("[path]\nmax = -1\n", "15:7", "`max` must be greater than 0"),
        ("[path]\nlambdas = [1, 2]\n", "15:15", "must decrease, but 2 follows 1"),
        ("[path]\nlambdas = [1, 0]\n", "15:15", "greater than 0, got 0"),
        ("[path]\nlambdas = []\n", "15:11", "a list of numbers"),
        ("[path]\nlambdas = [1]\npoints = 5\n", "16:1", "keep one"),
        ("[cv]\nfolds = 5\n", "14:2", "needs a section `[path]`"),
        ("[path]\n[cv]\nfolds = 1\n", "16:9", "`folds` must be at least 2"),
        ("[path]\n[cv]\nrule = \"max\"\n", "16:8", "unknown variant `max`"),
        ("[path]\npoints = -1\n", "15:10", "at least 0"),
        ("[path]\nmin_ratio = nan\n", "15:13", "finite, got `nan`"),
    ] {
        let (spot, _, message) = spot(&format!("{LASSO}{tail}"), &[]);
        assert_eq!(spot, at, "{tail}: {message}");
        assert!(message.contains(words), "{tail}: {message}");
    }
}

#[test]
fn plugins_are_wanted_where_the_file_names_them() {
    let problem = load("p.toml", &format!("{LASSO}[plugins]\nload = [\"a.so\"]\n"), &[]).unwrap();
    let wanted = crate::plugins::Wanted::of(&problem).unwrap();
    assert_eq!(wanted.len(), 1);
    assert_eq!(wanted[0].path, problem.base.join("a.so"));
    assert_eq!(wanted[0].place.line, Some(15));
}

#[test]
fn errors_of_core_are_found_again_in_the_file() {
    let problem = load("p.toml", LASSO, &[]).unwrap();
    let negative = fenchel_core::Error::parameter("lambda", "at least 0", -1).at("terms[1]");
    let (at, path, _) = whereabouts(problem.explain("penalty", &negative));
    assert_eq!((at.as_str(), path.as_str()), ("12:27", "penalty.terms[1].lambda"));

    let message = "unknown field `lambda`, expected `lamda`".to_string();
    let spec = fenchel_core::Error::Spec { message }.at("terms[0]");
    let (at, path, _) = whereabouts(problem.explain("penalty", &spec));
    assert_eq!((at.as_str(), path.as_str()), ("11:18", "penalty.terms[0].lambda"));

    let name = "l2".to_string();
    let unknown = fenchel_core::Error::Unknown { kind: "penalty", name, known: vec![] };
    let (at, path, _) = whereabouts(problem.explain("penalty", &unknown.at("terms[1]")));
    assert_eq!((at.as_str(), path.as_str()), ("12:12", "penalty.terms[1].type"));
}

#[test]
fn json_has_lines_and_columns_too() {
    let text = r#"{
  "data": { "file": "d.csv", "response": "y" },
  "loss": { "type": "quadratic" },
  "solver": { "type": "cd", "toll": [1, {"é": "\"}"}] }
}"#;
    let (at, path, _) = whereabouts(load("p.json", text, &[]).unwrap_err());
    assert_eq!((at.as_str(), path.as_str()), ("4:29", "solver.toll"));
    let problem = load(
        "p.json",
        &text.replace("toll", "type2").replace(", \"type2\": [1, {\"é\": \"\\\"}\"}]", ""),
        &[],
    )
    .unwrap();
    assert_eq!(
        problem.document.locate(&KeyPath::from("solver.type")).column.as_deref(),
        Some("23")
    );
    let (at, _, message) = whereabouts(load("p.json", "{\n  \"data\": 1,\n}", &[]).unwrap_err());
    assert_eq!(at, "3:1", "{message}");
    let (at, _, message) = whereabouts(load("p.json", "{\"a\": 1, \"a\": 2}", &[]).unwrap_err());
    assert_eq!((at.as_str(), message.as_str()), ("1:10", "duplicate key `a`"));
}

#[test]
fn set_values_replace_create_and_index() {
    let problem = load(
        "p.toml",
        LASSO,
        &[
            "penalty.terms[1].lambda=2",
            "solver.tol = 1e-3",
            "data.file=other.csv",
            "loss.type=huber",
        ],
    )
    .unwrap();
    assert_eq!(problem.penalty.0["terms"][1]["lambda"], 2);
    assert_eq!(problem.solver.tol, 1e-3);
    assert_eq!(problem.data.file, "other.csv");
    assert_eq!(problem.loss.0["type"], "huber");
}

#[test]
fn errors_in_set_values_point_into_the_argument() {
    for (argument, column, words) in [
        ("solver.tol", 1, "KEY=VALUE"),
        ("solver..tol=1", 1, "empty key"),
        ("solver.tol=", 1, "no value"),
        ("solver.tol=small", 12, "expected a number"),
        ("solver.toll=1", 1, "unknown field `toll`"),
        ("penalty.terms[7].lambda=1", 1, "has 2 entries"),
        ("penalty.terms.x=1", 1, "is a list and has no key `x`"),
        ("loss.type.x=1", 1, "is a text and has no key `x`"),
        ("path.lambdas=[1, 2]", 18, "must decrease"),
        ("path.lambdas=[1, 2", 19, ""),
        ("solver.tol=-inf", 12, "finite"),
    ] {
        let error = load("p.toml", LASSO, &[argument]).unwrap_err();
        let place = error.place().unwrap();
        assert_eq!(place.file, "--set", "{argument}: {error}");
        assert_eq!(place.column.as_deref(), Some(column.to_string().as_str()), "{error}");
        assert!(error.message().contains(words), "{error}");
    }
}

#[test]
fn files_that_cannot_be_read_are_named() {
    for (name, text, words) in [
        ("p.yaml", LASSO, "ends in .toml or .json, got .yaml"),
        ("p", LASSO, "no extension"),
        ("p.toml", " \n\t", "is empty"),
        ("p.toml", "# nothing\n", "no section `[data]`"),
        ("p.json", "[1]", "table of sections, got a list"),
    ] {
        let error = load(name, text, &[]).unwrap_err();
        assert!(error.message().contains(words), "{error}");
    }
    let error = load("p.toml", "[data]\nfile = 'a\n", &[]).unwrap_err();
    assert_eq!(error.place().unwrap().line, Some(2), "{error}");
}

#[test]
fn bytes_that_are_not_utf8_have_a_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.toml");
    fs::write(&path, b"[data]\nfile = \"\xff\"\n").unwrap();
    let (at, _, message) = whereabouts(Problem::load(&path, &[]).unwrap_err());
    assert_eq!((at.as_str(), message.as_str()), ("2:9", "not UTF-8: byte 0xff"));
}

#[test]
fn the_effective_problem_has_every_default() {
    let value =
        load("p.toml", &format!("{LASSO}[path]\nlambdas = [1.0]\n"), &[]).unwrap().effective();
    assert_eq!(value["solver"]["max_iter"], 100_000);
    assert_eq!(value["model"]["standardize"], true);
    assert_eq!(value["path"], serde_json::json!({ "lambdas": [1.0] }));
    assert!(value.get("cv").is_none());
}
