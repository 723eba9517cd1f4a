//! How the text of a result file is laid out: one field a line, one point of a path a line.

use std::io::{self, Write};

use serde_json::ser::Formatter;

/// The field whose elements have lines of their own.
const LISTED: &[u8] = b"path";

/// Writes as it goes, so that a list of names is not in memory once more as values.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// Objects and lists that are open.
    depth: usize,
    /// The field of the outermost object.
    field: Vec<u8>,
    in_field: bool,
}

impl Lines {
    fn lists_points(&self) -> bool {
        self.depth == 2 && self.field == LISTED
    }
}

impl Formatter for Lines {
    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.depth += 1;
        writer.write_all(b"{")
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.depth -= 1;
        writer.write_all(if self.depth == 0 { b"\n}" } else { b"}" })
    }

    fn begin_object_key<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        let outermost = self.depth == 1;
        if outermost {
            self.field.clear();
            self.in_field = true;
        }
        writer.write_all(match (outermost, first) {
            (true, true) => b"\n  ",
            (true, false) => b",\n  ",
            (false, true) => b"",
            (false, false) => b",",
        })
    }

    fn end_object_key<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.in_field = false;
        Ok(())
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(if self.depth == 1 { b": " } else { b":" })
    }

    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        if self.in_field {
            self.field.extend_from_slice(fragment.as_bytes());
        }
        writer.write_all(fragment.as_bytes())
    }

    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.depth += 1;
        writer.write_all(b"[")
    }

    fn begin_array_value<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        writer.write_all(match (self.lists_points(), first) {
            (true, true) => b"\n    ",
            (true, false) => b",\n    ",
            (false, true) => b"",
            (false, false) => b",",
        })
    }

    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        let last: &[u8] = if self.lists_points() { b"\n  ]" } else { b"]" };
        self.depth -= 1;
        writer.write_all(last)
    }
}

#[cfg(test)]
mod tests {
    use serde::Serialize;
    use serde_json::{Serializer, json};

    use super::Lines;

    #[test]
    fn fields_and_points_have_lines_of_their_own_and_nothing_else_has() {
        let value = json!({
            "paths": ["a", "b"],
            "path": [{ "path": [1, 2.5, null] }, { "x": {}, "y": [] }],
            "data": { "path": [1, 2], "names": ["a, b", "c"] },
        });
        let mut text = Vec::new();
        value.serialize(&mut Serializer::with_formatter(&mut text, Lines::default())).unwrap();
        let expected = r#"{
  "paths": ["a","b"],
  "path": [
    {"path":[1,2.5,null]},
    {"x":{},"y":[]}
  ],
  "data": {"path":[1,2],"names":["a, b","c"]}
}"#;
        assert_eq!(String::from_utf8(text).unwrap(), expected);
    }
}
