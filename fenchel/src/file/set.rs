//! `--set KEY=VALUE`: values of the command line, written over those of the problem file.

use super::document::{Body, Document, Node, Source};
use super::keypath::{KeyPath, Step};
use super::toml_tree;
use crate::Error;

/// Writes one `--set` argument into the document. Tables on the way are created, list entries are
/// not.
///
/// Errors: no `=`, a malformed key, a value that is broken TOML, an index that does not exist, a
/// step into something that is neither table nor list.
pub(super) fn apply(document: &mut Document, argument: &str) -> Result<(), Error> {
    let source = Source { name: "--set".into(), text: argument.into() };
    let fail = |range: std::ops::Range<usize>, message: String| {
        Err(Error::input(message).at(source.place(range)))
    };
    let everything = 0..argument.len();
    let Some((key, value)) = argument.split_once('=') else {
        return fail(everything, "--set takes KEY=VALUE, and there is no `=`".into());
    };
    let key_range = 0..key.len();
    let path = match KeyPath::parse(key.trim()) {
        Ok(path) => path,
        Err(message) => return fail(key_range, format!("--set: {message}")),
    };
    let offset = key.len() + 1 + (value.len() - value.trim_start().len());
    if value.trim().is_empty() {
        return fail(everything, format!("--set: no value after `{key}=`"));
    }
    let number = document.add_source(source.clone());
    let mut leaf = toml_tree::parse_value(&source, number, offset)?;
    let mut mark = leaf.mark.clone();
    mark.range = key_range.clone();
    leaf.key = Some(mark.clone());

    let mut node = &mut document.root;
    let mut walked = KeyPath::default();
    for (i, step) in path.steps().iter().enumerate() {
        let last = i + 1 == path.steps().len();
        let kind = node.kind();
        let here = if i == 0 { "the problem file".to_string() } else { format!("`{walked}`") };
        node = match (step, &mut node.body) {
            (Step::Key(key), Body::Table(entries)) => {
                let at = entries.iter().position(|(name, _)| name == key).unwrap_or_else(|| {
                    let body = Body::Table(Vec::new());
                    let fresh = Node { mark: mark.clone(), key: Some(mark.clone()), body };
                    entries.push((key.clone(), fresh));
                    entries.len() - 1
                });
                walked = walked.key(key.clone());
                &mut entries[at].1
            }
            (Step::Index(index), Body::List(items)) => {
                let length = items.len();
                walked = walked.index(*index);
                match items.get_mut(*index) {
                    Some(item) => item,
                    None => {
                        return fail(
                            key_range,
                            format!("--set: {here} has {length} entries, counted from 0"),
                        );
                    }
                }
            }
            (Step::Key(key), _) => {
                return fail(key_range, format!("--set: {here} is {kind} and has no key `{key}`"));
            }
            (Step::Index(_), _) => {
                return fail(key_range, format!("--set: {here} is {kind}, not a list"));
            }
        };
        if last {
            *node = leaf;
            return Ok(());
        }
    }
    Ok(())
}
