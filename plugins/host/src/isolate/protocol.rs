//! What is asked and answered: the functions of core's traits, one message each way.

use fenchel_core::{Convexity, CurvatureForm, Lineality, ResponseKind};

use super::words::{Garbled, Reader, Sink};

macro_rules! numbered {
    ($(#[$doc:meta])* $name:ident { $($variant:ident),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum $name { $($variant),* }

        impl $name {
            const ALL: &'static [Self] = &[$(Self::$variant),*];

            pub fn write(self, to: &mut impl Sink) {
                to.word(self as u64);
            }
            pub fn read(from: &mut Reader<'_>) -> Result<Self, Garbled> {
                let number = from.size()?;
                Self::ALL.get(number).copied().ok_or(Garbled)
            }
        }
    };
}

numbered! {
    /// A question.
    Op {
        Open, CreatePenalty, CreateLoss, Answer, DropPenalty, DropLoss, DropFit,
        // Of a penalty.
        Scaled, Lineality, Value, Prox, SubdiffDist, Conjugate, DualScale, ZeroThreshold, Scalars,
        // Of its coefficients.
        ValueAt, ProxAt, ProxEach, SubdiffDistAt, SubdiffDistRange, ValueOn, Sweep,
        // Of its blocks.
        Groups, ValueBlock, ProxBlock, SubdiffDistBlock, BlockDists, BlockValueOn, SweepBlocks,
        // Of a loss.
        Bind, Response, Class, Deviance,
        // Of a bound loss.
        FitValue, Gradient, FitCurvature, FitConjugate, FitProx, Report,
    }
}

numbered! {
    /// How an answer begins, after the fault that there may have been.
    Status {
        // What was asked for follows.
        Done,
        // An error of core follows.
        Refused,
        // What went wrong follows.
        Panicked,
        // The child needs a side file to go on: a column's file and name, or a matrix's file; or the
        // names of the features.
        NeedsColumn, NeedsMatrix, NeedsNames,
    }
}

/// The capabilities of a penalty, as bits.
pub(super) mod offers {
    pub const PROX: u64 = 1;
    pub const SEPARABLE: u64 = 2;
    pub const BLOCKS: u64 = 4;
    pub const SUBDIFFERENTIAL: u64 = 8;
    pub const CONJUGATE: u64 = 16;
    pub const ZERO_THRESHOLD: u64 = 32;
    pub const ELEMENTARY: u64 = 64;
}

/// What is known of a penalty from the start.
#[derive(Debug, Clone, Copy)]
pub(super) struct About {
    /// The child's number for it.
    pub id: u64,
    /// Bits of [`offers`].
    pub offers: u64,
    pub convexity: Convexity,
}

impl About {
    pub fn write(self, to: &mut impl Sink) {
        to.word(self.id);
        to.word(self.offers);
        let (class, modulus) = match self.convexity {
            Convexity::Convex => (0, 0.0),
            Convexity::WeaklyConvex(modulus) => (1, modulus),
            Convexity::Nonconvex => (2, 0.0),
        };
        to.word(class);
        to.number(modulus);
    }
    pub fn read(from: &mut Reader<'_>) -> Result<Self, Garbled> {
        let (id, offers, class, modulus) =
            (from.word()?, from.word()?, from.word()?, from.number()?);
        let convexity = match class {
            0 => Convexity::Convex,
            1 => Convexity::WeaklyConvex(modulus),
            2 => Convexity::Nonconvex,
            _ => return Err(Garbled),
        };
        Ok(Self { id, offers, convexity })
    }
}

pub(super) fn write_lineality(lineality: &Lineality, to: &mut impl Sink) {
    match lineality {
        Lineality::Trivial => to.word(0),
        Lineality::Coordinates(indices) => {
            to.word(1);
            to.sizes(indices);
        }
        Lineality::Basis(vectors) => {
            to.word(2);
            to.size(vectors.len());
            vectors.iter().for_each(|vector| to.numbers(vector));
        }
        Lineality::Everything => to.word(3),
    }
}

/// `length` is the number of coefficients.
pub(super) fn read_lineality(from: &mut Reader<'_>, length: usize) -> Result<Lineality, Garbled> {
    Ok(match from.word()? {
        0 => Lineality::Trivial,
        1 => {
            let indices = from.sizes()?;
            let ascend = indices.windows(2).all(|pair| pair[0] < pair[1]);
            if !ascend || indices.last().is_some_and(|last| *last >= length) {
                return Err(Garbled);
            }
            Lineality::Coordinates(indices)
        }
        2 => {
            let vectors = from.list(|from| Ok(from.numbers()?.to_vec()))?;
            if vectors.iter().any(|vector| vector.len() != length) {
                return Err(Garbled);
            }
            Lineality::Basis(vectors)
        }
        3 => Lineality::Everything,
        _ => return Err(Garbled),
    })
}

const KINDS: [ResponseKind; 6] = [
    ResponseKind::Number,
    ResponseKind::Numbers,
    ResponseKind::TwoClasses,
    ResponseKind::Classes,
    ResponseKind::Survival,
    ResponseKind::Nothing,
];

const FORMS: [CurvatureForm; 6] = [
    CurvatureForm::Constant,
    CurvatureForm::Diagonal,
    CurvatureForm::Blocks,
    CurvatureForm::Approximate,
    CurvatureForm::RankOne,
    CurvatureForm::Tridiagonal,
];

fn write_one<T: PartialEq>(all: &[T], one: &T, to: &mut impl Sink) {
    // One that is not listed reads as garbled.
    to.size(all.iter().position(|it| it == one).unwrap_or(usize::MAX));
}

fn read_one<T: Copy>(all: &[T], from: &mut Reader<'_>) -> Result<T, Garbled> {
    all.get(from.size()?).copied().ok_or(Garbled)
}

/// What is known of a loss from the start.
#[derive(Debug, Clone, Copy)]
pub(super) struct AboutLoss {
    pub id: u64,
    pub reads: ResponseKind,
    pub predicts: bool,
}

impl AboutLoss {
    pub fn write(self, to: &mut impl Sink) {
        to.word(self.id);
        write_one(&KINDS, &self.reads, to);
        to.flag(self.predicts);
    }
    pub fn read(from: &mut Reader<'_>) -> Result<Self, Garbled> {
        Ok(Self { id: from.word()?, reads: read_one(&KINDS, from)?, predicts: from.flag()? })
    }
}

/// What is known of a bound loss from the start.
#[derive(Debug, Clone)]
pub(super) struct AboutFit {
    pub id: u64,
    pub samples: usize,
    pub outputs: usize,
    pub takes_intercept: bool,
    /// Where it is smooth, its bound on the Hessian.
    pub smooth: Option<Option<f64>>,
    pub curvature: Option<CurvatureForm>,
    pub conjugate: bool,
    pub prox: bool,
    /// Where it has parameters of its own, where they start.
    pub own: Option<Vec<f64>>,
}

impl AboutFit {
    pub fn write(&self, to: &mut impl Sink) {
        to.word(self.id);
        to.size(self.samples);
        to.size(self.outputs);
        to.flag(self.takes_intercept);
        to.option(self.smooth, |to, bound| to.option(bound, |to, bound| to.number(bound)));
        to.option(self.curvature, |to, form| write_one(&FORMS, &form, to));
        to.flag(self.conjugate);
        to.flag(self.prox);
        to.option(self.own.as_ref(), |to, own| to.numbers(own));
    }
    pub fn read(from: &mut Reader<'_>) -> Result<Self, Garbled> {
        Ok(Self {
            id: from.word()?,
            samples: from.size()?,
            outputs: from.size()?,
            takes_intercept: from.flag()?,
            smooth: from.option(|from| from.option(Reader::number))?,
            curvature: from.option(|from| read_one(&FORMS, from))?,
            conjugate: from.flag()?,
            prox: from.flag()?,
            own: from.option(|from| Ok(from.numbers()?.to_vec()))?,
        })
    }
}
