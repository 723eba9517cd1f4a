//! Names of features, of which there may be a million.

use std::fmt::Write;
use std::ops::{Index, Range};
use std::sync::{Arc, OnceLock};

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Names in one buffer: a string of its own for each would take several times as much memory. Cloning
/// is cheap.
#[derive(Clone)]
pub struct Names(Arc<Source>);

/// Where names come from.
enum Source {
    Given(Packed),
    /// `1 .. count`, whose text is made when the first of them is asked for.
    Numbered {
        count: usize,
        text: OnceLock<String>,
    },
}

#[derive(Default)]
struct Packed {
    text: String,
    /// Where each name ends.
    ends: Vec<usize>,
}

impl Packed {
    fn range(&self, j: usize) -> Range<usize> {
        if j == 0 { 0..self.ends[0] } else { self.ends[j - 1]..self.ends[j] }
    }

    fn push(&mut self, name: &str) {
        self.text.push_str(name);
        self.ends.push(self.text.len());
    }

    fn finish(mut self) -> Names {
        self.text.shrink_to_fit();
        self.ends.shrink_to_fit();
        Names(Arc::new(Source::Given(self)))
    }
}

impl Names {
    /// The names `1 .. count`.
    pub fn numbered(count: usize) -> Self {
        Self(Arc::new(Source::Numbered { count, text: OnceLock::new() }))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        match &*self.0 {
            Source::Given(packed) => packed.ends.len(),
            Source::Numbered { count, .. } => *count,
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Name `j`, counted from 0.
    pub fn get(&self, j: usize) -> Option<&str> {
        if j >= self.len() {
            return None;
        }
        Some(match &*self.0 {
            Source::Given(packed) => &packed.text[packed.range(j)],
            Source::Numbered { count, text } => {
                &text.get_or_init(|| numbers(*count))[digits_before(j)..digits_before(j + 1)]
            }
        })
    }

    /// All names, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> + DoubleEndedIterator + Clone {
        (0..self.len()).map(|j| &self[j])
    }

    /// A name that there is twice.
    pub fn repeated(&self) -> Option<&str> {
        if let Source::Numbered { .. } = &*self.0 {
            return None;
        }
        let mut names: Vec<&str> = self.iter().collect();
        names.sort_unstable();
        names.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0])
    }

    /// A string each.
    pub fn to_vec(&self) -> Vec<String> {
        self.iter().map(str::to_owned).collect()
    }
}

/// The digits of `1 .. count`, one number after the other.
fn numbers(count: usize) -> String {
    let mut text = String::with_capacity(digits_before(count));
    for number in 1..=count {
        write!(text, "{number}").expect("a string takes all that is written");
    }
    text
}

/// How many digits `1 .. j` have together: one for each power of ten up to each of them.
fn digits_before(j: usize) -> usize {
    let powers = std::iter::successors(Some(1usize), |power| power.checked_mul(10));
    powers.take_while(|&power| power <= j).map(|power| j + 1 - power).sum()
}

impl Default for Names {
    fn default() -> Self {
        Packed::default().finish()
    }
}

impl PartialEq for Names {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.iter().eq(other.iter())
    }
}

impl Eq for Names {}

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
        assert_eq!(
            (names.repeated(), Names::from_iter(["b", "a"]).repeated()),
            (Some("age"), None)
        );
        assert!(Names::default().is_empty() && Names::default().get(0).is_none());
    }

    #[test]
    fn numbers_are_names() {
        let numbered = Names::numbered(1234);
        assert_eq!((numbered.len(), numbered.get(1234)), (1234, None));
        assert!(numbered.iter().eq((1..=1234).map(|number| number.to_string())));
        assert!(numbered == Names::from_iter(numbered.iter()) && numbered != Names::numbered(1233));
        assert!(Names::numbered(0) == Names::default());
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
