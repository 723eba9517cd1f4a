//! What this library offers. The macros have the names and the syntax of core's, so that a file
//! moves between a family and a plugin by one import; the registry behind them is another one, so
//! that a family which is merely linked along is not offered.

use fenchel_core::{BuildLoss, BuildPenalty, Card, inventory};
use fenchel_plugin_abi as abi;
use serde::de::DeserializeOwned;

/// A type that this library offers.
#[derive(Debug)]
pub struct Offered {
    pub(crate) card: Card,
    pub(crate) create: Create,
}

/// The boundary hands no type to `create`, so each type has a function of its own.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Create {
    Penalty(CreatePenalty),
    Loss(CreateLoss),
}

/// The type of [`abi::PenaltyType::create`].
pub(crate) type CreatePenalty = unsafe extern "C" fn(
    *const std::ffi::c_char,
    usize,
    *const abi::Space,
    *mut *mut std::ffi::c_void,
    *mut abi::Error,
) -> i32;

/// The type of [`abi::LossType::create`].
pub(crate) type CreateLoss = unsafe extern "C" fn(
    *const std::ffi::c_char,
    usize,
    *mut *mut std::ffi::c_void,
    *mut abi::Error,
) -> i32;

impl Offered {
    /// A penalty, built from its spec.
    pub const fn penalty<S: BuildPenalty + DeserializeOwned>(card: Card) -> Self {
        Self { card, create: Create::Penalty(crate::penalties::create::<S>) }
    }

    /// A loss, built from its spec.
    pub const fn loss<S: BuildLoss + DeserializeOwned>(card: Card) -> Self {
        Self { card, create: Create::Loss(crate::losses::create::<S>) }
    }
}

inventory::collect!(Offered);

/// Offers a penalty under its `type`, with its card.
///
/// The spec implements [`BuildPenalty`](crate::BuildPenalty), `Debug`, `serde::Deserialize` with
/// `deny_unknown_fields`, and `schemars::JsonSchema`.
#[macro_export]
macro_rules! register_penalty {
    ($name:literal, $spec:ty, { $($field:ident : $value:expr),* $(,)? }) => {
        $crate::inventory::submit! {
            $crate::Offered::penalty::<$spec>($crate::Card {
                kind: $crate::Kind::Penalty,
                name: $name,
                parameters: $crate::Parameters::Derived(|| $crate::schemars::schema_for!($spec)),
                $($field: $value),*
            })
        }
    };
}

/// Offers a loss under its `type`, with its card; see [`register_penalty!`].
#[macro_export]
macro_rules! register_loss {
    ($name:literal, $spec:ty, { $($field:ident : $value:expr),* $(,)? }) => {
        $crate::inventory::submit! {
            $crate::Offered::loss::<$spec>($crate::Card {
                kind: $crate::Kind::Loss,
                name: $name,
                parameters: $crate::Parameters::Derived(|| $crate::schemars::schema_for!($spec)),
                $($field: $value),*
            })
        }
    };
}
