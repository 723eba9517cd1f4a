//! The quadratic loss, done wrong.

use fenchel_plugin::{
    Bound, BuildLoss, Curvature, CurvatureForm, DataFit, Design, Error, Loss, ResponseKind,
    Samples, SmoothFit, register_loss,
};

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Flaw {
    PanicInBind,
    PanicInGradient,
    NanGradient,
    EndlessGradient,
}

#[derive(Debug)]
struct Bad(Flaw);

#[derive(Debug)]
struct BadFit {
    y: Vec<f64>,
    flaw: Flaw,
}

impl Loss for Bad {
    fn reads(&self) -> ResponseKind {
        ResponseKind::Number
    }
    fn bind(&self, samples: &Samples, _design: &Design) -> Result<Bound, Error> {
        assert!(self.0 != Flaw::PanicInBind, "binding went wrong");
        Ok(Bound::Eta(Box::new(BadFit { y: samples.number()?.to_vec(), flaw: self.0 })))
    }
}

impl DataFit for BadFit {
    fn samples(&self) -> usize {
        self.y.len()
    }
    fn outputs(&self) -> usize {
        1
    }
    fn value(&self, eta: &[f64], _own: &[f64]) -> f64 {
        let squares = self.y.iter().zip(eta).map(|(y, eta)| (eta - y).powi(2));
        0.5 * squares.sum::<f64>() / self.y.len() as f64
    }
    fn as_smooth(&self) -> Option<&dyn SmoothFit> {
        Some(self)
    }
    fn as_curvature(&self) -> Option<&dyn Curvature> {
        Some(self)
    }
}

impl SmoothFit for BadFit {
    fn gradient(
        &self,
        eta: &[f64],
        own: &[f64],
        grad_eta: &mut [f64],
        _grad_own: &mut [f64],
    ) -> f64 {
        match self.flaw {
            Flaw::PanicInGradient => panic!("the gradient went wrong"),
            Flaw::NanGradient => {
                grad_eta.fill(f64::NAN);
                return self.value(eta, own);
            }
            Flaw::EndlessGradient => loop {
                std::thread::sleep(std::time::Duration::from_millis(1));
            },
            Flaw::PanicInBind => {}
        }
        for ((grad, y), eta) in grad_eta.iter_mut().zip(&self.y).zip(eta) {
            *grad = (eta - y) / self.y.len() as f64;
        }
        self.value(eta, own)
    }
    fn hessian_bound(&self) -> Option<f64> {
        Some(1.0 / self.y.len() as f64)
    }
}

impl Curvature for BadFit {
    fn form(&self) -> CurvatureForm {
        CurvatureForm::Constant
    }
    fn curvature(&self, _eta: &[f64], _own: &[f64], out: &mut [f64]) {
        out.fill(1.0 / self.y.len() as f64);
    }
}

macro_rules! bad {
    ($($name:literal, $spec:ident, $flaw:ident;)*) => {$(
        #[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
        #[serde(deny_unknown_fields)]
        struct $spec {}

        impl BuildLoss for $spec {
            fn build_loss(&self) -> Result<Box<dyn Loss>, Error> {
                Ok(Box::new(Bad(Flaw::$flaw)))
            }
        }

        register_loss!($name, $spec, {
            summary: concat!("the quadratic loss with a flaw: ", $name),
            formula: "1/2 (y - eta)^2",
            method: "derivative eta - y, curvature 1, but for the flaw",
            combines: "nothing that should end well",
            example: "",
            source: "a test",
        });
    )*};
}

bad! {
    "panic_in_bind", PanicInBindSpec, PanicInBind;
    "panic_in_gradient", PanicInGradientSpec, PanicInGradient;
    "nan_gradient", NanGradientSpec, NanGradient;
    "endless_gradient", EndlessGradientSpec, EndlessGradient;
}
