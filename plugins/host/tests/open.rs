//! What is no plugin of this host is refused before any of its functions runs, by name.

mod support;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use fenchel_core::Kind;
use fenchel_plugin_host::{Faults, Image, open};
use support::{compile, load};

/// The error of a library of `entry.c` with these macros, without the file in front.
#[track_caller]
fn refused(defines: &[&str]) -> String {
    let Err(error) = load("entry", defines) else { panic!("{defines:?} is loaded") };
    let text = error.to_string();
    let (file, rest) = text.split_once(".so: ").expect("the file is named");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).canonicalize().unwrap();
    assert!(file.starts_with(&format!("plugin {}/entry-", folder.display())), "{text}");
    assert!(!text.contains("/proc/"), "{text}");
    rest.to_string()
}

#[test]
fn a_library_says_what_it_is_and_what_it_has() {
    let loaded = load("entry", &["FLAGS=FENCHEL_ABORTS"]).unwrap();
    let info = &loaded.library.info;
    assert_eq!((info.name.as_str(), info.version.as_str(), info.aborts), ("entry", "1.0", true));
    assert_eq!(info.sha256.len(), 64);
    let [penalty] = &loaded.library.types[..] else { panic!("one type") };
    assert_eq!((penalty.kind, penalty.card.name), (Kind::Penalty, "nothing"));
    assert!(!load("entry", &[]).unwrap().library.info.aborts);
}

#[test]
fn what_was_read_is_loaded_whatever_the_file_becomes() {
    let (good, other) = (compile("entry", &[]), compile("entry", &["NAME=\"other\""]));
    let image = Image::read(&good).unwrap();
    let digest = image.sha256().to_string();
    std::fs::rename(other, &good).unwrap();
    let faults = Faults::new(Arc::new(AtomicBool::new(false)));
    let library = open(image, &faults).unwrap();
    assert_eq!((library.info.name.as_str(), &library.info.sha256), ("entry", &digest));
    // And both can be loaded side by side.
    let library = open(Image::read(&good).unwrap(), &faults).unwrap();
    assert_eq!(library.info.name, "other");
    std::fs::remove_file(good).unwrap();
}

#[test]
fn a_text_file_is_no_library() {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("text.so");
    std::fs::write(&path, "name,value\n".repeat(100)).unwrap();
    let image = Image::read(&path).unwrap();
    let faults = Faults::new(Arc::new(AtomicBool::new(false)));
    let error = open(image, &faults).unwrap_err().to_string();
    assert!(
        error.ends_with("text.so: not a library that loads here: invalid ELF header"),
        "{error}"
    );
}

#[test]
fn a_library_without_the_entry_is_no_plugin() {
    let expected = "not a fenchel plugin: it exports no `fenchel_plugin_v1`";
    assert_eq!(refused(&["NO_ENTRY"]), expected);
}

#[test]
fn a_missing_symbol_is_found_when_the_library_is_loaded() {
    let error = refused(&["MISSING_SYMBOL"]);
    assert_eq!(error, "not a library that loads here: undefined symbol: nobody_has_this");
}

#[test]
fn another_magic_number_or_abi_is_refused() {
    assert_eq!(
        refused(&["MAGIC=0x12345678"]),
        "not a fenchel plugin: `fenchel_plugin_v1` has the magic number 0x12345678, expected \
         0x48434e46"
    );
    assert_eq!(
        refused(&["ABI=9"]),
        "speaks plugin ABI 9; this host speaks 1: rebuild it against this host's fenchel_plugin.h"
    );
}

#[test]
fn an_entry_that_is_too_small_or_unnamed_is_refused() {
    assert_eq!(
        refused(&["SIZE=sizeof(fenchel_plugin)-sizeof(void*)"]),
        "`fenchel_plugin_v1`: its `size` is 48, which ends before `loss`: expected at least 56"
    );
    assert!(refused(&["SIZE=24"]).contains("ends before `name`"));
    assert_eq!(refused(&["NAME=NULL"]), "`fenchel_plugin_v1`: `name` is NULL");
    assert_eq!(refused(&[r#"VERSION="\xff""#]), "`fenchel_plugin_v1`: `version` is not UTF-8");
}

#[test]
fn a_type_without_a_function_is_refused_and_the_function_named() {
    assert_eq!(refused(&["CREATE=NULL"]), "penalty type 0: `create` is NULL");
    assert_eq!(refused(&["CAPABILITY=NULL"]), "penalty type 0: `capability` is NULL");
    assert_eq!(
        refused(&["TYPE_SIZE=32"]),
        "penalty type 0: its `size` is 32, which ends before `value`"
    );
    assert_eq!(
        refused(&["TYPE_SIZE=4"]),
        "penalty type 0: its `size` is 4, which is less than `size` itself"
    );
    assert_eq!(refused(&["LOSS"]), "loss type 0: `fit`: `value` is NULL");
    assert_eq!(refused(&["LOSS", "FIT=NULL"]), "loss type 0: `fit` is NULL");
}

#[test]
fn a_card_that_cannot_be_shown_is_refused() {
    let card = |defines: &[&str]| refused(defines).replace("penalty type 0: `card`: ", "");
    assert_eq!(refused(&["CARD=NULL"]), "penalty type 0: `card` is NULL");
    assert_eq!(
        refused(&["CARD=(const fenchel_card *)((const char *)&card+1)"]),
        "penalty type 0: `card`: is at an address that is no multiple of 8"
    );
    assert_eq!(card(&["CARD_SIZE=16"]), "its `size` is 16, which ends before `summary`");
    assert_eq!(card(&["SOURCE=NULL"]), "`source` is NULL");
    assert_eq!(card(&[r#"SOURCE="\xc3(""#]), "`source` is not UTF-8");
    assert_eq!(
        card(&["CARD_NAME=\"Nothing At All\""]),
        "`name` is \"Nothing At All\": expected lower-case letters, digits and underscores, a \
         letter first"
    );
    assert_eq!(card(&["SCHEMA=\"[]\""]), "`schema` is not a JSON object");
    assert!(card(&["SCHEMA=\"lambda\""]).starts_with("`schema` is not JSON: "));
}

#[test]
fn two_types_of_one_name_and_lists_without_end_are_refused() {
    assert_eq!(refused(&["TYPES=2"]), "two penalty types are named \"nothing\"");
    assert_eq!(
        refused(&["ENDLESS"]),
        "`penalty` still returns a type at 4096: it has to return NULL from the end on"
    );
}
