//! What every penalty obeys: a law that fails says which input, what was expected, what came out.

use fenchel_laws::penalty::assert_laws;
use fenchel_plugin::{Prox, Space};
use {{name}}::{{Name}};

#[test]
fn obeys_the_laws() {
    // Small spaces: the laws compare the prox with brute force.
    assert_laws(&{{Name}}::new(0.7).unwrap(), &Space::numbered(5, 1));
    assert_laws(&{{Name}}::new(1.3).unwrap(), &Space::numbered(3, 2));
    assert_laws(&{{Name}}::new(0.0).unwrap(), &Space::numbered(3, 1));
}

/// A few numbers by hand: the laws know whether the pieces fit together, not whether they are what
/// you meant.
#[test]
fn the_prox_is_what_the_paper_says() {
    let mut out = [f64::NAN; 3];
    let value = {{Name}}::new(0.5).unwrap().prox(&[3.0, -1.0, 0.5], 2.0, &mut out);
    assert_eq!((out, value), ([2.0, 0.0, 0.0], 1.0));
}

#[test]
fn bad_parameters_are_refused() {
    assert!({{Name}}::new(-1.0).is_err());
    assert!({{Name}}::new(f64::NAN).is_err());
}
