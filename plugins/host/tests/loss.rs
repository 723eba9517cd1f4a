//! Losses of plugins behave like built-in ones, and are found out where they do not.

mod support;

use fenchel_core::{Bound, DataFit, Design, Error, Matrix, Response, Samples};
use fenchel_laws::loss::assert_laws;
use support::{Loaded, load};

fn numbers(values: &[f64]) -> Samples {
    Samples::new(Response::Numeric { values: values.to_vec(), columns: 1 }, None).unwrap()
}

fn bind(loaded: &Loaded, samples: &Samples) -> Result<Box<dyn DataFit>, Error> {
    let design = Design::new(Matrix::identity(samples.len()));
    match loaded.loss("{}").unwrap().bind(samples, &design)? {
        Bound::Eta(fit) => Ok(fit),
        Bound::Direct(_) => unreachable!("plugins have no objectives of their own"),
    }
}

#[test]
fn least_squares_obeys_the_laws() {
    let loaded = load("squares", &[]).unwrap();
    assert_laws(&*loaded.loss("{}").unwrap());
    let fit = bind(&loaded, &numbers(&[1.0, 2.0])).unwrap();
    assert_eq!((fit.samples(), fit.outputs(), fit.value(&[1.0, 0.0], &[])), (2, 1, 1.0));
    assert!(fit.takes_intercept() && fit.as_own().is_none());
    loaded.assert_no_fault();
}

#[test]
fn a_loss_with_a_parameter_of_its_own_obeys_the_laws() {
    let loaded = load("squares", &["OWN", "READS=FENCHEL_NUMBER"]).unwrap();
    assert_laws(&*loaded.loss("{}").unwrap());
    let fit = bind(&loaded, &numbers(&[1.0, 2.0])).unwrap();
    let own = fit.as_own().unwrap();
    assert_eq!(own.start(), [0.0]);
    let report = own.report(&[0.0]);
    assert_eq!((report.intercept, report.extra), (None, vec![("scale".into(), vec![1.0])]));
    assert_eq!(fit.as_smooth().unwrap().hessian_bound(), None);
    loaded.assert_no_fault();
}

#[test]
fn a_loss_of_classes_predicts_them() {
    let loaded = load("squares", &["READS=FENCHEL_TWO_CLASSES"]).unwrap();
    let loss = loaded.loss("{}").unwrap();
    assert_laws(&*loss);
    let predictor = loss.as_predictor().unwrap();
    assert_eq!(predictor.class(&[0.2, 0.9], 1), Some(vec![0, 1]));
    assert_eq!(predictor.response(&[0.2, 0.9], 1), (vec![0.2, 0.9], 1));
    loaded.assert_no_fault();
}

#[test]
fn responses_that_do_not_fit_are_the_users_fault() {
    let loaded = load("squares", &["READS=FENCHEL_NUMBER"]).unwrap();
    let labels = vec!["a".to_string(), "b".to_string()];
    let classes = Response::Classes { class: vec![0, 1], labels };
    let classes = Samples::new(classes, None).unwrap();
    let error = bind(&loaded, &classes).unwrap_err();
    assert!(matches!(error, Error::Unsupported(_)), "{error}");
    assert!(error.to_string().contains("reads one numeric column"));
    let error = bind(&loaded, &numbers(&[0.0, f64::NAN])).unwrap_err().to_string();
    assert!(error.contains("response NaN at sample 1") && error.contains("a finite number"));
    // What only the loss knows.
    let error = bind(&loaded, &numbers(&[0.0, 1.0, -2e100])).unwrap_err();
    let expected = "a number below 1e100 in size".to_string();
    assert_eq!(error, Error::Domain { what: "response", sample: 2, got: -2e100, expected });
    let loss = loaded.loss("{}").unwrap();
    let error = loss.as_predictor().unwrap().deviance(&[0.0], 1, &numbers(&[2e100])).unwrap_err();
    assert!(matches!(error, Error::Domain { sample: 0, .. }));
    loaded.assert_no_fault();
}

#[test]
fn a_loss_that_cannot_be_made_or_bound_is_a_fault() {
    let made = |defines: &[&str]| {
        let loaded = load("squares", defines).unwrap();
        let error = match loaded.loss("{}") {
            Err(error) => error,
            Ok(_) => bind(&loaded, &numbers(&[1.0, 2.0])).unwrap_err(),
        };
        assert_eq!(error.to_string(), loaded.fault());
        loaded.fault().replace("plugin `squares_c` (squares_in_c 1.0): ", "")
    };
    assert_eq!(made(&["IN_CREATE=*out=NULL"]), "create said OK but made no loss");
    assert_eq!(made(&["IN_BIND=*out=NULL"]), "bind said OK but made no fit");
    assert_eq!(
        made(&["IN_BIND=return fenchel_fail(error,FENCHEL_PANIC,NULL,\"index out of bounds\")"]),
        "bind panicked: index out of bounds"
    );
    assert_eq!(
        made(&["READS=7"]),
        "reads returned 7, expected FENCHEL_NUMBER or its like (0 to 4)"
    );
    assert_eq!(
        made(&["OUTPUTS=(void)self,(size_t)0"]).split(',').next(),
        Some("outputs returned 0")
    );
    assert!(made(&["OUTPUTS=(void)self,(size_t)-1"]).starts_with("outputs returned 184467"));
    assert!(made(&["BOUND=-top"]).starts_with("hessian_bound returned -1, expected a number at"));
    assert!(made(&["FORM=9"]).starts_with("curvature is of form 9, expected FENCHEL_CURVATURE"));
    let own = |define: &str| made(&["OWN", define]);
    assert_eq!(own("IN_START=out[0]=NAN"), "own returned NaN for own parameter 0");
    assert_eq!(own("OWN_COUNT=2"), "own left own parameter 1 unwritten");
    assert_eq!(own("OWN_COUNT=(size_t)-1"), "own returned 18446744073709551615 as `count`");
    assert_eq!(own("EXTRA_NAME=NULL"), "own gave a name of list 0 that is NULL");
}

/// The fault that `use_fit` provokes in a loss with these macros, on three samples.
#[track_caller]
fn fault(defines: &[&str], use_fit: impl Fn(&dyn DataFit)) -> String {
    let loaded = load("squares", defines).unwrap();
    let fit = bind(&loaded, &numbers(&[1.0, 2.0, 3.0])).unwrap();
    loaded.assert_no_fault();
    use_fit(&*fit);
    loaded.fault().replace("plugin `squares_c` (squares_in_c 1.0): ", "")
}

const ETA: [f64; 3] = [0.5, 0.0, -0.5];

#[test]
fn a_fit_that_breaks_its_promises_is_named() {
    let value = |define: &str, got: f64| {
        fault(&[define], |fit| assert_eq!(fit.value(&ETA, &[]).to_bits(), got.to_bits()))
    };
    assert_eq!(value("IN_VALUE=*out=NAN", f64::INFINITY), "value returned NaN");
    assert_eq!(value("IN_VALUE=*out=-INFINITY", f64::INFINITY), "value returned -inf");
    let gradient = |define: &str| {
        fault(&[define], |fit| {
            let mut grad = [0.0; 3];
            let value = fit.as_smooth().unwrap().gradient(&ETA, &[], &mut grad, &mut []);
            assert!(value.is_nan() && grad.iter().all(|g| g.is_nan()));
        })
    };
    assert_eq!(gradient("IN_GRADIENT=grad_eta[1]=NAN"), "gradient returned NaN for sample 1");
    assert_eq!(gradient("IN_GRADIENT=grad_eta[2]=INFINITY"), "gradient returned inf for sample 2");
    assert_eq!(gradient("IN_GRADIENT=*value=NAN"), "gradient returned NaN");
    let beyond = "wrote beyond the end of its output, which has room for 3 numbers";
    assert_eq!(gradient("IN_GRADIENT=grad_eta[3]=0"), format!("gradient {beyond}"));
    assert_eq!(
        gradient("IN_GRADIENT=grad_own[0]=0"),
        "gradient wrote beyond the end of its output, which has room for 0 numbers"
    );
    assert_eq!(
        gradient("IN_GRADIENT=return fenchel_fail(error,FENCHEL_FAILED,NULL,\"out of memory\")"),
        "gradient failed: out of memory"
    );
    let curvature = |fit: &dyn DataFit| {
        let mut out = [0.0; 3];
        fit.as_curvature().unwrap().curvature(&ETA, &[], &mut out);
        assert!(out.iter().all(|h| h.is_nan()));
    };
    assert_eq!(
        fault(&["IN_CURVATURE=out[0]=NAN"], curvature),
        "curvature returned NaN for sample 0"
    );
    assert_eq!(
        fault(&["IN_CONJUGATE=*out=NAN"], |fit| {
            assert_eq!(fit.as_conjugate().unwrap().conjugate(&ETA), f64::INFINITY);
        }),
        "conjugate returned NaN"
    );
    assert_eq!(
        fault(&["IN_PROX=out[3]=1"], |fit| fit.as_prox().unwrap().prox(&ETA, 1.0, &mut [0.0; 3])),
        format!("prox {beyond}")
    );
}

#[test]
fn outside_the_domain_a_gradient_may_be_anything() {
    let loaded = load("squares", &["IN_GRADIENT=*value=INFINITY;grad_eta[0]=NAN"]).unwrap();
    let fit = bind(&loaded, &numbers(&[1.0, 2.0, 3.0])).unwrap();
    let value = fit.as_smooth().unwrap().gradient(&ETA, &[], &mut [0.0; 3], &mut []);
    assert_eq!(value, f64::INFINITY);
    loaded.assert_no_fault();
}

#[test]
fn what_comes_from_nan_is_not_the_plugins_fault() {
    let loaded = load("squares", &[]).unwrap();
    let fit = bind(&loaded, &numbers(&[1.0, 2.0, 3.0])).unwrap();
    let eta = [f64::NAN, 0.0, 0.0];
    let mut grad = [0.0; 3];
    assert!(fit.as_smooth().unwrap().gradient(&eta, &[], &mut grad, &mut []).is_nan());
    assert!(fit.value(&eta, &[]).is_nan() && grad[0].is_nan() && grad[1].is_finite());
    loaded.assert_no_fault();
}

#[test]
fn predictions_that_break_their_promises_are_named() {
    let fault = |define: &str| {
        let loaded = load("squares", &["READS=FENCHEL_TWO_CLASSES", define]).unwrap();
        let loss = loaded.loss("{}").unwrap();
        let predictor = loss.as_predictor().unwrap();
        predictor.response(&ETA, 1);
        predictor.class(&ETA, 1);
        let labels = vec!["a".to_string(), "b".to_string()];
        let classes = Response::Classes { class: vec![0, 1, 1], labels };
        let deviance = predictor.deviance(&ETA, 1, &Samples::new(classes, None).unwrap());
        assert_eq!(deviance.is_err(), define.contains("DEVIANCE"));
        loaded.fault().replace("plugin `squares_c` (squares_in_c 1.0): ", "")
    };
    assert_eq!(fault("IN_RESPONSE=out[1]=NAN"), "response returned NaN for sample 1");
    assert_eq!(
        fault("IN_CLASSES=out[3]=0"),
        "classes wrote beyond the end of its output, which has room for 3 numbers"
    );
    assert_eq!(fault("IN_DEVIANCE=*out=NAN"), "deviance returned NaN");
}
