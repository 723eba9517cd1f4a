//! Lists of features as problem files write them.

use std::collections::HashMap;

use fenchel_core::{Error, FeatureRef, Layer, Space};

/// Zero-based indices of the listed features, in the order of the list: names, indices, and
/// `first:last` ranges of names in the order of the data, both ends included; the weights of a layer
/// of a network by the name of the layer.
///
/// Errors: an empty list, an unknown feature, a range that runs backwards, a feature listed twice.
pub(crate) fn resolve(list: &[FeatureRef], space: &Space) -> Result<Vec<usize>, Error> {
    if list.is_empty() {
        return Err(Error::parameter("features", "a list of at least one feature", "[]"));
    }
    let names: HashMap<&str, usize> =
        space.names().iter().enumerate().map(|(j, name)| (name.as_str(), j)).collect();
    let mut seen = vec![false; space.features()];
    let mut features = Vec::new();
    for (i, feature) in list.iter().enumerate() {
        let span = match feature {
            FeatureRef::Index(_) => feature.index(space).map(|j| j..=j),
            FeatureRef::Name(name) => named(name, &names, space),
        };
        for j in span.map_err(|e| e.at(format!("features[{i}]")))? {
            if seen[j] {
                let error =
                    Error::Data(format!("feature \"{}\" is listed twice", space.names()[j]));
                return Err(error.at(format!("features[{i}]")));
            }
            seen[j] = true;
            features.push(j);
        }
    }
    Ok(features)
}

/// A name, or a range where no feature has that name: names may contain colons too.
fn named(
    name: &str,
    names: &HashMap<&str, usize>,
    space: &Space,
) -> Result<std::ops::RangeInclusive<usize>, Error> {
    if let Some(&j) = names.get(name) {
        return Ok(j..=j);
    }
    if let Some(layer) = space.layers().iter().find(|layer| layer.name == name && !layer.is_empty())
    {
        return Ok(layer.first..=layer.first + layer.len() - 1);
    }
    let split = |at: usize| (&name[..at], &name[at + 1..]);
    let mut splits = name.match_indices(':').map(|(at, _)| split(at));
    let known = splits.find(|(a, b)| names.contains_key(a) && names.contains_key(b));
    let Some((first, last)) = known.or_else(|| name.find(':').map(split)) else {
        return space.index(name).map(|j| j..=j);
    };
    let (a, b) = (space.index(first)?, space.index(last)?);
    if a > b {
        let expected = format!("in the order of the data, where \"{last}\" is before \"{first}\"");
        return Err(Error::parameter("range", expected, name));
    }
    Ok(a..=b)
}

/// The layers of which every weight is among `features`, one after the other.
pub(crate) fn layers(features: &[usize], space: &Space) -> Vec<Layer> {
    let inside = |layer: &Layer| {
        let first = features.iter().position(|&j| j == layer.first)?;
        let span = features.get(first..first + layer.len())?;
        let whole = span.iter().enumerate().all(|(at, &j)| j == layer.first + at);
        whole.then(|| Layer { first, ..layer.clone() })
    };
    space.layers().iter().filter_map(inside).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(json: &str) -> Result<Vec<usize>, String> {
        let names = ["age", "bmi", "bp:sys", "bp:dia", "s1"].map(String::from);
        let space = Space::new(names.to_vec(), 1);
        let list: Vec<FeatureRef> = serde_json::from_str(json).unwrap();
        resolve(&list, &space).map_err(|e| e.to_string())
    }

    #[test]
    fn names_indices_and_ranges_are_read_in_order() {
        assert_eq!(list(r#"["s1", 0, "bmi:bp:sys"]"#).unwrap(), [4, 0, 1, 2]);
        assert_eq!(list(r#"["bp:dia"]"#).unwrap(), [3]);
        assert_eq!(list(r#"["bp:sys:bp:dia"]"#).unwrap(), [2, 3]);
        assert_eq!(list(r#"["age:age"]"#).unwrap(), [0]);
    }

    #[test]
    fn mistakes_are_named() {
        assert!(list(r#"["agee"]"#).unwrap_err().contains("did you mean \"age\""));
        assert!(list(r#"["age:bmj"]"#).unwrap_err().contains("did you mean \"bmi\""));
        assert!(list(r#"["bmi:age"]"#).unwrap_err().contains("\"age\" is before \"bmi\""));
        assert!(list(r#"["age", 0]"#).unwrap_err().contains("\"age\" is listed twice"));
        assert!(list("[5]").unwrap_err().contains("below 5"));
        assert!(list("[]").unwrap_err().contains("at least one feature"));
    }
}
