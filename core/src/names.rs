//! Names of features, of which there may be a million.

use std::fmt::Write;
use std::ops::Index;
use std::sync::Arc;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Names in one buffer: a string of its own for each would take several times as much memory. Cloning
/// is cheap.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Names(Arc<Packed>);

#[derive(Clone, Default, PartialEq, Eq)]
struct Packed {
    text: String,
    /// Where each name ends.
    ends: Vec<usize>,
}

impl Packed {
    fn push(&mut self, name: &str) {
        self.text.push_str(name);
        self.ends.push(self.text.len());
    }

    fn finish(mut self) -> Names {
        self.text.shrink_to_fit();
        self.ends.shrink_to_fit();
        Names(Arc::new(self))
    }
}

impl Names {
    /// The names `1 .. count`.
    pub fn numbered(count: usize) -> Self {
        let mut packed = Packed { text: String::new(), ends: Vec::with_capacity(count) };
        for number in 1..=count {
            write!(packed.text, "{number}").expect("a string takes all that is written");
            packed.ends.push(packed.text.len());
        }
        packed.finish()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.ends.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Name `j`, counted from 0.
    pub fn get(&self, j: usize) -> Option<&str> {
        let Packed { text, ends } = &*self.0;
        let begin = if j == 0 { 0 } else { *ends.get(j - 1)? };
        Some(&text[begin..*ends.get(j)?])
    }

    /// All names, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> + DoubleEndedIterator + Clone {
        (0..self.len()).map(|j| &self[j])
    }

    /// A string each.
    pub fn to_vec(&self) -> Vec<String> {
        self.iter().map(str::to_owned).collect()
    }
}

impl Index<usize> for Names {
    type Output = str;

    fn index(&self, j: usize) -> &str {
        match self.get(j) {
            Some(name) => name,
            None => panic!("name {j} of {}", self.len()),
        }
    }
}

impl<S: AsRef<str>> FromIterator<S> for Names {
    fn from_iter<I: IntoIterator<Item = S>>(names: I) -> Self {
        let mut packed = Packed::default();
        names.into_iter().for_each(|name| packed.push(name.as_ref()));
        packed.finish()
    }
}

impl<const N: usize> PartialEq<[&str; N]> for Names {
    fn eq(&self, other: &[&str; N]) -> bool {
        self.iter().eq(other.iter().copied())
    }
}

impl std::fmt::Debug for Names {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl Serialize for Names {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Each;
        impl<'de> Visitor<'de> for Each {
            type Value = Names;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a list of names")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut names: A) -> Result<Names, A::Error> {
                let mut packed = Packed::default();
                while let Some(name) = names.next_element::<String>()? {
                    packed.push(&name);
                }
                Ok(packed.finish())
            }
        }
        deserializer.deserialize_seq(Each)
    }
}

#[cfg(test)]
mod tests {
    use super::Names;

    #[test]
    fn names_come_back_in_order_whatever_they_are() {
        let names: Names = ["age", "", "größe", "age"].into_iter().collect();
        assert_eq!(names, ["age", "", "größe", "age"]);
        assert_eq!((names.len(), &names[2], names.get(4)), (4, "größe", None));
        assert_eq!(names.to_vec(), ["age", "", "größe", "age"]);
        assert_eq!(format!("{names:?}"), r#"["age", "", "größe", "age"]"#);
        assert!(Names::default().is_empty() && Names::default().get(0).is_none());
        let numbered = Names::numbered(12);
        assert_eq!((numbered.len(), &numbered[0], &numbered[11]), (12, "1", "12"));
    }

    #[test]
    fn a_file_has_them_as_a_list() {
        let names: Names = ["a", "b\"c"].into_iter().collect();
        let text = serde_json::to_string(&names).unwrap();
        assert_eq!(text, r#"["a","b\"c"]"#);
        assert_eq!(serde_json::from_str::<Names>(&text).unwrap(), names);
        assert!(serde_json::from_str::<Names>("[1]").is_err());
    }
}
