//! `plugin untrust`: which library is meant, and that nothing loads it any more.

use std::fs;

use serde_json::Value;

use super::common::Bench;
use super::{empty, library, refused, said, said_json};

/// The names of the trusted libraries.
fn trusted(bench: &Bench) -> Vec<String> {
    let list = said_json(bench, &["list", "plugins", "--json"]);
    list.as_array().unwrap().iter().map(|pin| pin["name"].as_str().unwrap().into()).collect()
}

fn digest(bench: &Bench, library: &str) -> String {
    let list = said_json(bench, &["list", "plugins", "--json"]);
    let has = |pin: &&Value| pin["path"].as_str().unwrap().ends_with(library);
    list.as_array().unwrap().iter().find(has).unwrap()["sha256"].as_str().unwrap().into()
}

#[test]
fn a_library_is_named_by_its_file_its_name_or_its_digest() {
    let bench = empty();
    let (a, b) = (library(&bench, "clash_a"), library(&bench, "clash_b"));
    let trust = || {
        said(&bench, &["plugin", "trust", &a]);
        said(&bench, &["plugin", "trust", &b]);
    };
    trust();
    let digits = digest(&bench, &a);
    for which in [a.as_str(), "./libclash_a.so", "clash-a", &digits[..12], &digits] {
        let text = said(&bench, &["plugin", "untrust", which]);
        assert!(text.starts_with("untrusted  clash-a 1.0.0"), "{text}");
        assert_eq!(trusted(&bench), ["clash-b"]);
        refused(&bench, &["list", "--plugin", &a], 3, &["is not trusted"]);
        trust();
    }
    fs::remove_file(bench.path(&a)).unwrap();
    said(&bench, &["plugin", "untrust", &a]);
    assert_eq!(trusted(&bench), ["clash-b"]);
}

#[test]
fn bytes_are_forgotten_wherever_they_are() {
    let bench = empty();
    let first = library(&bench, "clash_a");
    fs::copy(bench.path(&first), bench.path("copy.so")).unwrap();
    fs::copy(bench.path(&first), bench.path("never.so")).unwrap();
    for library in [&first, "copy.so"] {
        said(&bench, &["plugin", "trust", library]);
    }
    assert_eq!(trusted(&bench).len(), 2);
    said(&bench, &["list", "--plugin", "never.so"]);
    let text = said(&bench, &["plugin", "untrust", "never.so"]);
    assert_eq!(text.lines().count(), 2, "{text}");
    assert!(trusted(&bench).is_empty());
}

#[test]
fn what_could_be_several_is_none() {
    let bench = empty();
    let (a, other) = (library(&bench, "clash_a"), "other.so");
    said(&bench, &["plugin", "trust", &a]);
    // The same library once more, with a byte at its end.
    let mut bytes = fs::read(bench.path(&a)).unwrap();
    bytes.push(0);
    bench.write(other, &bytes);
    said(&bench, &["plugin", "trust", other]);
    let (first, second) = (digest(&bench, &a), digest(&bench, other));
    let words = ["2 trusted plugins", &first[..12], &second[..12], &a, other, "help: "];
    refused(&bench, &["plugin", "untrust", "clash-a"], 2, &words);
    assert_eq!(trusted(&bench).len(), 2);
    said(&bench, &["plugin", "untrust", &second[..12]]);
    assert_eq!(trusted(&bench), ["clash-a"]);
}

#[test]
fn what_is_not_trusted_cannot_be_untrusted() {
    let bench = empty();
    let a = library(&bench, "clash_a");
    let words = ["no trusted plugin", "`fenchel plugin list`"];
    refused(&bench, &["plugin", "untrust", &a], 2, &words);
    said(&bench, &["plugin", "trust", &a]);
    refused(&bench, &["plugin", "untrust", "clash-b"], 2, &["did you mean `clash-a`?"]);
    // Too few digits, which every digest may begin with.
    refused(&bench, &["plugin", "untrust", &digest(&bench, &a)[..3]], 2, &["no trusted plugin"]);
    refused(&bench, &["plugin", "untrust", ""], 2, &["no trusted plugin"]);
    assert_eq!(trusted(&bench), ["clash-a"]);
}
