//! The response in the form that a loss reads.

use fenchel_core::{Response, ResponseKind};

use super::error::DataError;
use super::part::Part;
use super::table::Table;

/// The columns that make up the response.
#[derive(Debug)]
pub(super) enum ResponseParts<'t> {
    Columns(Vec<Part<'t>>),
    Survival { time: Part<'t>, event: Part<'t> },
    None,
}

impl<'t> ResponseParts<'t> {
    /// Every column in it.
    pub(super) fn parts(&self) -> Vec<&Part<'t>> {
        match self {
            Self::Columns(parts) => parts.iter().collect(),
            Self::Survival { time, event } => vec![time, event],
            Self::None => Vec::new(),
        }
    }

    /// The names of the columns.
    pub(super) fn names(&self) -> Vec<String> {
        self.parts().into_iter().map(|part| part.name.clone()).collect()
    }

    /// The response of `rows`, for a loss that reads `kind`.
    ///
    /// Errors: another kind of response; text, missing or infinite cells where numbers are read; a
    /// negative time; an event that is neither 0 nor 1; fewer than two classes, or not two.
    pub(super) fn build(
        &self,
        main: &Table,
        kind: ResponseKind,
        rows: &[usize],
    ) -> Result<Response, DataError> {
        match (kind, self) {
            (ResponseKind::Nothing, _) => Ok(Response::None { samples: rows.len() }),
            (_, Self::None) => Err(unnamed(main)),
            (ResponseKind::Survival, Self::Survival { time, event }) => {
                let response =
                    Response::Survival { time: time.numbers(rows)?, event: event.flags(rows)? };
                if let Response::Survival { time: times, .. } = &response
                    && let Some(at) = times.iter().position(|&t| t < 0.0)
                {
                    let message = format!("expected a time of at least 0, got {}", times[at]);
                    return Err(time.error(rows[at], message));
                }
                Ok(response)
            }
            (ResponseKind::Survival, Self::Columns(_)) => {
                Err(DataError::new(main.path(), "the loss reads survival times and events")
                    .help("name both: response = { time = \"...\", event = \"...\" }"))
            }
            (_, Self::Survival { .. }) => {
                Err(DataError::new(main.path(), "the loss does not read survival times and events")
                    .help("name a column: response = \"...\""))
            }
            (ResponseKind::Numbers, Self::Columns(parts)) => {
                let columns =
                    parts.iter().map(|part| part.numbers(rows)).collect::<Result<Vec<_>, _>>()?;
                Ok(Response::Numeric { columns: columns.len(), values: columns.concat() })
            }
            (ResponseKind::Number, Self::Columns(parts)) => {
                Ok(Response::Numeric { values: single(main, parts)?.numbers(rows)?, columns: 1 })
            }
            (ResponseKind::TwoClasses | ResponseKind::Classes, Self::Columns(parts)) => {
                classes(single(main, parts)?, kind, rows)
            }
        }
    }
}

fn single<'p, 't>(main: &Table, parts: &'p [Part<'t>]) -> Result<&'p Part<'t>, DataError> {
    match parts {
        [part] => Ok(part),
        several => Err(DataError::new(
            main.path(),
            format!("the loss reads one response, but {} are named", several.len()),
        )),
    }
}

fn classes(part: &Part<'_>, kind: ResponseKind, rows: &[usize]) -> Result<Response, DataError> {
    let classes = part.classes(rows)?;
    let count = classes.labels.len();
    if count < 2 {
        let label = classes.labels.first().map_or("", String::as_str);
        return Err(part
            .error_in(format!("every response is \"{label}\": at least two classes are needed")));
    }
    if kind == ResponseKind::TwoClasses && count > 2 {
        let mut shown = classes.labels[..count.min(5)].join(", ");
        if count > 5 {
            shown.push_str(", ...");
        }
        let message = format!("{count} classes ({shown}), but the loss reads two");
        return Err(part.error_in(message).help("multinomial and cumulative_logit read several"));
    }
    Ok(Response::Classes { class: classes.class, labels: classes.labels })
}

fn unnamed(main: &Table) -> DataError {
    let error = DataError::new(main.path(), "no response is named");
    match main.names().iter().next_back() {
        Some(last) if main.is_named() => {
            error.help(format!("name a column in [data], for example response = \"{last}\""))
        }
        _ => error.help("name a file in [data]: response = { file = \"y.npy\" }"),
    }
}
