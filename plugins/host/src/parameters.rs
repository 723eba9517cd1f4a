//! Parameters against the schema of their type, before the plugin sees them: unknown keys, wrong
//! types and numbers out of bounds are refused, and defaults filled in.

use fenchel_core::{Card, Error, Raw};
use serde_json::{Map, Value};

/// The table without its `type`, checked and with defaults filled in, as JSON.
///
/// Errors: a key that the schema does not know, a value of another type or out of bounds, a missing
/// one; each under its path. Keywords of JSON Schema beyond these are the plugin's own to check.
pub(crate) fn checked(card: &Card, raw: &Raw) -> Result<String, Error> {
    let schema = Value::from(card.schema());
    let empty = Map::new();
    let properties = schema.get("properties").and_then(Value::as_object).unwrap_or(&empty);
    let mut table = raw.0.clone();
    table.shift_remove("type");
    for (key, value) in &table {
        let Some(property) = properties.get(key) else {
            let known: Vec<String> = properties.keys().map(|k| format!("`{k}`")).collect();
            let expected = if known.is_empty() {
                "there are no parameters".to_string()
            } else {
                format!("expected one of {}", known.join(", "))
            };
            let message = format!("unknown field `{key}`, {expected}");
            return Err(Error::Spec { message }.at(key));
        };
        check(key, value, property)?;
    }
    for key in schema.get("required").and_then(Value::as_array).into_iter().flatten() {
        let key = key.as_str().unwrap_or_default();
        if !table.contains_key(key) {
            return Err(Error::Spec { message: format!("missing field `{key}`") });
        }
    }
    for (key, property) in properties {
        match property.get("default") {
            Some(default) if !default.is_null() && !table.contains_key(key) => {
                table.insert(key.clone(), default.clone());
            }
            _ => {}
        }
    }
    Ok(Value::Object(table).to_string())
}

/// Checks a value against one property; `path` is its place below the table.
fn check(path: &str, value: &Value, property: &Value) -> Result<(), Error> {
    if let Some(expected) = property.get("type") {
        let names: Vec<&str> = match expected {
            Value::String(name) => vec![name],
            Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        if !names.is_empty() && !names.iter().any(|name| is_a(value, name)) {
            return Err(Error::parameter(path, words(&names), value));
        }
    }
    if let Some(choices) = property.get("enum").and_then(Value::as_array)
        && !choices.contains(value)
    {
        let choices: Vec<String> = choices.iter().map(Value::to_string).collect();
        return Err(Error::parameter(path, format!("one of {}", choices.join(", ")), value));
    }
    if let Some(number) = value.as_f64() {
        bounds(path, number, property)?;
    }
    if let (Some(items), Some(item)) = (value.as_array(), property.get("items")) {
        for (i, value) in items.iter().enumerate() {
            check(&format!("{path}[{i}]"), value, item)?;
        }
    }
    Ok(())
}

fn bounds(path: &str, number: f64, property: &Value) -> Result<(), Error> {
    type Holds = fn(f64, f64) -> bool;
    let limits: [(&str, &str, Holds); 4] = [
        ("minimum", "at least", |x, limit| x >= limit),
        ("exclusiveMinimum", "greater than", |x, limit| x > limit),
        ("maximum", "at most", |x, limit| x <= limit),
        ("exclusiveMaximum", "less than", |x, limit| x < limit),
    ];
    for (key, word, holds) in limits {
        if let Some(limit) = property.get(key).and_then(Value::as_f64)
            && !holds(number, limit)
        {
            return Err(Error::parameter(path, format!("{word} {limit}"), number));
        }
    }
    Ok(())
}

fn is_a(value: &Value, name: &str) -> bool {
    match name {
        "number" => value.is_number(),
        "integer" => value.as_f64().is_some_and(|x| x.fract() == 0.0),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "null" => value.is_null(),
        _ => true,
    }
}

fn words(names: &[&str]) -> String {
    let word = |name: &&str| match *name {
        "number" => Some("a number"),
        "integer" => Some("a whole number"),
        "string" => Some("a text"),
        "boolean" => Some("true or false"),
        "array" => Some("a list"),
        "object" => Some("a table"),
        _ => None,
    };
    names.iter().filter_map(word).collect::<Vec<_>>().join(" or ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use fenchel_core::{Kind, Parameters};

    const CARD: Card = Card {
        kind: Kind::Penalty,
        name: "berhu",
        summary: "",
        formula: "",
        method: "",
        combines: "",
        example: "",
        source: "",
        parameters: Parameters::Text(
            r#"{"type":"object","required":["delta"],"properties":{
                "lambda":{"type":"number","default":1.0,"minimum":0},
                "delta":{"type":"number","exclusiveMinimum":0},
                "weights":{"type":["array","null"],"items":{"type":"number","minimum":0}},
                "kind":{"enum":["a","b"]}}}"#,
        ),
    };

    fn check(table: Value) -> Result<String, String> {
        let Value::Object(table) = table else { panic!("not a table") };
        checked(&CARD, &Raw(table)).map_err(|e| format!("{e:?}"))
    }

    #[test]
    fn defaults_are_filled_in_and_the_type_is_left_out() {
        let text = check(serde_json::json!({ "type": "berhu", "delta": 2 })).unwrap();
        assert_eq!(text, r#"{"delta":2,"lambda":1.0}"#);
    }

    #[test]
    fn what_the_schema_refuses_is_named_with_its_place() {
        let refused = |table: Value, words: &[&str]| {
            let error = check(table).unwrap_err();
            for word in words {
                assert!(error.contains(word), "{error} has no {word}");
            }
        };
        refused(serde_json::json!({}), &["missing field `delta`"]);
        refused(serde_json::json!({ "delta": 0 }), &["greater than 0", "\"delta\""]);
        refused(serde_json::json!({ "delta": "x" }), &["a number", "\"delta\""]);
        refused(
            serde_json::json!({ "delta": 1, "lamda": 1 }),
            &["unknown field `lamda`", "`lambda`"],
        );
        refused(
            serde_json::json!({ "delta": 1, "weights": [1, -1] }),
            &["weights[1]", "at least 0"],
        );
        refused(serde_json::json!({ "delta": 1, "kind": "c" }), &["one of"]);
    }
}
