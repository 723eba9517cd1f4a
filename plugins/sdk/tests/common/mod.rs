//! A host of a few lines: calls the tables of a library that is linked into the test.
#![allow(unsafe_code, dead_code)]

use std::cell::Cell;
use std::ffi::{CStr, CString, c_char, c_void};

use fenchel_plugin::abi::{self, Capability, Table};

/// What a function wrote into the buffers when it refused.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    pub status: i32,
    pub message: String,
    pub path: String,
    pub sample: i64,
}

/// Calls a function with buffers of `capacity` bytes for its error.
pub fn within(
    capacity: usize,
    function: impl FnOnce(*mut abi::Error) -> i32,
) -> Result<(), Refusal> {
    let (mut message, mut path) = (vec![0; capacity], vec![0; capacity]);
    let mut error = abi::Error {
        size: size_of::<abi::Error>(),
        message: message.as_mut_ptr(),
        message_capacity: capacity,
        path: path.as_mut_ptr(),
        path_capacity: capacity,
        sample: -1,
    };
    let status = function(&mut error);
    let sample = error.sample;
    if status == abi::OK {
        return Ok(());
    }
    // SAFETY: both were zeroed and are ended by NUL.
    let text = |buffer: &[c_char]| unsafe { CStr::from_ptr(buffer.as_ptr()) };
    let text = |buffer| text(buffer).to_str().expect("UTF-8").to_string();
    Err(Refusal { status, message: text(&message), path: text(&path), sample })
}

pub fn call(function: impl FnOnce(*mut abi::Error) -> i32) -> Result<(), Refusal> {
    within(512, function)
}

/// The text at a pointer.
pub fn text(text: *const c_char) -> String {
    assert!(!text.is_null());
    // SAFETY: texts of a plugin are NUL-terminated and live as long as it does.
    unsafe { CStr::from_ptr(text) }.to_str().expect("UTF-8").to_string()
}

/// Coefficients, and files that the host of a test knows.
pub struct Space {
    pub names: Vec<String>,
    pub outputs: usize,
    /// How many names were asked for.
    pub asked: Cell<usize>,
    column: Vec<CString>,
    cells: Vec<*const c_char>,
}

impl Space {
    pub fn new(names: &[&str], outputs: usize) -> Self {
        let column: Vec<CString> =
            names.iter().map(|name| CString::new(&name[..1]).unwrap()).collect();
        let cells = column.iter().map(|cell| cell.as_ptr()).collect();
        let names = names.iter().map(|name| name.to_string()).collect();
        Self { names, outputs, asked: Cell::new(0), column, cells }
    }

    fn table(&self) -> abi::Space {
        abi::Space {
            size: size_of::<abi::Space>(),
            features: self.names.len(),
            outputs: self.outputs,
            host: std::ptr::from_ref(self).cast(),
            feature: Some(feature),
            groups: None,
            table_column: Some(table_column),
            matrix: None,
        }
    }
}

unsafe extern "C" fn feature(
    space: *const abi::Space,
    j: usize,
    length: *mut usize,
) -> *const c_char {
    // SAFETY: the table is from `Space::table`.
    let space: &Space = unsafe { &*(*space).host.cast() };
    space.asked.set(space.asked.get() + 1);
    // SAFETY: as above.
    unsafe { length.write(space.names[j].len()) };
    space.names[j].as_ptr().cast()
}

/// The column `initial` of any file: the first letters of the names. There is no other column.
unsafe extern "C" fn table_column(
    space: *const abi::Space,
    _file: *const c_char,
    column: *const c_char,
    cells: *mut *const *const c_char,
    count: *mut usize,
    error: *mut abi::Error,
) -> i32 {
    // SAFETY: the table is from `Space::table`, and the buffer is large enough.
    unsafe {
        if CStr::from_ptr(column) != c"initial" {
            c"there is no such column".as_ptr().copy_to((*error).message, 24);
            return abi::INVALID;
        }
        let space: &Space = &*(*space).host.cast();
        cells.write(space.cells.as_ptr());
        count.write(space.cells.len());
    }
    abi::OK
}

/// Names of all penalties and of all losses of a library, in its order.
pub fn names(plugin: &abi::Plugin) -> (Vec<String>, Vec<String>) {
    // SAFETY: types and cards live as long as the library.
    let name = |card: *const abi::Card| text(unsafe { (*card).name });
    // SAFETY: as above.
    let penalties = (0..).map_while(|i| unsafe { plugin.penalty.unwrap()(i).as_ref() });
    // SAFETY: as above.
    let losses = (0..).map_while(|i| unsafe { plugin.loss.unwrap()(i).as_ref() });
    (penalties.map(|t| name(t.card)).collect(), losses.map(|t| name(t.card)).collect())
}

pub fn penalty_type(plugin: &abi::Plugin, name: &str) -> abi::PenaltyType {
    let i = names(plugin).0.iter().position(|n| n == name).expect("such a penalty");
    // SAFETY: types live as long as the library.
    unsafe { abi::PenaltyType::read(plugin.penalty.unwrap()(i)) }.unwrap()
}

pub fn loss_type(plugin: &abi::Plugin, name: &str) -> abi::LossType {
    let i = names(plugin).1.iter().position(|n| n == name).expect("such a loss");
    // SAFETY: types live as long as the library.
    unsafe { abi::LossType::read(plugin.loss.unwrap()(i)) }.unwrap()
}

/// A penalty of a library.
pub struct Penalty {
    pub table: abi::PenaltyType,
    pub raw: *mut c_void,
}

impl Penalty {
    pub fn create(
        plugin: &abi::Plugin,
        name: &str,
        json: &str,
        space: &Space,
    ) -> Result<Self, Refusal> {
        let (table, host) = (penalty_type(plugin, name), space.table());
        let mut raw = std::ptr::null_mut();
        // SAFETY: all pointers are to live objects of the right kind.
        call(|error| unsafe {
            table.create.unwrap()(json.as_ptr().cast(), json.len(), &host, &mut raw, error)
        })?;
        assert!(!raw.is_null());
        Ok(Self { table, raw })
    }

    /// What it offers under an id and a revision.
    pub fn offers(&self, id: &CStr, revision: u32) -> *const c_void {
        // SAFETY: a live object and a text.
        unsafe { self.table.capability.unwrap()(self.raw, id.as_ptr(), revision) }
    }

    pub fn capability<T: Capability>(&self) -> Option<T> {
        // SAFETY: what is offered under the id of T is a T.
        unsafe { T::read(self.offers(T::ID, T::REVISION).cast()) }
    }

    pub fn value(&self, beta: &[f64]) -> Result<f64, Refusal> {
        let mut value = f64::NAN;
        // SAFETY: a live object and arrays of the length that is passed.
        call(|error| unsafe {
            self.table.value.unwrap()(self.raw, beta.as_ptr(), beta.len(), &mut value, error)
        })?;
        Ok(value)
    }

    /// The prox of the whole and its value there.
    pub fn prox(&self, v: &[f64], step: f64) -> Result<(Vec<f64>, f64), Refusal> {
        let prox = self.capability::<abi::Prox>().expect("a prox").prox.unwrap();
        let (mut out, mut value) = (vec![f64::NAN; v.len()], f64::NAN);
        // SAFETY: a live object and arrays of the length that is passed.
        call(|error| unsafe {
            prox(self.raw, v.as_ptr(), v.len(), step, out.as_mut_ptr(), &mut value, error)
        })?;
        Ok((out, value))
    }

    pub fn scaled(&self, scale: f64) -> Result<Self, Refusal> {
        let scaled = self.capability::<abi::Scaled>().expect("scaling").scaled.unwrap();
        let mut raw = std::ptr::null_mut();
        // SAFETY: a live object.
        call(|error| unsafe { scaled(self.raw, scale, &mut raw, error) })?;
        Ok(Self { table: self.table, raw })
    }
}

impl Drop for Penalty {
    fn drop(&mut self) {
        // SAFETY: given back once.
        unsafe { self.table.destroy.unwrap()(self.raw) }
    }
}

/// Numeric responses for C.
pub fn numeric(values: &[f64], columns: usize, weights: Option<&[f64]>) -> abi::Samples {
    // SAFETY: all zero is a valid table.
    let mut samples: abi::Samples = unsafe { std::mem::zeroed() };
    samples.size = size_of::<abi::Samples>();
    samples.samples = values.len() / columns;
    samples.kind = abi::NUMBERS;
    samples.values = values.as_ptr();
    samples.columns = columns;
    samples.weights = weights.map_or(std::ptr::null(), <[f64]>::as_ptr);
    samples
}

/// A loss of a library.
pub struct Loss {
    pub table: abi::LossType,
    pub raw: *mut c_void,
}

impl Loss {
    pub fn create(plugin: &abi::Plugin, name: &str) -> Result<Self, Refusal> {
        let (table, mut raw) = (loss_type(plugin, name), std::ptr::null_mut());
        // SAFETY: all pointers are to live objects of the right kind.
        call(|error| unsafe { table.create.unwrap()(c"{}".as_ptr(), 2, &mut raw, error) })?;
        Ok(Self { table, raw })
    }

    pub fn bind(&self, samples: &abi::Samples) -> Result<Fit, Refusal> {
        let mut raw = std::ptr::null_mut();
        // SAFETY: all pointers are to live objects of the right kind.
        call(|error| unsafe { self.table.bind.unwrap()(self.raw, samples, &mut raw, error) })?;
        // SAFETY: the table lives as long as the library.
        let table = unsafe { abi::FitType::read(self.table.fit) }.unwrap();
        Ok(Fit { table, raw })
    }

    pub fn predictor(&self) -> Option<abi::Predictor> {
        let id = abi::Predictor::ID.as_ptr();
        // SAFETY: a live object, and what is offered under the id is a predictor.
        unsafe { abi::Predictor::read(self.table.capability.unwrap()(self.raw, id, 1).cast()) }
    }
}

impl Drop for Loss {
    fn drop(&mut self) {
        // SAFETY: given back once.
        unsafe { self.table.destroy.unwrap()(self.raw) }
    }
}

/// A bound loss of a library.
pub struct Fit {
    pub table: abi::FitType,
    pub raw: *mut c_void,
}

impl Fit {
    pub fn capability<T: Capability>(&self) -> Option<T> {
        let id = T::ID.as_ptr();
        // SAFETY: a live object, and what is offered under the id of T is a T.
        unsafe { T::read(self.table.capability.unwrap()(self.raw, id, T::REVISION).cast()) }
    }

    /// The gradient in eta, and the value.
    pub fn gradient(&self, eta: &[f64], own: &[f64]) -> Result<(Vec<f64>, f64), Refusal> {
        let gradient = self.capability::<abi::Smooth>().expect("a gradient").gradient.unwrap();
        let (mut grad, mut grad_own) = (vec![f64::NAN; eta.len()], vec![f64::NAN; own.len()]);
        let mut value = f64::NAN;
        // SAFETY: a live object and arrays as long as the fit expects.
        call(|error| unsafe {
            let (grad, grad_own) = (grad.as_mut_ptr(), grad_own.as_mut_ptr());
            gradient(self.raw, eta.as_ptr(), own.as_ptr(), grad, grad_own, &mut value, error)
        })?;
        Ok((grad, value))
    }
}

impl Drop for Fit {
    fn drop(&mut self) {
        // SAFETY: given back once.
        unsafe { self.table.destroy.unwrap()(self.raw) }
    }
}
