//! A penalty whose functions live in a shared library written in C, behind the same traits: the
//! solver's inner loop and the certificate cannot tell.
#![allow(unsafe_code)]

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use fenchel_core::{Convexity, Lineality, Penalty, Prox, Separable, Space, Subdifferential, Sweep};
use libloading::Library;

use crate::tools::{L1, normal_design};

type Value = unsafe extern "C" fn(f64, f64) -> f64;
type Ternary = unsafe extern "C" fn(f64, f64, f64) -> f64;

/// `lambda sum_j |b_j|`, computed by the library.
#[derive(Debug, Clone)]
struct Foreign {
    lambda: f64,
    value: Value,
    prox: Ternary,
    subdiff_dist: Ternary,
    /// Keeps the functions above mapped.
    _library: Arc<Library>,
}

impl Foreign {
    fn load(library: &Arc<Library>, lambda: f64) -> Result<Self, libloading::Error> {
        // SAFETY: the three symbols are defined in l1.c with exactly these signatures, and the
        // library lives as long as the pointers, which are kept beside it.
        unsafe {
            Ok(Self {
                lambda,
                value: *library.get::<Value>(b"l1_value\0")?,
                prox: *library.get::<Ternary>(b"l1_prox\0")?,
                subdiff_dist: *library.get::<Ternary>(b"l1_subdiff_dist\0")?,
                _library: Arc::clone(library),
            })
        }
    }
}

impl Penalty for Foreign {
    fn value(&self, beta: &[f64]) -> f64 {
        beta.iter().enumerate().map(|(j, b)| self.value_at(j, *b)).sum()
    }
    fn scaled(&self, scale: f64) -> Box<dyn Penalty> {
        Box::new(Self { lambda: scale * self.lambda, ..self.clone() })
    }
    fn convexity(&self) -> Convexity {
        Convexity::Convex
    }
    fn lineality(&self) -> Lineality {
        if self.lambda == 0.0 { Lineality::Everything } else { Lineality::Trivial }
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

impl Separable for Foreign {
    fn value_at(&self, _j: usize, b: f64) -> f64 {
        // SAFETY: a pure function of numbers, with the signature it was loaded under.
        unsafe { (self.value)(self.lambda, b) }
    }
    fn prox_at(&self, _j: usize, v: f64, step: f64) -> f64 {
        // SAFETY: as above.
        unsafe { (self.prox)(self.lambda, v, step) }
    }
    fn subdiff_dist_at(&self, _j: usize, b: f64, grad: f64) -> f64 {
        // SAFETY: as above.
        unsafe { (self.subdiff_dist)(self.lambda, b, grad) }
    }
}

/// Compiles l1.c and loads it; `None`, with a word on stderr, where there is no C compiler.
fn library() -> Option<Arc<Library>> {
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/prototypes/l1.c");
    // One file a process: tests of one binary may run at the same time.
    let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!(
        "l1-{}-{:?}.so",
        std::process::id(),
        std::thread::current().id()
    ));
    let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".into());
    let output = match Command::new(&compiler)
        .args(["-O2", "-shared", "-fPIC", "-o"])
        .arg(&target)
        .arg(source)
        .output()
    {
        Ok(output) => output,
        Err(error) => {
            eprintln!("skipped: no C compiler \"{compiler}\" ({error})");
            return None;
        }
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    // SAFETY: the library was built this moment from l1.c, which has no initialisers.
    let library = unsafe { Library::new(&target) }.expect("a library just built loads");
    std::fs::remove_file(&target).expect("the file just built can be removed");
    Some(Arc::new(library))
}

#[test]
fn a_penalty_from_c_obeys_the_laws() {
    let Some(library) = library() else { return };
    let penalty = Foreign::load(&library, 0.7).unwrap();
    fenchel_laws::penalty::assert_laws(&penalty, &Space::numbered(5, 1));
}

#[test]
fn coordinate_descent_through_a_c_library_moves_as_through_rust() {
    let Some(library) = library() else { return };
    let foreign = Foreign::load(&library, 0.3).unwrap();
    let by_c = descend(foreign.scaled(0.5).as_separable().unwrap());
    let by_rust = descend(L1(0.3).scaled(0.5).as_separable().unwrap());
    assert_eq!(by_c, by_rust);
    assert!(by_rust.contains(&0.0) && by_rust.iter().any(|b| *b != 0.0));
}

#[test]
fn the_library_outlives_the_handle_that_loaded_it() {
    let Some(library) = library() else { return };
    let penalty = Foreign::load(&library, 1.0).unwrap();
    drop(library);
    let copy = penalty.scaled(2.0);
    drop(penalty);
    let mut out = [0.0; 3];
    assert_eq!(copy.as_prox().unwrap().prox(&[5.0, -1.0, -3.0], 1.0, &mut out), 8.0);
    assert_eq!(out, [3.0, 0.0, -1.0]);
}

/// Ten epochs of coordinate descent on least squares.
fn descend(penalty: &dyn Separable) -> Vec<f64> {
    let (n, p) = (30, 6);
    let design = normal_design(n, p, 91);
    let mut residual = vec![0.0; n];
    design.column_axpy(2, 1.0, &mut residual);
    design.column_axpy(4, -0.2, &mut residual);
    let uniform = 1.0 / n as f64;
    let columns: Vec<Vec<f64>> = (0..p)
        .map(|j| {
            let mut column = vec![0.0; n];
            design.column_axpy(j, 1.0, &mut column);
            column
        })
        .collect();
    let stored_sums: Vec<f64> = columns.iter().map(|x| uniform * x.iter().sum::<f64>()).collect();
    let lipschitz: Vec<f64> = (0..p).map(|j| uniform * design.column_square(j, None)).collect();
    let mut beta = vec![0.0; p];
    let weighted_sum = uniform * residual.iter().sum::<f64>();
    let mut sweep = Sweep {
        design: &design,
        columns: None,
        copies: None,
        curvature: None,
        uniform,
        intercept: false,
        beta: &mut beta,
        intercepts: &mut [],
        residual: &mut residual,
        shift: &mut [0.0],
        weighted_sum: &mut [weighted_sum],
        total: &[1.0],
        stored_sums: &stored_sums,
        working: &[0, 1, 2, 3, 4, 5],
        lipschitz: &lipschitz,
        offsets: &[],
        grams: None,
        scratch: &mut [],
    };
    for _ in 0..10 {
        penalty.sweep(&mut sweep);
    }
    beta
}
