//! What every loss obeys: a law that fails says which input, what was expected, what came out.

use fenchel_laws::loss::assert_laws;
use fenchel_plugin::elementwise::{Elementwise, ElementwiseSmooth};
use {{name}}::{{Name}};

#[test]
fn obeys_the_laws() {
    assert_laws(&{{Name}}::new(1.0).unwrap());
    assert_laws(&{{Name}}::new(0.3).unwrap());
}

/// A few numbers by hand: the laws know whether the pieces fit together, not whether they are what
/// you meant.
#[test]
fn the_loss_is_what_the_paper_says() {
    let loss = {{Name}}::new(2.0).unwrap();
    assert_eq!(loss.value(1.0, 1.0), 0.0);
    // cosh(log 2) = 5/4, tanh(log 2) = 3/5.
    let (value, derivative) = loss.value_derivative(0.0, 2.0 * 2f64.ln());
    assert!((value - 4.0 * 1.25f64.ln()).abs() < 1e-15, "{value}");
    assert!((derivative - 1.2).abs() < 1e-15, "{derivative}");
}

#[test]
fn bad_parameters_are_refused() {
    assert!({{Name}}::new(0.0).is_err());
    assert!({{Name}}::new(f64::NAN).is_err());
}
