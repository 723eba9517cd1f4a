//! Cards of a library's types.

use std::ffi::c_char;

use fenchel_core::{Card, Kind, Parameters};
use fenchel_plugin_abi as abi;
use serde_json::Value;

use crate::{tables, texts};

/// The card at `card`, copied once and for all; or what is wrong with it.
///
/// # Safety
/// As for [`tables::read`] and [`texts::read`].
#[allow(unsafe_code)]
pub(crate) unsafe fn read(card: *const abi::Card, kind: Kind) -> Result<&'static Card, String> {
    // SAFETY: the caller's promise, here and below.
    let card = unsafe { tables::read(card) }?;
    let text = |member: &str, text: *const c_char| {
        unsafe { texts::read(text) }.map_err(|what| format!("`{member}` {what}"))
    };
    let name = text("name", card.name)?;
    check_name(&name)?;
    let schema = text("schema", card.schema)?;
    check_schema(&schema)?;
    let kept = |text: String| -> &'static str { text.leak() };
    Ok(Box::leak(Box::new(Card {
        kind,
        name: kept(name),
        summary: kept(text("summary", card.summary)?),
        formula: kept(text("formula", card.formula)?),
        method: kept(text("method", card.method)?),
        combines: kept(text("combines", card.combines)?),
        example: kept(text("example", card.example)?),
        source: kept(text("source", card.source)?),
        parameters: Parameters::Text(kept(schema)),
    })))
}

/// Names are what people type after `type =`.
fn check_name(name: &str) -> Result<(), String> {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let proper = name.starts_with(|c: char| c.is_ascii_lowercase()) && name.chars().all(inner);
    if proper {
        return Ok(());
    }
    Err(format!(
        "`name` is {name:?}: expected lower-case letters, digits and underscores, a letter first"
    ))
}

fn check_schema(schema: &str) -> Result<(), String> {
    let value: Value =
        serde_json::from_str(schema).map_err(|error| format!("`schema` is not JSON: {error}"))?;
    let object = value.as_object().ok_or("`schema` is not a JSON object")?;
    match object.get("properties") {
        None => Ok(()),
        Some(Value::Object(properties)) if properties.values().all(Value::is_object) => Ok(()),
        Some(_) => Err("`schema`: `properties` is not an object of objects".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_what_problem_files_can_say() {
        assert!(check_name("berhu_2").is_ok());
        for name in ["", "2berhu", "_b", "BerHu", "ber-hu", "berhü", "a b"] {
            assert!(
                check_name(name).unwrap_err().contains("expected lower-case letters"),
                "{name}"
            );
        }
    }

    #[test]
    fn schemas_are_objects_with_objects_as_properties() {
        assert!(check_schema("{}").is_ok());
        assert!(check_schema(r#"{"properties":{"lambda":{}}}"#).is_ok());
        let wrong = |schema: &str| check_schema(schema).unwrap_err();
        assert!(wrong("{").starts_with("`schema` is not JSON: "));
        assert_eq!(wrong("[]"), "`schema` is not a JSON object");
        assert!(wrong(r#"{"properties":{"lambda":1}}"#).contains("not an object of objects"));
    }
}
