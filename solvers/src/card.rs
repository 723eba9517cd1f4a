//! Index cards of the solvers, for `list` and `describe`.

/// Submits a solver's card. Few solvers have `options` beside the limits that all have.
macro_rules! register_solver {
    ($name:literal, options: $options:ty, { $($field:ident : $value:expr),* $(,)? }) => {
        inventory::submit! {
            fenchel_core::Card {
                kind: fenchel_core::Kind::Solver,
                name: $name,
                example: "",
                parameters: fenchel_core::Parameters::Derived(|| schemars::schema_for!($options)),
                $($field: $value),*
            }
        }
    };
    ($name:literal, { $($field:ident : $value:expr),* $(,)? }) => {
        inventory::submit! {
            fenchel_core::Card {
                kind: fenchel_core::Kind::Solver,
                name: $name,
                example: "",
                parameters: fenchel_core::Parameters::Derived(|| {
                    schemars::json_schema!({ "type": "object", "properties": {} })
                }),
                $($field: $value),*
            }
        }
    };
}

pub(crate) use register_solver;
