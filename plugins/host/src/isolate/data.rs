//! Samples, reports and cards as words.

use fenchel_core::{Card, Kind, OwnReport, Parameters, Response, Samples};

use super::words::{Garbled, Reader, Sink};

pub(super) fn write_samples(samples: &Samples, to: &mut impl Sink) {
    match samples.response() {
        Response::Numeric { values, columns } => {
            to.word(0);
            to.numbers(values);
            to.size(*columns);
        }
        Response::Classes { class, labels } => {
            to.word(1);
            to.small(class);
            to.size(labels.len());
            labels.iter().for_each(|label| to.text(label));
        }
        Response::Survival { time, event } => {
            to.word(2);
            to.numbers(time);
            to.small(&event.iter().map(|seen| u32::from(*seen)).collect::<Vec<_>>());
        }
        Response::None { samples } => {
            to.word(3);
            to.size(*samples);
        }
    }
    to.option(samples.weights(), |to, weights| to.numbers(weights));
    to.option(samples.subject(), |to, subject| to.small(subject));
}

pub(super) fn read_samples(from: &mut Reader<'_>) -> Result<Samples, Garbled> {
    let response = match from.word()? {
        0 => Response::Numeric { values: from.numbers()?.to_vec(), columns: from.size()? },
        1 => Response::Classes { class: from.small()?, labels: from.list(Reader::text)? },
        2 => Response::Survival {
            time: from.numbers()?.to_vec(),
            event: from.small()?.into_iter().map(|seen| seen != 0).collect(),
        },
        3 => Response::None { samples: from.size()? },
        _ => return Err(Garbled),
    };
    let weights = from.option(|from| Ok(from.numbers()?.to_vec()))?;
    let mut samples = Samples::new(response, weights).map_err(|_| Garbled)?;
    if let Some(subject) = from.option(Reader::small)? {
        samples = samples.with_subject(subject).map_err(|_| Garbled)?;
    }
    Ok(samples)
}

pub(super) fn write_report(report: &OwnReport, to: &mut impl Sink) {
    to.option(report.intercept.as_ref(), |to, intercept| to.numbers(intercept));
    to.size(report.extra.len());
    for (name, values) in &report.extra {
        to.text(name);
        to.numbers(values);
    }
}

pub(super) fn read_report(from: &mut Reader<'_>) -> Result<OwnReport, Garbled> {
    Ok(OwnReport {
        intercept: from.option(|from| Ok(from.numbers()?.to_vec()))?,
        extra: from.list(|from| Ok((from.text()?, from.numbers()?.to_vec())))?,
    })
}

pub(super) fn write_card(card: &Card, to: &mut impl Sink) {
    to.flag(card.kind == Kind::Loss);
    let schema = match card.parameters {
        Parameters::Text(text) => text.to_string(),
        Parameters::Derived(_) => card.schema().as_value().to_string(),
    };
    let texts = [
        card.name,
        card.summary,
        card.formula,
        card.method,
        card.combines,
        card.example,
        card.source,
        &schema,
    ];
    texts.into_iter().for_each(|text| to.text(text));
}

/// Kept for as long as the process.
pub(super) fn read_card(from: &mut Reader<'_>) -> Result<&'static Card, Garbled> {
    let kind = if from.flag()? { Kind::Loss } else { Kind::Penalty };
    let mut text = || Ok::<&'static str, Garbled>(from.text()?.leak());
    Ok(Box::leak(Box::new(Card {
        kind,
        name: text()?,
        summary: text()?,
        formula: text()?,
        method: text()?,
        combines: text()?,
        example: text()?,
        source: text()?,
        parameters: Parameters::Text(text()?),
    })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_arrive_to_the_bit() {
        let responses = [
            Response::Numeric { values: vec![0.1, -0.0, 3.0, 4.0, 5.0, 6.0], columns: 2 },
            Response::Classes { class: vec![0, 1, 1], labels: vec!["no".into(), "yes".into()] },
            Response::Survival { time: vec![1.0, 2.0, 3.5], event: vec![true, false, true] },
            Response::None { samples: 3 },
        ];
        for response in responses {
            for weights in [None, Some(vec![0.3, 0.1, 1.7])] {
                let samples = Samples::new(response.clone(), weights).unwrap();
                for samples in [samples.clone(), samples.with_subject(vec![0, 0, 1]).unwrap()] {
                    let mut message = Vec::new();
                    write_samples(&samples, &mut message);
                    assert_eq!(read_samples(&mut Reader::new(&mut message)), Ok(samples));
                }
            }
        }
    }
}
