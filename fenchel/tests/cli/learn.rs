//! What the command says of itself: check, list, describe, schema, help.

use std::collections::BTreeSet;

use serde_json::Value;

use super::common::Bench;
use super::{LASSO, bench};

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}: {text}"))
}

fn empty() -> Bench {
    Bench::new(&[])
}

#[test]
fn check_says_what_would_run() {
    let bench = bench(&format!("{LASSO}[path]\npoints = 12\n[cv]\nfolds = 4\n"));
    let run = bench.run(&["check", "p.toml"]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    for words in ["8 samples, 2 features", "because", "12 scales", "4 folds", "memory"] {
        assert!(run.stdout.contains(words), "no {words} in {}", run.stdout);
    }
    assert_eq!(bench.names(), ["d.csv", "p.toml"]);
}

#[test]
fn everything_listed_can_be_described() {
    let bench = empty();
    let listed = json(&bench.run(&["list", "--json"]).stdout);
    let listed = listed.as_array().unwrap();
    let names: BTreeSet<&str> = listed.iter().map(|e| e["name"].as_str().unwrap()).collect();
    for name in ["quadratic", "l1", "sum", "cd", "fista"] {
        assert!(names.contains(name), "{name} is not listed");
    }
    for entry in listed {
        let name =
            format!("{}:{}", entry["kind"].as_str().unwrap(), entry["name"].as_str().unwrap());
        let run = bench.run(&["describe", &name, "--json"]);
        assert_eq!(run.code, Some(0), "{name}: {}", run.stderr);
        let page = json(&run.stdout);
        assert_eq!(page["name"], entry["name"]);
        for key in ["summary", "formula", "source"] {
            assert!(!page[key].as_str().unwrap().is_empty(), "{name} has no {key}");
        }
        if entry["kind"] == "penalty" {
            assert!(page["convexity"].is_string(), "{name}: the example does not build");
        }
        if entry["kind"] != "solver" {
            assert!(!entry["capabilities"].as_array().unwrap().is_empty(), "{name}");
        }
        let text = bench.run(&["describe", &name]).stdout;
        assert!(text.contains("Formula") && text.contains("Example"), "{text}");
    }
}

#[test]
fn the_list_can_be_narrowed() {
    let run = empty().run(&["list", "losses"]);
    assert!(run.stdout.contains("quadratic") && !run.stdout.contains("elastic_net"));
}

#[test]
fn a_parameter_is_described_with_type_default_and_bounds() {
    let page = json(&empty().run(&["describe", "elastic_net", "--json"]).stdout);
    let parameters = page["parameters"].as_array().unwrap();
    let ratio = parameters.iter().find(|p| p["name"] == "l1_ratio").unwrap();
    assert_eq!(ratio["type"], "number");
    assert_eq!(ratio["bounds"], "at least 0, at most 1");
    assert!(ratio["summary"].as_str().unwrap().contains("lasso"));
}

#[test]
fn the_schema_is_closed_and_names_every_type() {
    let schema = json(&empty().run(&["schema"]).stdout);
    let mut references = Vec::new();
    walk(&schema, &mut |node| {
        if let Some(Value::String(reference)) = node.get("$ref") {
            references.push(reference.clone());
        }
    });
    for reference in &references {
        let pointer = reference.strip_prefix('#').expect("references stay in the document");
        assert!(schema.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
    let definitions = schema["$defs"].as_object().unwrap();
    for section in ["data", "model", "solver", "path", "cv", "plugins"] {
        assert_eq!(definitions[section]["additionalProperties"], false, "{section}");
    }
    for (kind, name) in [("loss", "quadratic"), ("penalty", "l1"), ("penalty", "sum")] {
        let own = &definitions[&format!("{kind}.{name}")];
        assert_eq!(own["properties"]["type"]["const"], name);
        assert_eq!(own["additionalProperties"], false);
        assert!(own["required"].as_array().unwrap().contains(&"type".into()));
        let reference = format!("#/$defs/{kind}.{name}");
        let any = definitions[kind]["oneOf"].as_array().unwrap();
        assert!(any.iter().any(|option| option["$ref"] == reference.as_str()));
    }
    let terms = &definitions["penalty.sum"]["properties"]["terms"];
    assert_eq!(terms["items"]["$ref"], "#/$defs/penalty");
}

fn walk(node: &Value, visit: &mut impl FnMut(&Value)) {
    visit(node);
    match node {
        Value::Object(table) => table.values().for_each(|v| walk(v, visit)),
        Value::Array(items) => items.iter().for_each(|v| walk(v, visit)),
        _ => {}
    }
}

#[test]
fn no_command_is_a_usage_error() {
    let run = empty().run(&[]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""));
    assert!(run.stderr.contains("Usage"), "{}", run.stderr);
}

#[test]
fn help_and_version_are_no_errors() {
    for args in [["--help"].as_slice(), &["--version"], &["fit", "--help"]] {
        let run = empty().run(args);
        assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
        assert!(run.stdout.contains("fenchel") || run.stdout.contains("--set"));
    }
}
