//! The coefficients as the host describes them, and its services, while `create` runs.
#![allow(unsafe_code)]

use std::ffi::{CString, c_char};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fenchel_core::{Error, Penalty, Raw, Resolve, Space};
use fenchel_plugin_abi::{self as abi, Table};

use crate::boundary::{input, text};

/// The host, for as long as `create` runs.
pub(super) struct Host {
    space: *const abi::Space,
    table: abi::Space,
    names: Arc<Names>,
}

/// Where the names of the features are. A spec may keep a clone of the space, and ask it for them
/// when the host has long gone.
struct Names(Mutex<Source>);

enum Source {
    Host(*const abi::Space, abi::Space),
    Copied(Vec<String>),
}

// SAFETY: the host's space is read under the lock only, by one thread at a time, and not after
// `create`, when `Host::drop` has replaced it.
unsafe impl Send for Source {}

impl Host {
    /// # Safety
    /// `space` is what `create` was given, and this does not outlive that call.
    pub(super) unsafe fn new(space: *const abi::Space) -> Self {
        // SAFETY: the caller's promise; all zero is a valid table.
        let table = unsafe { abi::Space::read(space).unwrap_or_else(|| std::mem::zeroed()) };
        Self { space, table, names: Arc::new(Names(Mutex::new(Source::Host(space, table)))) }
    }

    /// The coefficients. A plugin that asks for no name pays for none.
    pub(super) fn space(&self) -> Space {
        let names = Arc::clone(&self.names);
        Space::named_by(self.table.features, self.table.outputs, move || names.all())
    }

    /// Runs a service of the host, `*mut Error` last; what it says went wrong becomes an error.
    fn ask(&self, service: impl FnOnce(*mut abi::Error) -> i32) -> Result<(), Error> {
        let (mut message, mut path) = ([0 as c_char; 2048], [0 as c_char; 256]);
        let mut error = abi::Error {
            size: size_of::<abi::Error>(),
            message: message.as_mut_ptr(),
            message_capacity: message.len(),
            path: path.as_mut_ptr(),
            path_capacity: path.len(),
            sample: -1,
        };
        let status = service(&mut error);
        // SAFETY: zeroed, and the host ends what it writes with NUL.
        let (message, path) = unsafe { (text(message.as_ptr()), text(path.as_ptr())) };
        let error = match status {
            abi::OK => return Ok(()),
            abi::UNSUPPORTED => Error::Unsupported(message),
            _ => Error::Data(message),
        };
        Err(if path.is_empty() { error } else { error.at(path) })
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        if Arc::strong_count(&self.names) > 1 {
            let all = self.names.all();
            *self.names.lock() = Source::Copied(all);
        }
    }
}

impl Names {
    fn lock(&self) -> MutexGuard<'_, Source> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn all(&self) -> Vec<String> {
        match &*self.lock() {
            Source::Copied(names) => names.clone(),
            Source::Host(space, table) => (0..table.features)
                .map(|j| {
                    let Some(feature) = table.feature else { return (j + 1).to_string() };
                    let mut length = 0;
                    // SAFETY: the host's own function, with the host's space; `create` still runs.
                    let name = unsafe { input(feature(*space, j, &mut length).cast(), length) };
                    String::from_utf8_lossy(name).into_owned()
                })
                .collect(),
        }
    }
}

impl Resolve for Host {
    fn penalty(&self, _raw: &Raw, _space: &Space) -> Result<Box<dyn Penalty>, Error> {
        Err(Error::Unsupported("a plugin's penalty cannot hold other penalties".into()))
    }

    fn table_column(&self, file: &str, column: &str) -> Result<Vec<String>, Error> {
        let service = self.table.table_column.ok_or_else(|| lacks("columns of tables"))?;
        let (file, column) = (for_c(file)?, for_c(column)?);
        let (mut cells, mut count) = (std::ptr::null(), 0);
        // SAFETY: the host's own function, with the host's space and buffers that live long enough.
        self.ask(|error| unsafe {
            service(self.space, file.as_ptr(), column.as_ptr(), &mut cells, &mut count, error)
        })?;
        // SAFETY: the host keeps `count` texts until `create` returns.
        Ok(unsafe { input(cells, count) }.iter().map(|cell| unsafe { text(*cell) }).collect())
    }

    fn matrix(&self, file: &str) -> Result<(Vec<f64>, usize), Error> {
        let service = self.table.matrix.ok_or_else(|| lacks("matrices"))?;
        let file = for_c(file)?;
        let (mut values, mut rows, mut cols) = (std::ptr::null(), 0, 0);
        // SAFETY: the host's own function, with the host's space and buffers that live long enough.
        self.ask(|error| unsafe {
            service(self.space, file.as_ptr(), &mut values, &mut rows, &mut cols, error)
        })?;
        // SAFETY: the host keeps rows x cols numbers until `create` returns.
        Ok((unsafe { input(values, rows * cols) }.to_vec(), cols))
    }
}

fn lacks(what: &str) -> Error {
    Error::Unsupported(format!("this host reads no {what} for plugins"))
}

fn for_c(name: &str) -> Result<CString, Error> {
    CString::new(name).map_err(|_| Error::Data(format!("the name {name:?} holds a NUL")))
}
