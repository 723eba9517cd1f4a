//! What benches of the binary share: data, files and commands.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

/// Runs a command to its end.
pub fn succeed(command: &mut Command) -> Output {
    let output = command.output().unwrap_or_else(|e| panic!("{command:?} cannot be run: {e}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

/// Writes numbers, the last axis slowest, as NPY.
pub fn npy(path: &Path, shape: &[usize], values: &[f64]) {
    let shape: Vec<String> = shape.iter().map(|n| format!("{n},")).collect();
    let mut head =
        format!("{{'descr': '<f8', 'fortran_order': True, 'shape': ({}), }}", shape.concat());
    while (10 + head.len() + 1) % 64 != 0 {
        head.push(' ');
    }
    head.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((head.len() as u16).to_le_bytes());
    bytes.extend(head.as_bytes());
    bytes.extend(values.iter().flat_map(|x| x.to_le_bytes()));
    fs::write(path, bytes).expect("room for the data");
}

/// The least of these times.
pub fn minimum(seconds: &[f64]) -> f64 {
    seconds.iter().copied().fold(f64::INFINITY, f64::min)
}

/// `n` samples of `p` features, each correlated by a half with the one before, and a response that 50 of them
/// make up.
pub fn correlated(n: usize, p: usize) -> (Vec<f64>, Vec<f64>) {
    let mut random = Random(1);
    let mut values = vec![0.0; n * p];
    for j in 0..p {
        for i in 0..n {
            let before = if j > 0 { values[(j - 1) * n + i] } else { 0.0 };
            values[j * n + i] = 0.5 * before + random.next();
        }
    }
    let mut y: Vec<f64> = (0..n).map(|_| random.next()).collect();
    for j in 0..50 {
        for i in 0..n {
            y[i] += (1.0 - 0.02 * j as f64) * values[37 * j * n + i];
        }
    }
    (values, y)
}

/// Uniform numbers in [-1, 1), the same everywhere.
pub struct Random(pub u64);

impl Random {
    /// The next one.
    pub fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    }
}
