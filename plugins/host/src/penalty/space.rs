//! The space of coefficients and the host's services, while a penalty is created.

use std::any::Any;
use std::cell::RefCell;
use std::ffi::{CStr, CString, c_char};
use std::panic::{AssertUnwindSafe, catch_unwind};

use fenchel_core::{Context, Error, GroupsSpec, Resolve, Space};
use fenchel_plugin_abi as abi;
use serde_json::{Map, Value};

use super::recorded::Recorded;
use crate::refusal::Refusal;
use crate::texts;

/// Answers to one penalty while it is created, and keeps what it hands out until then.
pub(super) struct Desk<'a> {
    space: &'a Space,
    parameters: &'a Map<String, Value>,
    files: &'a Recorded<'a>,
    handed_out: RefCell<Vec<Box<dyn Any>>>,
    refusal: RefCell<Option<Error>>,
}

impl<'a> Desk<'a> {
    pub(super) fn new(
        space: &'a Space,
        parameters: &'a Map<String, Value>,
        files: &'a Recorded<'a>,
    ) -> Self {
        let (handed_out, refusal) = (RefCell::default(), RefCell::default());
        Self { space, parameters, files, handed_out, refusal }
    }

    /// What `create` gets. It refers to the desk.
    pub(super) fn services(&self) -> abi::Space {
        abi::Space {
            size: size_of::<abi::Space>(),
            features: self.space.features(),
            outputs: self.space.outputs(),
            host: std::ptr::from_ref(self).cast(),
            feature: Some(feature),
            groups: Some(groups),
            table_column: Some(table_column),
            matrix: Some(matrix),
        }
    }

    /// The error of a service, where `create` fails because of it: it knows more than its text.
    pub(super) fn refused(&self, refusal: &Refusal) -> Option<Error> {
        let error = self.refusal.take()?;
        let text = texts::line(error.to_string().as_bytes());
        (!refusal.message.is_empty() && text.starts_with(&refusal.message)).then_some(error)
    }

    /// Keeps a list until the penalty was created.
    fn hand_out<T: 'static>(&self, list: Vec<T>) -> *const T {
        let list = list.into_boxed_slice();
        let at = list.as_ptr();
        self.handed_out.borrow_mut().push(Box::new(list));
        at
    }

    /// Runs a service and writes down why it fails.
    ///
    /// # Safety
    /// `error` is null or points to an error with buffers as large as it says.
    #[allow(unsafe_code)]
    unsafe fn answer(
        &self,
        error: *mut abi::Error,
        run: impl FnOnce() -> Result<(), Error>,
    ) -> i32 {
        let refusal = match catch_unwind(AssertUnwindSafe(run)) {
            Ok(Ok(())) => return abi::OK,
            Ok(Err(refusal)) => refusal,
            Err(_) => Error::Unsupported("the host panicked".into()),
        };
        let mut path = String::new();
        let mut layer = &refusal;
        while let Error::At { path: key, source } = layer {
            let dot = if path.is_empty() || key.starts_with('[') { "" } else { "." };
            path = format!("{path}{dot}{key}");
            layer = source;
        }
        let status = match refusal.innermost() {
            Error::Unsupported(_) => abi::UNSUPPORTED,
            _ => abi::INVALID,
        };
        // SAFETY: the caller's promise.
        if let Some(error) = unsafe { error.as_mut() } {
            // SAFETY: as above.
            unsafe {
                write(error.message, error.message_capacity, &refusal.to_string());
                write(error.path, error.path_capacity, &path);
            }
        }
        self.refusal.replace(Some(refusal));
        status
    }
}

/// Writes a text, cut to fit, with a NUL.
///
/// # Safety
/// `to` is null or has room for `capacity` bytes.
#[allow(unsafe_code)]
unsafe fn write(to: *mut c_char, capacity: usize, text: &str) {
    if to.is_null() || capacity == 0 {
        return;
    }
    let length = text.floor_char_boundary(text.len().min(capacity - 1));
    // SAFETY: the caller's promise, and `length` is below `capacity`.
    unsafe {
        to.cast::<u8>().copy_from_nonoverlapping(text.as_ptr(), length);
        to.add(length).write(0);
    }
}

/// The desk behind what a plugin hands back.
///
/// # Safety
/// `space` is what `create` got, or a copy of it, and `create` has not returned.
#[allow(unsafe_code)]
unsafe fn desk<'a>(space: *const abi::Space) -> &'a Desk<'a> {
    // SAFETY: the caller's promise.
    unsafe { &*(*space).host.cast::<Desk<'a>>() }
}

/// A text of the plugin's.
///
/// # Safety
/// `text` is null or NUL-terminated.
#[allow(unsafe_code)]
unsafe fn text<'a>(text: *const c_char, what: &str) -> Result<&'a str, Error> {
    if text.is_null() {
        return Err(Error::Unsupported(format!("the {what} is NULL")));
    }
    // SAFETY: the caller's promise.
    let text = unsafe { CStr::from_ptr(text) };
    text.to_str().map_err(|_| Error::Unsupported(format!("the {what} is not UTF-8")))
}

// The functions of `fenchel_space`. SAFETY, for all four: the header has the plugin hand back the
// space that `create` got, texts with a NUL, and places for the results, while `create` runs.

#[allow(unsafe_code)]
unsafe extern "C" fn feature(
    space: *const abi::Space,
    j: usize,
    length: *mut usize,
) -> *const c_char {
    // SAFETY: see above.
    let names = unsafe { desk(space) }.space.names();
    let name = names.get(j);
    // SAFETY: see above.
    unsafe { length.write(name.map_or(0, String::len)) };
    name.map_or(std::ptr::null(), |name| name.as_ptr().cast())
}

#[allow(unsafe_code)]
unsafe extern "C" fn groups(
    space: *const abi::Space,
    key: *const c_char,
    starts: *mut *const usize,
    members: *mut *const usize,
    count: *mut usize,
    error: *mut abi::Error,
) -> i32 {
    // SAFETY: see above.
    let desk = unsafe { desk(space) };
    let run = || {
        // SAFETY: see above.
        let key = unsafe { text(key, "name of a parameter") }?;
        let value = desk.parameters.get(key).filter(|value| !value.is_null());
        let missing = || Error::Spec { message: format!("missing field `{key}`") };
        let spec: GroupsSpec = serde_json::from_value(value.ok_or_else(missing)?.clone())
            .map_err(|e| Error::Spec { message: e.to_string() }.at(key))?;
        let context = Context { space: desk.space, resolve: desk.files };
        let groups = spec.build(&context).map_err(|e| e.at(key))?;
        let (mut first, mut all) = (vec![0], Vec::with_capacity(desk.space.features()));
        for g in 0..groups.len() {
            all.extend_from_slice(groups.members(g));
            first.push(all.len());
        }
        // SAFETY: see above.
        unsafe {
            starts.write(desk.hand_out(first));
            members.write(desk.hand_out(all));
            count.write(groups.len());
        }
        Ok(())
    };
    // SAFETY: see above.
    unsafe { desk.answer(error, run) }
}

#[allow(unsafe_code)]
unsafe extern "C" fn table_column(
    space: *const abi::Space,
    file: *const c_char,
    column: *const c_char,
    cells: *mut *const *const c_char,
    count: *mut usize,
    error: *mut abi::Error,
) -> i32 {
    // SAFETY: see above.
    let desk = unsafe { desk(space) };
    let run = || {
        // SAFETY: see above.
        let (file, column) = unsafe { (text(file, "file")?, text(column, "column")?) };
        let owned = desk.files.table_column(file, column)?;
        let owned = owned
            .into_iter()
            .enumerate()
            .map(|(i, cell)| {
                let message = || format!("\"{file}\": cell {} of \"{column}\" has a NUL", i + 1);
                CString::new(cell).map_err(|_| Error::Data(message()))
            })
            .collect::<Result<Vec<CString>, Error>>()?;
        let pointers: Vec<*const c_char> = owned.iter().map(|cell| cell.as_ptr()).collect();
        desk.hand_out(owned);
        // SAFETY: see above.
        unsafe {
            count.write(pointers.len());
            cells.write(desk.hand_out(pointers));
        }
        Ok(())
    };
    // SAFETY: see above.
    unsafe { desk.answer(error, run) }
}

#[allow(unsafe_code)]
unsafe extern "C" fn matrix(
    space: *const abi::Space,
    file: *const c_char,
    values: *mut *const f64,
    rows: *mut usize,
    cols: *mut usize,
    error: *mut abi::Error,
) -> i32 {
    // SAFETY: see above.
    let desk = unsafe { desk(space) };
    let run = || {
        // SAFETY: see above.
        let file = unsafe { text(file, "file") }?;
        let (numbers, columns) = desk.files.matrix(file)?;
        // SAFETY: see above.
        unsafe {
            rows.write(numbers.len() / columns.max(1));
            cols.write(columns);
            values.write(desk.hand_out(numbers));
        }
        Ok(())
    };
    // SAFETY: see above.
    unsafe { desk.answer(error, run) }
}
