//! Ways of setting up a type that the laws are tried on: its card's example, its defaults, each
//! number at, near and between its bounds, groups and lists of several shapes; and for a penalty
//! coefficients of several shapes, and other strengths.

use std::fmt;

use fenchel_core::{Card, Kind, Raw};
use serde_json::{Map, Value, json};

/// Features and outputs: several coefficients, a single one, and several outputs, with no common
/// factor.
const SHAPES: [(usize, usize); 5] = [(6, 1), (5, 1), (1, 1), (4, 2), (3, 3)];

/// Most features that an example is tried with.
const MOST_FEATURES: usize = 40;

/// Strengths, as paths ask for them.
const SCALES: [f64; 3] = [0.03, 0.4, 7.0];

/// One way of setting up a type.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// The table, with its `type`.
    pub parameters: Raw,
    /// Features and outputs of the coefficients that a penalty is built for.
    pub shape: Option<(usize, usize)>,
    /// The penalty is taken at this strength.
    pub scale: Option<f64>,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys = self.parameters.0.iter().filter(|(key, _)| *key != "type");
        let parts: Vec<String> = keys.map(|(key, value)| format!("{key} = {value}")).collect();
        match parts.is_empty() {
            true => write!(f, "no parameters")?,
            false => write!(f, "{}", parts.join(", "))?,
        }
        if let Some((features, outputs)) = self.shape {
            let plural = |n: usize| if n == 1 { "" } else { "s" };
            let (s, t) = (plural(features), plural(outputs));
            write!(f, "; {features} feature{s}, {outputs} output{t}")?;
        }
        match self.scale {
            Some(scale) => write!(f, "; scaled({scale})"),
            None => Ok(()),
        }
    }
}

/// Cases of a type that can be built, always the same ones; none where the example of the card
/// cannot. `example` is the table of the card. A schema does not say everything, so `builds` is
/// asked, and what is refused is no case.
///
/// The example and the defaults are tried on coefficients of every shape, other parameters and
/// strengths on one shape with one output and one with several.
pub fn cases(card: &Card, example: &Raw, builds: &mut dyn FnMut(&Case) -> bool) -> Vec<Case> {
    let tables = tables(&card.schema().into(), example);
    if card.kind != Kind::Penalty {
        let case = |parameters| Case { parameters, shape: None, scale: None };
        let mut cases: Vec<Case> = tables.into_iter().map(case).collect();
        cases.retain(builds);
        return cases;
    }
    let mut fitting = |parameters: &Raw, shapes: &[(usize, usize)], most: usize| -> Vec<Case> {
        let on = |shape: &(usize, usize)| {
            let parameters = parameters.clone();
            Case { parameters, shape: Some(*shape), scale: None }
        };
        shapes.iter().map(on).filter(|case| builds(case)).take(most).collect()
    };
    let mut shapes = SHAPES.to_vec();
    if fitting(example, &shapes, 1).is_empty() {
        // Groups or lists of its own length: the smallest coefficients that it fits.
        shapes = (1..=MOST_FEATURES).flat_map(|p| [(p, 1), (p, 3)]).collect();
        shapes = fitting(example, &shapes, 1).iter().filter_map(|case| case.shape).collect();
    }
    let (single, several): (Vec<_>, Vec<_>) = shapes.iter().partition(|(_, outputs)| *outputs == 1);
    let mut two = |parameters: &Raw| {
        [fitting(parameters, &single, 1), fitting(parameters, &several, 1)].concat()
    };
    let rest: Vec<Case> = tables.iter().skip(2).flat_map(&mut two).collect();
    let scaled: Vec<Case> = SCALES
        .iter()
        .flat_map(|scale| {
            let cases = two(example).into_iter();
            cases.map(|case| Case { scale: Some(*scale), ..case })
        })
        .collect();
    let mut cases: Vec<Case> =
        tables.iter().take(2).flat_map(|table| fitting(table, &shapes, usize::MAX)).collect();
    cases.extend(rest.into_iter().chain(scaled));
    cases
}

/// Tables of parameters, no table twice: the example first, then the defaults.
fn tables(schema: &Value, example: &Raw) -> Vec<Raw> {
    let mut tables = vec![example.clone()];
    let mut add = |table: Map<String, Value>| {
        if !tables.iter().any(|known| known.0 == table) {
            tables.push(Raw(table));
        }
    };
    let required = schema.get("required").and_then(Value::as_array);
    let needed = |key: &String| {
        key == "type" || required.is_some_and(|keys| keys.contains(&key.as_str().into()))
    };
    let defaults = example.0.iter().filter(|(key, _)| needed(key));
    add(defaults.map(|(key, value)| (key.clone(), value.clone())).collect());
    let properties = schema.get("properties").and_then(Value::as_object);
    for (key, property) in properties.into_iter().flatten() {
        for value in values(key, property) {
            let mut table = example.0.clone();
            table.insert(key.clone(), value);
            add(table);
        }
    }
    tables
}

/// Values of one parameter.
fn values(key: &str, property: &Value) -> Vec<Value> {
    if key == "groups" {
        return vec![
            json!({ "size": 1 }),
            json!({ "size": 2 }),
            json!({ "size": 3 }),
            json!([[0, 3], [1], [2, 4, 5]]),
            json!([[4], [0, 1, 2, 3]]),
        ];
    }
    let is = |property: &Value, name: &str| match property.get("type") {
        Some(Value::String(only)) => only == name,
        Some(Value::Array(several)) => several.contains(&name.into()),
        _ => false,
    };
    if is(property, "integer") {
        let lowest = bound(property, "minimum").or(bound(property, "exclusiveMinimum"));
        let lowest = lowest.unwrap_or(0.0).ceil() as i64;
        return (lowest..lowest + 5).map(Value::from).collect();
    }
    if is(property, "number") {
        return numbers(property).into_iter().map(Value::from).collect();
    }
    if property.get("items").is_some_and(|items| is(items, "number")) {
        // Not increasing, as some penalties on sorted coefficients ask for.
        let lists = [6, 5].map(|length| {
            let entry = |j| 0.5 * (length - 1 - j) as f64;
            (0..length).map(entry).collect::<Vec<f64>>()
        });
        return lists.into_iter().map(Value::from).collect();
    }
    property.get("enum").and_then(Value::as_array).cloned().unwrap_or_default()
}

fn bound(property: &Value, key: &str) -> Option<f64> {
    property.get(key).and_then(Value::as_f64)
}

/// Numbers at the bounds, or near those that are excluded, and between them.
fn numbers(property: &Value) -> Vec<f64> {
    // The bound, and whether it is a value too.
    let end = |at: &str, beyond: &str| match (bound(property, at), bound(property, beyond)) {
        (Some(at), _) => Some((at, true)),
        (None, Some(beyond)) => Some((beyond, false)),
        (None, None) => None,
    };
    let low = end("minimum", "exclusiveMinimum");
    let high = end("maximum", "exclusiveMaximum");
    match (low, high) {
        (Some((low, at_low)), Some((high, at_high))) => {
            let at = |share: f64| low + share * (high - low);
            let first = if at_low { 0.0 } else { 0.02 };
            let last = if at_high { 1.0 } else { 0.98 };
            [first, 0.02, 0.25, 0.6, 0.98, last].map(at).to_vec()
        }
        (Some((low, at_low)), None) => {
            let first = if at_low { low } else { low + 0.02 };
            vec![first, low + 0.02, low + 0.3, low + 1.0, low + 2.5, low + 20.0]
        }
        (None, Some((high, at_high))) => {
            let first = if at_high { high } else { high - 0.02 };
            vec![first, high - 0.02, high - 0.3, high - 1.0, high - 2.5, high - 20.0]
        }
        (None, None) => vec![-1.0, 0.0, 0.3, 2.0],
    }
}

#[cfg(test)]
mod tests {
    use fenchel_core::Parameters;

    use super::*;

    const CARD: Card = Card {
        kind: Kind::Penalty,
        name: "made_up",
        summary: "",
        formula: "",
        method: "",
        combines: "",
        example: "",
        source: "",
        parameters: Parameters::Text(
            r#"{"required":["tau"],"properties":{
                "lambda":{"type":"number","minimum":0},
                "tau":{"type":"number","exclusiveMinimum":0,"exclusiveMaximum":1},
                "k":{"type":["integer","null"],"minimum":1},
                "rule":{"enum":["min","max"]}}}"#,
        ),
    };

    fn made_up() -> Vec<Case> {
        let Value::Object(table) = json!({ "type": "made_up", "lambda": 0.1, "tau": 0.5 }) else {
            panic!("a table")
        };
        // As a type would that is about several coefficients.
        cases(&CARD, &Raw(table), &mut |case| case.shape.is_some_and(|(p, _)| p > 1))
    }

    #[test]
    fn example_and_defaults_come_first() {
        let all = made_up();
        assert_eq!(all[0].to_string(), "lambda = 0.1, tau = 0.5; 6 features, 1 output");
        assert_eq!(all[4].to_string(), "tau = 0.5; 6 features, 1 output");
        assert!(all.iter().any(|case| case.to_string().ends_with("2 outputs; scaled(7)")));
        assert_eq!(all, made_up());
    }

    #[test]
    fn an_example_of_its_own_length_is_found_and_an_impossible_one_has_no_case() {
        let Value::Object(table) = json!({ "type": "made_up", "tau": 0.5 }) else {
            panic!("a table")
        };
        let with =
            |builds: &mut dyn FnMut(&Case) -> bool| cases(&CARD, &Raw(table.clone()), builds);
        let odd = with(&mut |case| case.shape == Some((7, 3)));
        assert!(odd.len() > 5 && odd.iter().all(|case| case.shape == Some((7, 3))));
        assert!(with(&mut |_| false).is_empty());
    }

    #[test]
    fn numbers_reach_their_bounds_and_stay_inside() {
        let with = |key: &str| -> Vec<f64> {
            let values = made_up().into_iter();
            let values = values.filter_map(|case| case.parameters.0.get(key)?.as_f64());
            let mut values: Vec<f64> = values.collect();
            values.sort_by(f64::total_cmp);
            values.dedup();
            values
        };
        assert_eq!(with("tau"), [0.02, 0.25, 0.5, 0.6, 0.98]);
        assert_eq!(with("k"), [1.0, 2.0, 3.0, 4.0, 5.0]);
        let lambda = with("lambda");
        assert_eq!((lambda[0], lambda[lambda.len() - 1]), (0.0, 20.0));
        let rules = made_up().iter().filter(|case| case.parameters.0.contains_key("rule")).count();
        assert_eq!(rules, 4, "two rules on two shapes");
    }
}
