//! The Gaussian kernel along one axis, by discrete Fourier transforms.

use std::sync::Arc;

use realfft::num_complex::Complex64;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};

use crate::density::Axis;

/// A circular convolution with the kernel of an axis, and its buffers.
///
/// The axis reaches beyond the values as far as the kernel does, so that nothing comes round from the
/// other end: the circle is the line.
pub(crate) struct Convolution {
    forward: Arc<dyn RealToComplex<f64>>,
    inverse: Arc<dyn ComplexToReal<f64>>,
    /// The transform of the kernel, over the number of cells, which the two transforms multiply by. Real, as the
    /// kernel is symmetric.
    response: Vec<f64>,
    signal: Vec<f64>,
    spectrum: Vec<Complex64>,
    scratch: Vec<Complex64>,
}

impl Convolution {
    /// Of the axis's cells. `planner` keeps the plans of lengths that it has seen.
    pub fn new(axis: &Axis, planner: &mut RealFftPlanner<f64>) -> Self {
        let cells = axis.cells();
        let (forward, inverse) = (planner.plan_fft_forward(cells), planner.plan_fft_inverse(cells));
        let mut signal = forward.make_input_vec();
        // From both ends, as the circle has them.
        for s in 0..=axis.half().min(cells / 2) {
            let tap = axis.tap(s);
            signal[s] = tap;
            signal[(cells - s) % cells] = tap;
        }
        let spectrum = forward.make_output_vec();
        let longest = forward.get_scratch_len().max(inverse.get_scratch_len());
        let scratch = vec![Complex64::default(); longest];
        let mut new = Self { forward, inverse, response: Vec::new(), signal, spectrum, scratch };
        new.transform();
        new.response = new.spectrum.iter().map(|z| z.re / cells as f64).collect();
        new
    }

    fn transform(&mut self) {
        self.forward
            .process_with_scratch(&mut self.signal, &mut self.spectrum, &mut self.scratch)
            .expect("the buffers are of the plan's lengths");
    }

    /// Writes the mass smoothed by the kernel. Negative rounding is cut off.
    pub fn smooth(&mut self, mass: &[f64], out: &mut [f64]) {
        self.signal.copy_from_slice(mass);
        self.transform();
        for (z, response) in self.spectrum.iter_mut().zip(&self.response) {
            *z *= response;
        }
        // Rounding, which the inverse refuses in what a real signal cannot have.
        let cells = mass.len();
        self.spectrum[0].im = 0.0;
        if cells.is_multiple_of(2) {
            self.spectrum[cells / 2].im = 0.0;
        }
        self.inverse
            .process_with_scratch(&mut self.spectrum, out, &mut self.scratch)
            .expect("the buffers are of the plan's lengths");
        out.iter_mut().for_each(|out| *out = out.max(0.0));
    }
}
