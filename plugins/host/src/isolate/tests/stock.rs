//! What the child of the tests serves: every type of the families that are linked in, and a penalty
//! that does what it is told to, however bad.

use std::fs::File;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use fenchel_core::{
    Bound, Card, Context, Convexity, DataFit, Design, Error, Kind, Lineality, Loss, LossSpec,
    OwnParameters, OwnReport, Parameters, Penalty, PenaltySpec, Prox, Response, ResponseKind,
    Samples, Separable, SmoothFit, Subdifferential, cards, kernels,
};
use fenchel_loss_glm as _;
use fenchel_loss_location as _;
use fenchel_penalty_fused as _;
use fenchel_penalty_group as _;
use fenchel_penalty_l1 as _;
use serde_json::Value;

use crate::calls::{self, Origin};
use crate::fault::Faults;
use crate::library::{Library, LibraryInfo, Maker, PluginType};

const fn card(kind: Kind, name: &'static str, schema: &'static str) -> Card {
    Card {
        kind,
        name,
        summary: "a type of the tests",
        formula: "",
        method: "",
        combines: "",
        example: "",
        source: "",
        parameters: Parameters::Text(schema),
    }
}

static FLAWED: Card = card(Kind::Penalty, "flawed", r#"{"properties":{"does":{"type":"string"}}}"#);
static SCALE: Card = card(Kind::Loss, "scale", "{}");

pub(super) fn open(
    _image: File,
    path: PathBuf,
    sha256: String,
    _faults: &Arc<Faults>,
) -> Result<Library, String> {
    let info = Arc::new(LibraryInfo {
        path,
        name: "stock".into(),
        version: "1.0".into(),
        sha256,
        aborts: false,
    });
    let all = cards(Kind::Penalty).into_iter().chain(cards(Kind::Loss)).chain([&FLAWED, &SCALE]);
    let types = all
        .map(|card| PluginType::new(card.kind, card, info.clone(), Arc::new(Stock(card.name))))
        .collect();
    Ok(Library { info, types })
}

#[derive(Debug)]
struct Stock(&'static str);

impl Stock {
    fn table(&self, parameters: &str) -> Value {
        let mut table: Value = serde_json::from_str(parameters).unwrap();
        table["type"] = self.0.into();
        table
    }
}

impl Maker for Stock {
    fn penalty(&self, parameters: &str, context: &Context<'_>) -> Result<Box<dyn Penalty>, Error> {
        let table = self.table(parameters);
        if self.0 == FLAWED.name {
            return Flawed::made(table["does"].as_str().unwrap_or_default());
        }
        let spec: Box<dyn PenaltySpec> = serde_json::from_value(table)
            .map_err(|error| Error::Spec { message: error.to_string() })?;
        spec.build(context)
    }
    fn loss(&self, parameters: &str) -> Result<Box<dyn Loss>, Error> {
        if self.0 == SCALE.name {
            return Ok(Box::new(Scale));
        }
        let spec: Box<dyn LossSpec> = serde_json::from_value(self.table(parameters))
            .map_err(|error| Error::Spec { message: error.to_string() })?;
        spec.build()
    }
}

/// A separable penalty that does as told in its prox.
#[derive(Debug, Clone)]
struct Flawed(String);

impl Flawed {
    fn made(does: &str) -> Result<Box<dyn Penalty>, Error> {
        let it = Self(does.into());
        if does == "crash in create" {
            it.act();
        }
        Ok(Box::new(it))
    }

    #[allow(unsafe_code)]
    fn act(&self) {
        match self.0.as_str() {
            "segv" | "crash in create" => {
                let nowhere = std::hint::black_box(8 as *mut u8);
                // SAFETY: it is not safe: that is what is tried.
                unsafe { nowhere.write_volatile(1) }
            }
            "abort" => std::process::abort(),
            "exit" => std::process::exit(0),
            "sleep" => std::thread::sleep(Duration::from_secs(3600)),
            "loop" => loop {
                std::hint::spin_loop();
            },
            "panic" => panic!("out of proxes"),
            "scribble" => {
                // Keeps writing over the memory that is shared, as a stray pointer might.
                let file = std::fs::read_dir("/proc/self/fd")
                    .unwrap()
                    .flatten()
                    .map(|entry| entry.path())
                    .find(|fd| {
                        std::fs::read_link(fd)
                            .is_ok_and(|to| to.to_string_lossy().contains("fenchel-channel"))
                    })
                    .unwrap();
                let file = std::fs::OpenOptions::new().write(true).open(file).unwrap();
                static ONCE: std::sync::Once = std::sync::Once::new();
                ONCE.call_once(|| {
                    drop(std::thread::spawn(move || {
                        loop {
                            std::os::unix::fs::FileExt::write_all_at(&file, &[0xA5; 8192], 0)
                                .unwrap();
                        }
                    }))
                });
            }
            _ => {}
        }
    }
}

impl Penalty for Flawed {
    fn value(&self, beta: &[f64]) -> f64 {
        kernels::sum(beta)
    }
    fn scaled(&self, _scale: f64) -> Box<dyn Penalty> {
        Box::new(self.clone())
    }
    fn convexity(&self) -> Convexity {
        Convexity::WeaklyConvex(0.25)
    }
    fn lineality(&self) -> Lineality {
        Lineality::Trivial
    }
    fn as_prox(&self) -> Option<&dyn Prox> {
        Some(self)
    }
    fn as_separable(&self) -> Option<&dyn Separable> {
        Some(self)
    }
    fn as_subdifferential(&self) -> Option<&dyn Subdifferential> {
        Some(self)
    }
}

impl Separable for Flawed {
    fn value_at(&self, _j: usize, b: f64) -> f64 {
        b
    }
    fn prox_at(&self, _j: usize, v: f64, _step: f64) -> f64 {
        static ORIGIN: LazyLock<Origin> =
            LazyLock::new(|| Origin { plugin: "`flawed` (stock 1.0)".into() });
        // As foreign penalties do; so the last words tell more than the parent knows.
        let _inside = (self.0 != "exit").then(|| calls::enter(&ORIGIN, &calls::PROXES));
        self.act();
        v
    }
    fn subdiff_dist_at(&self, _j: usize, _b: f64, _grad: f64) -> f64 {
        0.0
    }
}

/// Squares with an unknown scale, `log s + (y - eta)^2 / (2 s^2)`: a loss with a parameter of its own.
#[derive(Debug)]
struct Scale;

impl Loss for Scale {
    fn reads(&self) -> ResponseKind {
        ResponseKind::Number
    }
    fn bind(&self, samples: &Samples, _design: &Design) -> Result<Bound, Error> {
        if let Response::Numeric { values, .. } = samples.response()
            && let Some(sample) = values.iter().position(|y| !y.is_finite())
        {
            let (what, expected) = ("response", "a finite number".to_string());
            return Err(Error::Domain { what, sample, got: values[sample], expected });
        }
        let weights = (0..samples.len()).map(|i| samples.weight(i)).collect();
        Ok(Bound::Eta(Box::new(ScaleFit { y: samples.number()?.to_vec(), weights })))
    }
}

#[derive(Debug)]
struct ScaleFit {
    y: Vec<f64>,
    weights: Vec<f64>,
}

impl DataFit for ScaleFit {
    fn samples(&self) -> usize {
        self.y.len()
    }
    fn outputs(&self) -> usize {
        1
    }
    fn value(&self, eta: &[f64], own: &[f64]) -> f64 {
        let mut grads = (vec![0.0; eta.len()], [0.0]);
        self.gradient(eta, own, &mut grads.0, &mut grads.1)
    }
    fn as_own(&self) -> Option<&dyn OwnParameters> {
        Some(self)
    }
    fn as_smooth(&self) -> Option<&dyn SmoothFit> {
        Some(self)
    }
}

impl SmoothFit for ScaleFit {
    fn gradient(
        &self,
        eta: &[f64],
        own: &[f64],
        grad_eta: &mut [f64],
        grad_own: &mut [f64],
    ) -> f64 {
        let (n, precision) = (self.y.len() as f64, (-2.0 * own[0]).exp());
        let mut square = 0.0;
        for (i, grad) in grad_eta.iter_mut().enumerate() {
            let r = eta[i] - self.y[i];
            square += self.weights[i] * r * r * precision / n;
            *grad = self.weights[i] * r * precision / n;
        }
        grad_own[0] = 1.0 - square;
        own[0] + 0.5 * square
    }
    fn hessian_bound(&self) -> Option<f64> {
        None
    }
}

impl OwnParameters for ScaleFit {
    fn start(&self) -> Vec<f64> {
        vec![0.0]
    }
    fn report(&self, own: &[f64]) -> OwnReport {
        OwnReport { intercept: None, extra: vec![("scale".into(), vec![own[0].exp()])] }
    }
}
