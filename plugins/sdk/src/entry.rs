//! The entry of the library and its tables of types, which are built once and never freed.
#![allow(unsafe_code)]

use std::ffi::{CStr, CString, c_char};
use std::sync::OnceLock;

use fenchel_core::{Card, inventory};
use fenchel_plugin_abi as abi;

use crate::boundary::caught;
use crate::panics;
use crate::register::{Create, Offered};

/// The entry of a library with this name and version; `aborts` where its panics end the process.
pub const fn plugin(name: &'static CStr, version: &'static CStr, aborts: bool) -> abi::Plugin {
    abi::Plugin {
        size: size_of::<abi::Plugin>(),
        magic: abi::MAGIC,
        abi: abi::ABI,
        flags: if aborts { abi::ABORTS } else { 0 },
        reserved: 0,
        name: name.as_ptr(),
        version: version.as_ptr(),
        penalty: Some(penalty),
        loss: Some(loss),
    }
}

/// Defines the symbol that `fenchel` looks for, with the name and version of the crate: every type
/// that this library registers is offered. Once a library.
#[macro_export]
macro_rules! export_plugin {
    () => {
        /// The entry of this plugin.
        #[unsafe(no_mangle)]
        #[allow(non_upper_case_globals)]
        pub static fenchel_plugin_v1: $crate::abi::Plugin = {
            const fn text(text: &'static str) -> &'static ::core::ffi::CStr {
                match ::core::ffi::CStr::from_bytes_with_nul(text.as_bytes()) {
                    Ok(text) => text,
                    Err(_) => panic!("a name without NUL, and one behind it"),
                }
            }
            $crate::plugin(
                text(concat!(env!("CARGO_PKG_NAME"), "\0")),
                text(concat!(env!("CARGO_PKG_VERSION"), "\0")),
                cfg!(panic = "abort"),
            )
        };
    };
}

struct Tables {
    penalties: Vec<abi::PenaltyType>,
    losses: Vec<abi::LossType>,
}

// SAFETY: the tables are written once, before anyone sees them; what they point to is leaked.
unsafe impl Send for Tables {}
// SAFETY: as above.
unsafe impl Sync for Tables {}

static TABLES: OnceLock<Tables> = OnceLock::new();

fn tables() -> &'static Tables {
    TABLES.get_or_init(|| {
        panics::silence();
        let mut offered: Vec<&Offered> = inventory::iter::<Offered>.into_iter().collect();
        offered.sort_by_key(|offered| offered.card.name); // the linker's order is none
        let mut tables = Tables { penalties: Vec::new(), losses: Vec::new() };
        for offered in offered {
            let card = card(&offered.card);
            match offered.create {
                Create::Penalty(create) => {
                    tables.penalties.push(crate::penalties::table(card, create));
                }
                Create::Loss(create) => tables.losses.push(crate::losses::table(card, create)),
            }
        }
        tables
    })
}

unsafe extern "C" fn penalty(i: usize) -> *const abi::PenaltyType {
    caught(|| tables().penalties.get(i).map(std::ptr::from_ref))
        .ok()
        .flatten()
        .unwrap_or(std::ptr::null())
}

unsafe extern "C" fn loss(i: usize) -> *const abi::LossType {
    caught(|| tables().losses.get(i).map(std::ptr::from_ref))
        .ok()
        .flatten()
        .unwrap_or(std::ptr::null())
}

fn card(card: &Card) -> *const abi::Card {
    Box::leak(Box::new(abi::Card {
        size: size_of::<abi::Card>(),
        name: leaked(card.name),
        summary: leaked(card.summary),
        formula: leaked(card.formula),
        method: leaked(card.method),
        combines: leaked(card.combines),
        example: leaked(card.example),
        source: leaked(card.source),
        schema: leaked(&card.schema().as_value().to_string()),
    }))
}

/// The text for C, cut at a NUL inside it.
fn leaked(text: &str) -> *const c_char {
    let text = text.split('\0').next().unwrap_or_default();
    CString::new(text).unwrap_or_default().into_raw()
}
