//! What is written down of a library that is trusted: its digest, and the cards of its types, so that
//! they can be listed and described without running any of its code.

use std::path::PathBuf;

use fenchel_core::{Card, Kind, Parameters};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::LibraryInfo;

/// A library that is trusted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pin {
    /// Where it was, symbolic links resolved.
    pub path: PathBuf,
    /// SHA-256 of its bytes.
    pub sha256: String,
    /// As it calls itself.
    pub name: String,
    /// As it says.
    pub version: String,
    /// When it was pinned: UTC, ISO 8601.
    pub date: String,
    /// What it brought.
    pub types: Vec<PinnedType>,
}

/// The card of a type, and what the host found it to be able to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PinnedType {
    /// `penalty` or `loss`.
    pub kind: PinnedKind,
    /// The `type` in problem files.
    pub name: String,
    /// One sentence.
    pub summary: String,
    /// Plain text.
    pub formula: String,
    /// The prox or the derivatives.
    pub method: String,
    /// What it combines with.
    pub combines: String,
    /// TOML lines after `type = ...`.
    pub example: String,
    /// Paper and equation.
    pub source: String,
    /// JSON Schema of the parameters.
    pub schema: Value,
    /// In short words, as `list` shows them.
    pub capabilities: Vec<String>,
    /// Of a penalty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub convexity: Option<String>,
}

/// The kinds of types that libraries bring.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PinnedKind {
    /// A penalty.
    Penalty,
    /// A loss.
    Loss,
}

impl Pin {
    pub(super) fn new(info: &LibraryInfo, types: Vec<PinnedType>) -> Self {
        Self {
            path: info.path.clone(),
            sha256: info.sha256.clone(),
            name: info.name.clone(),
            version: info.version.clone(),
            date: chrono::Utc::now().format("%Y-%m-%dT%H:%M:%SZ").to_string(),
            types,
        }
    }
}

impl PinnedType {
    /// What is written down of a type.
    pub fn new(card: &Card, capabilities: Vec<String>, convexity: Option<String>) -> Self {
        Self {
            kind: if card.kind == Kind::Loss { PinnedKind::Loss } else { PinnedKind::Penalty },
            name: card.name.into(),
            summary: card.summary.into(),
            formula: card.formula.into(),
            method: card.method.into(),
            combines: card.combines.into(),
            example: card.example.into(),
            source: card.source.into(),
            schema: card.schema().into(),
            capabilities,
            convexity,
        }
    }

    /// Penalty or loss.
    pub fn kind(&self) -> Kind {
        match self.kind {
            PinnedKind::Penalty => Kind::Penalty,
            PinnedKind::Loss => Kind::Loss,
        }
    }

    /// The card, which lives as long as the process from here on.
    pub fn card(&self) -> &'static Card {
        let text = |text: &str| -> &'static str { String::leak(text.into()) };
        Box::leak(Box::new(Card {
            kind: self.kind(),
            name: text(&self.name),
            summary: text(&self.summary),
            formula: text(&self.formula),
            method: text(&self.method),
            combines: text(&self.combines),
            example: text(&self.example),
            source: text(&self.source),
            parameters: Parameters::Text(text(&self.schema.to_string())),
        }))
    }
}
