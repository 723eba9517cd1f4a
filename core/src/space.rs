//! The coefficients that a penalty is built for: named features times outputs.

use std::sync::{Arc, LazyLock};

use crate::layers::Layer;
use crate::{Error, names};

/// Names of the p features (rows of the coefficients) and the number K of outputs (columns).
/// Cloning is cheap.
#[derive(Debug, Clone)]
pub struct Space {
    features: usize,
    outputs: usize,
    names: Names,
    layers: Arc<[Layer]>,
}

/// Few penalties ask for a name, and there may be a million of them.
#[derive(Debug, Clone)]
enum Names {
    Given(Arc<[String]>),
    Made(Arc<LazyLock<Vec<String>, Make>>),
}

type Make = Box<dyn FnOnce() -> Vec<String> + Send>;

impl Space {
    /// Named features and a number of outputs.
    pub fn new(features: impl Into<Arc<[String]>>, outputs: usize) -> Self {
        let names = features.into();
        Self { features: names.len(), outputs, names: Names::Given(names), layers: Arc::default() }
    }

    /// The same from names in one buffer, which become strings when one is first asked for.
    pub fn of(features: names::Names, outputs: usize) -> Self {
        Self::named_by(features.len(), outputs, move || features.to_vec())
    }

    /// `p` features named `1 .. p`.
    pub fn numbered(features: usize, outputs: usize) -> Self {
        Self::named_by(features, outputs, move || (1..=features).map(|j| j.to_string()).collect())
    }

    /// Features whose names are made when one is first asked for; `names` gives as many as there
    /// are features.
    pub fn named_by(
        features: usize,
        outputs: usize,
        names: impl FnOnce() -> Vec<String> + Send + 'static,
    ) -> Self {
        let make: Make = Box::new(names);
        let names = Names::Made(Arc::new(LazyLock::new(make)));
        Self { features, outputs, names, layers: Arc::default() }
    }

    /// The weights between layers of units, in one column; `inputs` are the units of the first.
    pub fn of_layers(layers: Vec<Layer>, inputs: &[String]) -> Self {
        let layers: Arc<[Layer]> = layers.into();
        let features = layers.iter().map(Layer::len).sum();
        let (made, inputs) = (Arc::clone(&layers), inputs.to_vec());
        let names = move || {
            let of = |(l, layer): (usize, &Layer)| layer.names(if l == 0 { &inputs } else { &[] });
            made.iter().enumerate().flat_map(of).collect()
        };
        Self { layers, ..Self::named_by(features, 1, names) }
    }

    /// The same features, of which some stretches are layers.
    pub fn with_layers(self, layers: Vec<Layer>) -> Self {
        Self { layers: layers.into(), ..self }
    }

    /// The layers of units that the features are the weights between; none for most.
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// Names of the features.
    pub fn names(&self) -> &[String] {
        match &self.names {
            Names::Given(names) => names,
            Names::Made(names) => names,
        }
    }

    /// Number of features, `p`.
    pub fn features(&self) -> usize {
        self.features
    }

    /// Number of outputs, `K`.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// Number of coefficients, p K.
    pub fn len(&self) -> usize {
        self.features() * self.outputs
    }

    /// Whether there is no coefficient.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Zero-based index of the feature with this name.
    ///
    /// Errors: [`Error::Unknown`] with the names that exist.
    pub fn index(&self, name: &str) -> Result<usize, Error> {
        self.names().iter().position(|f| f == name).ok_or_else(|| Error::Unknown {
            kind: "feature",
            name: name.into(),
            known: self.names().to_vec(),
        })
    }
}

/// Spaces are equal where sizes and names are.
impl PartialEq for Space {
    fn eq(&self, other: &Self) -> bool {
        self.features == other.features
            && self.outputs == other.outputs
            && self.layers == other.layers
            && self.names() == other.names()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_once_and_only_when_asked_for() {
        let (made, asked) = std::sync::mpsc::channel();
        let space = Space::named_by(2, 3, move || {
            made.send(()).unwrap();
            vec!["age".into(), "bmi".into()]
        });
        assert_eq!((space.features(), space.outputs(), space.len()), (2, 3, 6));
        assert!(asked.try_recv().is_err());
        assert_eq!(space.clone().index("bmi"), Ok(1));
        assert_eq!(space, Space::new(vec!["age".to_string(), "bmi".to_string()], 3));
        assert_eq!(asked.iter().count(), 1);
    }

    #[test]
    fn numbers_count_from_one() {
        assert_eq!(Space::numbered(3, 1).names(), ["1", "2", "3"]);
    }
}
