//! TOML into a [`Node`] tree.

use serde_json::Value;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::document::{Body, Mark, Node, Source};
use crate::Error;

/// Parses a whole file. Errors: a syntax error, a number that is not finite, a date.
pub(super) fn parse(source: &Source) -> Result<Node, Error> {
    let table = DeTable::parse(&source.text).map_err(|e| syntax(source, &e))?;
    let mark = Mark { source: 0, range: table.span() };
    let reader = Reader { source, number: 0, offset: 0 };
    Ok(Node { mark, key: None, body: reader.table(table.get_ref())? })
}

/// Parses the value that begins at byte `offset` of a `--set` argument, the source of this number.
///
/// Text that is no TOML value and does not look like one is a bare word, and taken as text.
pub(super) fn parse_value(source: &Source, number: usize, offset: usize) -> Result<Node, Error> {
    let text = &source.text[offset..];
    let reader = Reader { source, number, offset };
    let bare = |text: &str| Node {
        mark: Mark { source: number, range: offset..source.text.len() },
        key: None,
        body: Body::Leaf(Value::String(text.into())),
    };
    match DeValue::parse(text) {
        Ok(value) if matches!(value.get_ref(), DeValue::Datetime(_)) => Ok(bare(text)),
        Ok(value) => reader.node(&value, None),
        Err(error) if text.starts_with(['[', '{', '"', '\'']) => {
            let range = error.span().unwrap_or(0..text.len());
            let range = offset + range.start..offset + range.end;
            Err(Error::input(first_line(error.message())).at(source.place(range)))
        }
        Err(_) => Ok(bare(text)),
    }
}

fn syntax(source: &Source, error: &toml::de::Error) -> Error {
    let place = source.place(error.span().unwrap_or(0..0));
    Error::input(format!("not valid TOML: {}", first_line(error.message()))).at(place)
}

fn first_line(message: &str) -> String {
    message.lines().collect::<Vec<_>>().join("; ")
}

struct Reader<'a> {
    source: &'a Source,
    number: usize,
    /// Where the parsed text begins in the source.
    offset: usize,
}

impl Reader<'_> {
    fn mark(&self, range: std::ops::Range<usize>) -> Mark {
        Mark { source: self.number, range: self.offset + range.start..self.offset + range.end }
    }

    fn table(&self, table: &DeTable<'_>) -> Result<Body, Error> {
        let entries = table.iter().map(|(key, value)| {
            let node = self.node(value, Some(self.mark(key.span())))?;
            Ok((key.get_ref().to_string(), node))
        });
        Ok(Body::Table(entries.collect::<Result<_, Error>>()?))
    }

    fn node(&self, value: &Spanned<DeValue<'_>>, key: Option<Mark>) -> Result<Node, Error> {
        let mark = self.mark(value.span());
        let fail =
            |message: String| Err(Error::input(message).at(self.source.place(mark.range.clone())));
        let body = match value.get_ref() {
            DeValue::String(text) => Body::Leaf(Value::String(text.to_string())),
            DeValue::Boolean(flag) => Body::Leaf(Value::Bool(*flag)),
            DeValue::Integer(integer) => {
                match i64::from_str_radix(integer.as_str(), integer.radix()) {
                    Ok(number) => Body::Leaf(number.into()),
                    Err(_) => return fail(format!("the integer `{integer}` is out of range")),
                }
            }
            DeValue::Float(float) => {
                let number: Option<f64> = float.as_str().parse().ok();
                match number.and_then(serde_json::Number::from_f64) {
                    Some(number) => Body::Leaf(Value::Number(number)),
                    None => {
                        return fail(format!(
                            "numbers in problem files are finite, got `{}`",
                            float.as_str()
                        ));
                    }
                }
            }
            DeValue::Datetime(date) => {
                return fail(format!("no key takes a date, got `{date}`: put a text in quotes"));
            }
            DeValue::Array(items) => Body::List(
                items.iter().map(|item| self.node(item, None)).collect::<Result<_, Error>>()?,
            ),
            DeValue::Table(table) => self.table(table)?,
        };
        Ok(Node { mark, key, body })
    }
}
