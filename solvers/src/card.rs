//! Index cards of the solvers, for `list` and `describe`.

/// Submits a solver's card. A solver has no parameters beside those of `[solver]`.
macro_rules! register_solver {
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
