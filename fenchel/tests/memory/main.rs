//! How much memory a fit takes, as the system counts it: the largest resident set of the process.
//! Nothing else may start processes in this binary, as the count is the largest over all of them;
//! and files are written in pieces, as a new process starts with the count of the one it came from.
#![cfg(target_os = "linux")]

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::Command;

use nix::sys::resource::{UsageWho, getrusage};

const ROWS: usize = 1000;
const COLS: usize = 5000;
/// Bytes of the design.
const DESIGN: usize = 8 * ROWS * COLS;
/// The same of a sparse one, of which one number in [`APART`] is stored, with its row.
const SPARSE_ROWS: usize = 1600;
const APART: usize = 4;
const SPARSE_DESIGN: usize = 12 * SPARSE_ROWS * COLS / APART;
/// What the program takes beside its data: its code, and vectors of the solver.
const PROCESS: usize = 20 << 20;

/// A number in (-1, 1) for each cell, the same on each run.
fn cell(i: usize, j: usize) -> f64 {
    let mixed = ((i * COLS + j) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 40) as f64 / (1u64 << 23) as f64 - 1.0
}

/// An array in C order (row by row) or Fortran order.
fn write_npy(path: &Path, rows: usize, cols: usize, fortran: bool) {
    let order = if fortran { "True" } else { "False" };
    let mut header =
        format!("{{'descr': '<f8', 'fortran_order': {order}, 'shape': ({rows}, {cols}), }}");
    while (header.len() + 11) % 64 != 0 {
        header.push(' ');
    }
    header.push('\n');
    let mut file = BufWriter::new(File::create(path).unwrap());
    file.write_all(b"\x93NUMPY\x01\x00").unwrap();
    file.write_all(&(header.len() as u16).to_le_bytes()).unwrap();
    file.write_all(header.as_bytes()).unwrap();
    for k in 0..rows * cols {
        let (i, j) = if fortran { (k % rows, k / rows) } else { (k / cols, k % cols) };
        file.write_all(&cell(i, j).to_le_bytes()).unwrap();
    }
    file.flush().unwrap();
}

/// The design with the response `y` before it.
fn write_csv(path: &Path) {
    let mut file = BufWriter::new(File::create(path).unwrap());
    write!(file, "y").unwrap();
    (0..COLS).for_each(|j| write!(file, ",x{j}").unwrap());
    for i in 0..ROWS {
        write!(file, "\n{}", cell(i, COLS)).unwrap();
        (0..COLS).for_each(|j| write!(file, ",{}", cell(i, j)).unwrap());
    }
    file.flush().unwrap();
}

/// One number in [`APART`] of each row and the response, as lines of svmlight.
fn write_svmlight(path: &Path) {
    let mut file = BufWriter::new(File::create(path).unwrap());
    for i in 0..SPARSE_ROWS {
        write!(file, "{}", cell(i, COLS)).unwrap();
        (i % APART..COLS).step_by(APART).for_each(|j| {
            write!(file, " {}:{}", j + 1, cell(i, j)).unwrap();
        });
        writeln!(file).unwrap();
    }
    file.flush().unwrap();
}

/// Fits the lasso in a process of its own; the largest resident set of any so far, in bytes.
fn peak(folder: &Path, data: &str, more: &str) -> usize {
    let problem = format!(
        "[data]\n{data}\n{more}[loss]\ntype = \"quadratic\"\n[penalty]\ntype = \"l1\"\nlambda = 0.05\n"
    );
    std::fs::write(folder.join("problem.toml"), problem).unwrap();
    let status = Command::new(env!("CARGO_BIN_EXE_fenchel"))
        .args(["fit", "problem.toml", "-o", "result.json", "--quiet", "--threads", "1"])
        .current_dir(folder)
        .status()
        .unwrap();
    assert!(status.success(), "{data}");
    let kilobytes = getrusage(UsageWho::RUSAGE_CHILDREN).unwrap().max_rss();
    1024 * usize::try_from(kilobytes).unwrap()
}

#[test]
fn a_fit_takes_little_more_memory_than_its_design() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    // The smaller one first, as the largest of all fits so far is counted.
    write_svmlight(&folder.join("s.svm"));
    let sparse = peak(folder, "file = \"s.svm\"", "");
    assert!(sparse > SPARSE_DESIGN, "{sparse}");
    let bound = SPARSE_DESIGN * 3 / 2 + PROCESS;
    assert!(sparse <= bound, "{sparse} bytes for a sparse design of {SPARSE_DESIGN}");
    write_npy(&folder.join("c.npy"), ROWS, COLS, false);
    write_npy(&folder.join("f.npy"), ROWS, COLS, true);
    write_npy(&folder.join("y.npy"), ROWS, 1, false);
    write_csv(&folder.join("d.csv"));
    let beside = "response = { file = \"y.npy\" }";
    for data in [
        format!("file = \"f.npy\"\n{beside}"),
        format!("file = \"c.npy\"\n{beside}"),
        "file = \"d.csv\"\nresponse = \"y\"".into(),
    ] {
        let peak = peak(folder, &data, "");
        // Less would mean that the count is not that of the fit.
        assert!(peak > DESIGN, "{peak}");
        let bound = DESIGN * 6 / 5 + PROCESS;
        assert!(peak <= bound, "{peak} bytes for a design of {DESIGN}:\n{data}");
    }
    // Folds share the design.
    let data = format!("file = \"f.npy\"\n{beside}");
    let folds = peak(folder, &data, "[path]\npoints = 3\nmin_ratio = 0.5\n[cv]\nfolds = 4\n");
    let bound = DESIGN * 6 / 5 + PROCESS;
    assert!(folds <= bound, "{folds} bytes for folds of a design of {DESIGN}");
}
