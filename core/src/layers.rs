//! Coefficients that are the weights between layers of units.

use crate::{Error, Groups};

/// The weights from one layer of units to the next, `inputs` x `outputs`, column by column, as a
/// stretch of the coefficients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// What problem files call it: `layer1` is next to the data.
    pub name: String,
    /// Where the stretch begins.
    pub first: usize,
    /// Units that the weights come from.
    pub inputs: usize,
    /// Units that the weights lead to.
    pub outputs: usize,
}

/// Which weights of a unit belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// All weights that lead to a unit.
    Incoming,
    /// All weights that come from a unit: without them the unit has no effect.
    Outgoing,
}

impl Layer {
    /// The layers between units of these numbers, one after the other: `layer1`, `layer2`, ...
    pub fn chain(units: &[usize]) -> Vec<Self> {
        let mut first = 0;
        let layer = |(l, pair): (usize, &[usize])| {
            let begin = first;
            first += pair[0] * pair[1];
            let name = format!("layer{}", l + 1);
            Self { name, first: begin, inputs: pair[0], outputs: pair[1] }
        };
        units.windows(2).enumerate().map(layer).collect()
    }

    /// Number of weights.
    pub fn len(&self) -> usize {
        self.inputs * self.outputs
    }

    /// Whether there is no weight.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The weights of this layer among all.
    pub fn of<'a>(&self, coefficients: &'a [f64]) -> &'a [f64] {
        &coefficients[self.first..self.first + self.len()]
    }

    /// Names of the weights, `layer1.age.3` for the weight from `age` to the third unit; units have
    /// their numbers where `inputs` names another number of them.
    pub(crate) fn names(&self, inputs: &[String]) -> Vec<String> {
        let from = |i: usize| match inputs.get(i) {
            Some(name) if inputs.len() == self.inputs => name.clone(),
            _ => (i + 1).to_string(),
        };
        (0..self.outputs)
            .flat_map(|o| (0..self.inputs).map(move |i| (i, o)))
            .map(|(i, o)| format!("{}.{}.{}", self.name, from(i), o + 1))
            .collect()
    }

    /// One group for each unit on one side of each layer, layer after layer.
    ///
    /// Errors: [`Error::Data`] where coefficients are in no layer.
    pub(crate) fn groups(layers: &[Self], features: usize, side: Side) -> Result<Groups, Error> {
        let mut lists = Vec::new();
        for layer in layers {
            let at = |i: usize, o: usize| layer.first + i + o * layer.inputs;
            match side {
                Side::Incoming => lists.extend(
                    (0..layer.outputs).map(|o| (0..layer.inputs).map(|i| at(i, o)).collect()),
                ),
                Side::Outgoing => lists.extend(
                    (0..layer.inputs).map(|i| (0..layer.outputs).map(|o| at(i, o)).collect()),
                ),
            }
        }
        Groups::new(features, &lists, |j| (j + 1).to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Space;

    #[test]
    fn layers_follow_one_another_and_groups_are_their_rows_or_columns() {
        let layers = Layer::chain(&[2, 3, 1]);
        assert_eq!((layers[1].name.as_str(), layers[1].first, layers[1].len()), ("layer2", 6, 3));
        let incoming = Layer::groups(&layers, 9, Side::Incoming).unwrap();
        assert_eq!((incoming.len(), incoming.members(1)), (4, &[2, 3][..]));
        let outgoing = Layer::groups(&layers, 9, Side::Outgoing).unwrap();
        assert_eq!((outgoing.len(), outgoing.members(0)), (5, &[0, 2, 4][..]));
        assert_eq!(outgoing.members(4), [8]);
    }

    #[test]
    fn weights_are_named_after_what_they_connect() {
        let space = Space::of_layers(Layer::chain(&[2, 2, 1]), &["age".into(), "bmi".into()]);
        let names = ["layer1.age.1", "layer1.bmi.1", "layer1.age.2", "layer1.bmi.2"];
        assert_eq!(space.names()[..4], names);
        assert_eq!(space.names()[4..], ["layer2.1.1", "layer2.2.1"]);
    }
}
