//! A problem file as a tree that remembers where every key and value was written, so that an error
//! found much later, by a penalty or by the driver, can still point at line and column.
//!
//! Why not errors straight from the deserialiser: a table tagged by `type` is buffered before its
//! fields are read, and the position of the field is lost on the way. The *path* survives
//! (`serde_path_to_error`), and is looked up here.

use std::ops::Range;

use serde_json::{Map, Value};

use super::keypath::{KeyPath, Step};
use crate::error::{Error, Excerpt, Place};

/// A problem file, with the command line's `--set` values merged in.
#[derive(Debug, Clone)]
pub struct Document {
    /// The file itself, then the `--set` arguments in order.
    sources: Vec<Source>,
    pub(super) root: Node,
}

/// A text that values come from.
#[derive(Debug, Clone)]
pub(super) struct Source {
    /// As shown in messages.
    pub name: String,
    pub text: String,
}

/// A value and where it was written.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub mark: Mark,
    /// Where the key in front of it stands, if it has one.
    pub key: Option<Mark>,
    pub body: Body,
}

/// A range of bytes of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mark {
    pub source: usize,
    pub range: Range<usize>,
}

#[derive(Debug, Clone)]
pub(super) enum Body {
    /// Neither list nor table.
    Leaf(Value),
    List(Vec<Node>),
    Table(Vec<(String, Node)>),
}

impl Document {
    pub(super) fn new(source: Source, root: Node) -> Self {
        Self { sources: vec![source], root }
    }

    /// Adds a source and returns its number.
    pub(super) fn add_source(&mut self, source: Source) -> usize {
        self.sources.push(source);
        self.sources.len() - 1
    }

    /// The whole document as plain values.
    pub fn value(&self) -> Value {
        self.root.value()
    }

    /// The value at a path, if there is one.
    pub fn get(&self, path: &KeyPath) -> Option<Value> {
        let (node, complete) = self.find(path);
        complete.then(|| node.value())
    }

    /// Whether there is something at a path.
    pub fn contains(&self, path: &KeyPath) -> bool {
        self.find(path).1
    }

    /// The keys of the table at a path; none where there is no table.
    pub fn keys(&self, path: &KeyPath) -> Vec<&str> {
        match self.find(path) {
            (Node { body: Body::Table(entries), .. }, true) => {
                entries.iter().map(|(key, _)| key.as_str()).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The deepest node on the path that exists, and whether the path ends there.
    fn find(&self, path: &KeyPath) -> (&Node, bool) {
        let mut node = &self.root;
        for step in path.steps() {
            match node.child(step) {
                Some(child) => node = child,
                None => return (node, false),
            }
        }
        (node, true)
    }

    /// Where the value at a path was written; its nearest ancestor where there is none.
    pub fn locate(&self, path: &KeyPath) -> Place {
        let (node, complete) = self.find(path);
        // A missing key is reported at the table that lacks it, under the key of that table.
        let mark = if complete { &node.mark } else { node.key.as_ref().unwrap_or(&node.mark) };
        self.place(mark, path)
    }

    /// Where the key at the end of a path was written.
    pub fn locate_key(&self, path: &KeyPath) -> Place {
        let (node, _) = self.find(path);
        self.place(node.key.as_ref().unwrap_or(&node.mark), path)
    }

    /// The path to the first text equal to `text` at or below `path`.
    pub fn find_text(&self, path: &KeyPath, text: &str) -> Option<KeyPath> {
        let (node, complete) = self.find(path);
        if complete { node.find_text(path, text) } else { None }
    }

    fn place(&self, mark: &Mark, path: &KeyPath) -> Place {
        // The root stands for the whole file: a line of it would say nothing.
        if *mark == self.root.mark {
            let file = self.sources[0].name.clone();
            let path = Some(path.to_string()).filter(|path| !path.is_empty());
            return Place { file, path, ..Place::default() };
        }
        let mut place = self.sources[mark.source].place(mark.range.clone());
        place.path = Some(path.to_string());
        place
    }

    /// An error in the input, about the value at a path.
    pub fn error(&self, path: &KeyPath, message: impl Into<String>) -> Error {
        Error::input(message).at(self.locate(path))
    }
}

impl Source {
    /// The place of a range of bytes, with the line it begins on.
    pub fn place(&self, range: Range<usize>) -> Place {
        let start = floor_char(&self.text, range.start);
        let end = floor_char(&self.text, range.end).max(start);
        let before = &self.text[..start];
        let line_start = before.rfind('\n').map_or(0, |i| i + 1);
        let line_end = self.text[start..].find('\n').map_or(self.text.len(), |i| start + i);
        let column = self.text[line_start..start].chars().count();
        Place {
            file: self.name.clone(),
            line: Some(before.matches('\n').count() as u64 + 1),
            column: Some((column + 1).to_string()),
            path: None,
            excerpt: Some(Excerpt {
                text: self.text[line_start..line_end].trim_end_matches('\r').into(),
                start: column,
                width: self.text[start..end.min(line_end)].chars().count(),
            }),
        }
    }
}

/// The largest character boundary at or below `at`.
fn floor_char(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

impl Node {
    pub fn child(&self, step: &Step) -> Option<&Self> {
        match (step, &self.body) {
            (Step::Key(key), Body::Table(entries)) => {
                entries.iter().find(|(name, _)| name == key).map(|(_, node)| node)
            }
            (Step::Index(i), Body::List(items)) => items.get(*i),
            _ => None,
        }
    }

    /// The plain value, with `type` first in every table: a tagged table whose tag comes first is
    /// read without a buffer, and so keeps the path of what goes wrong inside it.
    pub fn value(&self) -> Value {
        match &self.body {
            Body::Leaf(value) => value.clone(),
            Body::List(items) => Value::Array(items.iter().map(Self::value).collect()),
            Body::Table(entries) => {
                let (tag, rest): (Vec<_>, Vec<_>) =
                    entries.iter().partition(|(key, _)| key == "type");
                let entries = tag.into_iter().chain(rest);
                Value::Object(entries.map(|(k, v)| (k.clone(), v.value())).collect::<Map<_, _>>())
            }
        }
    }

    /// What kind of thing this is, in words.
    pub fn kind(&self) -> &'static str {
        match &self.body {
            Body::Leaf(Value::Null) => "null",
            Body::Leaf(Value::Bool(_)) => "true or false",
            Body::Leaf(Value::Number(_)) => "a number",
            Body::Leaf(_) => "a text",
            Body::List(_) => "a list",
            Body::Table(_) => "a table",
        }
    }

    fn find_text(&self, path: &KeyPath, text: &str) -> Option<KeyPath> {
        match &self.body {
            Body::Leaf(Value::String(leaf)) => (leaf == text).then(|| path.clone()),
            Body::Leaf(_) => None,
            Body::List(items) => {
                items.iter().enumerate().find_map(|(i, item)| item.find_text(&path.index(i), text))
            }
            Body::Table(entries) => {
                entries.iter().find_map(|(key, node)| node.find_text(&path.key(key), text))
            }
        }
    }
}
