//! Questions to losses and bound losses, and which question is for whom.

use fenchel_core::{Bound, DataFit, DenseMatrix, Design, Error, Kind, Matrix};

use super::{Failure, Server};
use crate::isolate::data;
use crate::isolate::protocol::{AboutFit, AboutLoss, Op};
use crate::isolate::words::{Garbled, Reader, Sink};
use crate::library::Maker;

fn has<T>(capability: Option<T>) -> Result<T, Garbled> {
    capability.ok_or(Garbled)
}

fn about(id: u64, fit: &dyn DataFit) -> AboutFit {
    AboutFit {
        id,
        samples: fit.samples(),
        outputs: fit.outputs(),
        takes_intercept: fit.takes_intercept(),
        smooth: fit.as_smooth().map(|smooth| smooth.hessian_bound()),
        curvature: fit.as_curvature().map(|curvature| curvature.form()),
        conjugate: fit.as_conjugate().is_some(),
        prox: fit.as_prox().is_some(),
        own: fit.as_own().map(|own| own.start()),
    }
}

impl Server {
    /// What builds the type that has this number and this kind.
    pub(super) fn maker(&self, kind: Kind, at: usize) -> Result<&dyn Maker, Garbled> {
        let types = self.library.as_ref().map(|library| &library.types[..]);
        let it = types.and_then(|types| types.get(at)).ok_or(Garbled)?;
        if it.kind == kind { Ok(it.maker()) } else { Err(Garbled) }
    }

    pub(super) fn handle(
        &mut self,
        op: Op,
        from: &mut Reader<'_>,
        to: &mut Vec<u64>,
    ) -> Result<(), Failure> {
        match op {
            Op::CreateLoss => {
                let (at, parameters) = (from.size()?, from.text()?);
                let loss = self.maker(Kind::Loss, at)?.loss(&parameters)?;
                let id = self.number();
                let predicts = loss.as_predictor().is_some();
                AboutLoss { id, reads: loss.reads(), predicts }.write(to);
                self.losses.insert(id, loss);
                Ok(())
            }
            Op::DropLoss | Op::Bind | Op::Response | Op::Class | Op::Deviance => {
                self.loss(op, from, to)
            }
            Op::DropFit
            | Op::FitValue
            | Op::Gradient
            | Op::FitCurvature
            | Op::FitConjugate
            | Op::FitProx
            | Op::Report => self.fit(op, from, to).map_err(Failure::from),
            _ => self.penalty(op, from, to),
        }
    }

    fn loss(&mut self, op: Op, from: &mut Reader<'_>, to: &mut Vec<u64>) -> Result<(), Failure> {
        let id = from.word()?;
        if op == Op::DropLoss {
            self.losses.remove(&id);
            return Ok(());
        }
        let loss = self.losses.get(&id).ok_or(Garbled)?;
        if op == Op::Bind {
            let samples = data::read_samples(from)?;
            // No loss of a plugin sees the design.
            let none = DenseMatrix::new(samples.len(), 0, Vec::new())?;
            let fit = match loss.bind(&samples, &Design::new(Matrix::Dense(none)))? {
                Bound::Eta(fit) => fit,
                Bound::Direct(_) => {
                    let message = "a loss with an objective of its own cannot be asked for across \
                                   processes";
                    return Err(Error::Unsupported(message.into()).into());
                }
            };
            let id = self.number();
            about(id, &*fit).write(to);
            self.fits.insert(id, fit);
            return Ok(());
        }
        let predictor = has(loss.as_predictor())?;
        let (eta, outputs) = (from.numbers()?, from.size()?);
        match op {
            Op::Response => {
                let (response, columns) = predictor.response(eta, outputs);
                to.numbers(&response);
                to.size(columns);
            }
            Op::Class => {
                to.option(predictor.class(eta, outputs), |to, class| to.small(&class));
            }
            Op::Deviance => {
                to.number(predictor.deviance(eta, outputs, &data::read_samples(from)?)?);
            }
            _ => return Err(Failure::Garbled),
        }
        Ok(())
    }

    fn fit(&mut self, op: Op, from: &mut Reader<'_>, to: &mut Vec<u64>) -> Result<(), Garbled> {
        let id = from.word()?;
        if op == Op::DropFit {
            self.fits.remove(&id);
            return Ok(());
        }
        let fit = self.fits.get(&id).ok_or(Garbled)?;
        match op {
            Op::FitValue => to.number(fit.value(from.numbers()?, from.numbers()?)),
            Op::Gradient => {
                let (eta, own) = (from.numbers()?, from.numbers()?);
                let (grad_eta, grad_own) = (from.numbers()?, from.numbers()?);
                to.number(has(fit.as_smooth())?.gradient(eta, own, grad_eta, grad_own));
            }
            Op::FitCurvature => {
                let (eta, own, out) = (from.numbers()?, from.numbers()?, from.numbers()?);
                has(fit.as_curvature())?.curvature(eta, own, out);
            }
            Op::FitConjugate => to.number(has(fit.as_conjugate())?.conjugate(from.numbers()?)),
            Op::FitProx => {
                let step = from.number()?;
                let (v, out) = (from.numbers()?, from.numbers()?);
                has(fit.as_prox())?.prox(v, step, out);
            }
            Op::Report => {
                data::write_report(&has(fit.as_own())?.report(from.numbers()?), to);
            }
            _ => return Err(Garbled),
        }
        Ok(())
    }
}
