//! JSON into a [`Node`] tree. `serde_json` judges the text; what it accepts is scanned once more
//! for the positions of keys and values, and for keys that occur twice.

use serde_json::Value;

use super::document::{Body, Mark, Node, Source};
use crate::Error;

/// Parses a whole file. Errors: a syntax error, a key that occurs twice.
pub(super) fn parse(source: &Source) -> Result<Node, Error> {
    if let Err(error) = serde_json::from_str::<Value>(&source.text) {
        let at = offset(&source.text, error.line(), error.column());
        let text = error.to_string();
        let message = text.split(" at line ").next().unwrap_or(&text);
        return Err(Error::input(format!("not valid JSON: {message}")).at(source.place(at..at + 1)));
    }
    Scanner { source, at: 0 }.node(None)
}

/// The byte offset of a line and column as serde_json counts them: from 1, columns in bytes.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    (start + column.saturating_sub(1)).min(text.len())
}

/// Walks through text that is known to be valid JSON.
struct Scanner<'a> {
    source: &'a Source,
    at: usize,
}

impl Scanner<'_> {
    fn peek(&self) -> u8 {
        self.source.text.as_bytes().get(self.at).copied().unwrap_or(b' ')
    }

    /// Skips white space and the separators, whose places are known to be right.
    fn skip(&mut self) {
        while self.at < self.source.text.len()
            && matches!(self.peek(), b' ' | b'\t' | b'\n' | b'\r' | b',' | b':')
        {
            self.at += 1;
        }
    }

    fn node(&mut self, key: Option<Mark>) -> Result<Node, Error> {
        self.skip();
        let start = self.at;
        let body = match self.peek() {
            b'{' => self.table()?,
            b'[' => self.list()?,
            _ => self.leaf(),
        };
        Ok(Node { mark: Mark { source: 0, range: start..self.at }, key, body })
    }

    fn table(&mut self) -> Result<Body, Error> {
        let mut entries: Vec<(String, Node)> = Vec::new();
        self.at += 1;
        loop {
            self.skip();
            if self.peek() == b'}' {
                self.at += 1;
                return Ok(Body::Table(entries));
            }
            let start = self.at;
            let key = match self.leaf() {
                Body::Leaf(Value::String(key)) => key,
                _ => unreachable!("serde_json accepts only texts as keys"),
            };
            let mark = Mark { source: 0, range: start..self.at };
            if entries.iter().any(|(name, _)| *name == key) {
                let place = self.source.place(mark.range);
                return Err(Error::input(format!("duplicate key `{key}`")).at(place));
            }
            let node = self.node(Some(mark))?;
            entries.push((key, node));
        }
    }

    fn list(&mut self) -> Result<Body, Error> {
        let mut items = Vec::new();
        self.at += 1;
        loop {
            self.skip();
            if self.peek() == b']' {
                self.at += 1;
                return Ok(Body::List(items));
            }
            items.push(self.node(None)?);
        }
    }

    fn leaf(&mut self) -> Body {
        let start = self.at;
        if self.peek() == b'"' {
            self.at += 1;
            while self.peek() != b'"' {
                self.at += if self.peek() == b'\\' { 2 } else { 1 };
            }
            self.at += 1;
        } else {
            while self.at < self.source.text.len()
                && !matches!(self.peek(), b' ' | b'\t' | b'\n' | b'\r' | b',' | b']' | b'}')
            {
                self.at += 1;
            }
        }
        let text = &self.source.text[start..self.at];
        Body::Leaf(serde_json::from_str(text).expect("serde_json accepted the whole text"))
    }
}
