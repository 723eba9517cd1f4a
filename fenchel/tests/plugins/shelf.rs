//! `list`, `describe` and `schema` show what trusted libraries would bring, and run none of them.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use super::common::Bench;
use super::{empty, in_c, in_cpp, in_rust, library, refused, said, said_json};

/// The entries of a list with this name.
fn named<'a>(list: &'a Value, name: &str) -> Vec<&'a Value> {
    list.as_array().expect("a list").iter().filter(|entry| entry["name"] == name).collect()
}

fn trust(bench: &Bench, library: &str) {
    said(bench, &["plugin", "trust", library]);
}

#[test]
fn types_of_trusted_libraries_are_shown_and_none_of_their_code_runs() {
    let bench = empty();
    let library = library(&bench, "initialiser");
    let run = |args: &[&str]| {
        let output = bench.command(args).env("FENCHEL_TEST_MARK", bench.path("mark")).output();
        let output = output.unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && stderr.is_empty(), "{args:?}: {stderr}");
        (String::from_utf8(output.stdout).unwrap(), fs::remove_file(bench.path("mark")).is_ok())
    };
    let (_, ran) = run(&["plugin", "trust", &library]);
    assert!(ran, "trusting asks the library for its types");
    let pins = said_json(&bench, &["list", "plugins", "--json"]);
    let short = format!("initialiser 1.0.0 {}", &pins[0]["sha256"].as_str().unwrap()[..12]);
    for args in [
        ["list"].as_slice(),
        &["list", "penalties"],
        &["list", "plugins"],
        &["plugin", "list"],
        &["describe", "initialiser"],
        &["schema"],
    ] {
        let (stdout, ran) = run(args);
        assert!(!ran, "{args:?} ran the library");
        assert!(stdout.contains(&short), "no {short} in {stdout}");
    }
    let (stdout, ran) = run(&["list", "penalties", "--plugin", &library]);
    assert!(ran && stdout.contains(&short), "{stdout}");
}

#[test]
fn what_is_pinned_is_what_the_loaded_library_says() {
    let bench = empty();
    let (c, cpp) = (in_c(&bench), in_cpp(&bench));
    let rust = in_rust(&bench, "fenchel_example_rust");
    for (library, types) in [
        (&c, ["penalty:berhu", "loss:expectile"].as_slice()),
        (&cpp, &["penalty:group_linf"]),
        (&rust, &["penalty:asymmetric_l1", "penalty:exclusive_lasso", "loss:log_cosh"]),
    ] {
        trust(&bench, library);
        for name in types {
            let pinned = said_json(&bench, &["describe", name, "--json"]);
            let loaded = said_json(&bench, &["describe", name, "--json", "--plugin", library]);
            assert_eq!(pinned, loaded);
            assert!(!pinned["capabilities"].as_array().unwrap().is_empty(), "{name}");
            let path = fs::canonicalize(bench.path(library)).unwrap();
            assert_eq!(pinned["plugin"]["path"], path.to_str().unwrap());
            let problem = pinned["problem"].as_str().unwrap();
            assert!(problem.contains(&format!("load = [\"{}\"]", path.display())), "{problem}");
        }
    }
    let list = said_json(&bench, &["list", "--json"]);
    assert_eq!(named(&list, "l1")[0]["source"], Value::Null);
    assert_eq!(named(&list, "berhu")[0]["source"]["sha256"].as_str().unwrap().len(), 64);
    let schema = said_json(&bench, &["schema"]);
    let options = schema["$defs"]["penalty"]["oneOf"].as_array().unwrap();
    assert!(options.iter().any(|option| option["$ref"] == "#/$defs/penalty.group_linf"));
    let delta = &schema["$defs"]["penalty.berhu"]["properties"]["delta"];
    assert_eq!(delta["exclusiveMinimum"], 0.0);
    assert!(schema["$defs"]["penalty.l1"].get("$comment").is_none());
}

#[test]
fn types_of_one_name_are_all_shown_with_where_they_are_from() {
    let bench = empty();
    let (a, b) = (library(&bench, "clash_a"), library(&bench, "clash_b"));
    trust(&bench, &a);
    trust(&bench, &b);
    let list = said_json(&bench, &["list", "penalties", "--json"]);
    let origins: Vec<&str> = named(&list, "clash")
        .iter()
        .map(|entry| entry["source"]["library"].as_str().unwrap())
        .collect();
    assert_eq!(origins, ["clash-a", "clash-b"]);
    let text = said(&bench, &["describe", "clash"]);
    assert!(text.contains("clash-a 1.0.0") && text.contains("clash-b 1.0.0"), "{text}");
    let schema = said_json(&bench, &["schema"]);
    assert_eq!(schema["$defs"]["penalty.clash"]["anyOf"].as_array().unwrap().len(), 2);
    let both = ["list", "--plugin", a.as_str(), "--plugin", b.as_str()];
    refused(&bench, &both, 3, &["clash-a", "clash-b", "\"clash\""]);
}

#[test]
fn a_type_with_the_name_of_a_built_in_one_is_never_pinned() {
    let bench = empty();
    let library = library(&bench, "shadow");
    let words = ["shadow", "\"l1\"", "a built-in penalty"];
    refused(&bench, &["plugin", "trust", &library], 3, &words);
    assert_eq!(said_json(&bench, &["list", "plugins", "--json"]), Value::Array(Vec::new()));
    assert_eq!(named(&said_json(&bench, &["list", "--json"]), "l1").len(), 1);
}

#[test]
fn what_became_of_a_trusted_file_is_said() {
    let bench = empty();
    let library = library(&bench, "clash_a");
    trust(&bench, &library);
    let file = |expected: &str| {
        let list = said_json(&bench, &["list", "plugins", "--json"]);
        let [only] = list.as_array().unwrap().as_slice() else { panic!("{list}") };
        assert_eq!(only["file"], expected);
        assert_eq!((&only["name"], &only["version"]), (&"clash-a".into(), &"1.0.0".into()));
        assert_eq!(only["types"][0]["name"], "clash");
        assert!(only["date"].as_str().unwrap().ends_with('Z'));
        let text = said(&bench, &["plugin", "list"]);
        assert!(text.contains(expected) && text.contains(&library), "{text}");
        assert_eq!(said_json(&bench, &["plugin", "list", "--json"]), list);
    };
    file("unchanged");
    let mut bytes = fs::read(bench.path(&library)).unwrap();
    bytes.push(0);
    bench.write(&library, &bytes);
    file("changed");
    let shown = said(&bench, &["describe", "clash"]);
    assert!(shown.contains("clash-a 1.0.0"), "{shown}");
    refused(&bench, &["list", "--plugin", &library], 3, &["has changed since it was trusted"]);
    fs::remove_file(bench.path(&library)).unwrap();
    file("missing");
    fs::create_dir(bench.path(&library)).unwrap();
    file("unreadable");
}

#[test]
fn a_library_that_is_not_trusted_is_not_loaded_to_be_listed() {
    let bench = empty();
    let library = library(&bench, "initialiser");
    for args in [
        ["list", "--plugin", library.as_str()].as_slice(),
        &["list", "plugins", "--plugin", &library],
        &["describe", "initialiser", "--plugin", &library],
        &["schema", "--plugin", &library],
    ] {
        let mark = bench.path("mark");
        let output = bench.command(args).env("FENCHEL_TEST_MARK", &mark).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), mark.exists()), (Some(3), false), "{stderr}");
        assert!(stderr.contains("is not trusted"), "{stderr}");
    }
    refused(&bench, &["describe", "initialiser"], 2, &["unknown name \"initialiser\""]);
}

#[test]
fn a_trust_file_that_is_not_believed_hides_plugins_and_nothing_else() {
    let bench = empty();
    let library = library(&bench, "clash_a");
    trust(&bench, &library);
    let file = bench.path("config/fenchel/trusted.json");
    let spoil: [fn(&std::path::Path); 2] = [
        |file| fs::set_permissions(file, Permissions::from_mode(0o666)).unwrap(),
        |file| {
            fs::set_permissions(file, Permissions::from_mode(0o600)).unwrap();
            fs::write(file, "{").unwrap();
        },
    ];
    for spoil in spoil {
        spoil(&file);
        for args in [["list"].as_slice(), &["list", "--json"], &["describe", "l1"], &["schema"]] {
            let run = bench.run(args);
            assert_eq!(run.code, Some(0), "{args:?}");
            assert!(run.stdout.contains("l1") && !run.stdout.contains("clash"), "{}", run.stdout);
            let warning = run.stderr.starts_with("warning: the trust file");
            assert!(warning && run.stderr.contains("help: "), "{}", run.stderr);
        }
        refused(&bench, &["list", "plugins"], 3, &["error: the trust file"]);
        refused(&bench, &["plugin", "untrust", &library], 3, &["error: the trust file"]);
        refused(&bench, &["list", "--plugin", &library], 3, &["error: the trust file"]);
    }
}
