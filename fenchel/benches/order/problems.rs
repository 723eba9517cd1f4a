//! The fits: the examples, and what they have not: designs of more features than samples, dense and sparse, and
//! binary files.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use super::common::{correlated, npy};
use super::root;

/// Samples and features of the designs.
const N: usize = 200;
const P: usize = 2000;

/// Each with its data, loss, penalty and what else it has.
const WIDE: [(&str, &str, &str, &str, &str); 8] = [
    ("lasso", "dense", "quadratic", "type = \"l1\"\nlambda = 0.1", ""),
    ("lasso_low", "dense", "quadratic", "type = \"l1\"\nlambda = 0.01", ""),
    ("lasso_path", "dense", "quadratic", "type = \"l1\"\nlambda = 0.1", PATH),
    ("mcp_path", "dense", "quadratic", "type = \"mcp\"\nlambda = 0.1\ngamma = 3.0", PATH),
    ("classes", "dense", "logistic", "type = \"l1\"\nlambda = 0.02", ""),
    ("sparse_lasso", "sparse", "quadratic", "type = \"l1\"\nlambda = 0.02", ""),
    ("sparse_low", "sparse", "logistic", "type = \"l1\"\nlambda = 0.002", ""),
    ("sparse_path", "sparse", "logistic", "type = \"l1\"\nlambda = 0.002", PATH),
];

const PATH: &str = "[path]\npoints = 30\nmin_ratio = 0.02\n";

/// Binary files of the tests, and the responses of their samples.
const READ: [(&str, &str); 3] = [
    ("scipy_csc.npz", "{ file = \"four.npy\" }"),
    ("scipy_csr.npz", "{ file = \"four.npy\" }"),
    ("zstd.parquet", "\"y\""),
];

/// Writes what is needed to `folder`; the problem files.
pub fn write(folder: &Path) -> Vec<PathBuf> {
    let (values, y) = correlated(N, P);
    npy(&folder.join("dense.npy"), &[N, P], &values);
    let classes: Vec<f64> = y.iter().map(|y| f64::from(*y > 0.0)).collect();
    npy(&folder.join("quadratic.npy"), &[N], &y);
    npy(&folder.join("logistic.npy"), &[N], &classes);
    npy(&folder.join("four.npy"), &[4], &[1.0, 3.0, 2.0, 0.0]);
    fs::write(folder.join("sparse.svm"), svmlight(&values)).expect("room for the data");
    let mut problems = examples();
    let mut add = |name: &str, text: String| {
        let file = folder.join(name).with_extension("toml");
        fs::write(&file, text).expect("room for a problem");
        problems.push(file);
    };
    for (name, data, loss, penalty, more) in WIDE {
        let file = if data == "dense" { "dense.npy" } else { "sparse.svm" };
        add(
            name,
            format!(
                "[data]\nfile = \"{file}\"\nresponse = {{ file = \"{loss}.npy\" }}\n\
                 [loss]\ntype = \"{loss}\"\n[penalty]\n{penalty}\n{more}"
            ),
        );
    }
    for (name, response) in READ {
        let file = root().join("fenchel/tests/fixtures").join(name);
        let data = format!("[data]\nfile = \"{}\"\nresponse = {response}\n", file.display());
        add(name, data + "[loss]\ntype = \"quadratic\"\n[penalty]\ntype = \"l1\"\nlambda = 0.1\n");
    }
    problems
}

fn examples() -> Vec<PathBuf> {
    let folder = fs::read_dir(root().join("examples")).expect("the examples");
    let files = folder.map(|entry| entry.expect("an example").path());
    let mut problems: Vec<_> =
        files.filter(|file| file.extension().is_some_and(|kind| kind == "toml")).collect();
    problems.sort();
    problems
}

/// Every twentieth number of the design, row by row.
fn svmlight(values: &[f64]) -> String {
    let mut text = String::new();
    for i in 0..N {
        text.push('0');
        (i % 20..P).step_by(20).for_each(|j| {
            write!(text, " {}:{}", j + 1, values[j * N + i]).expect("a text grows");
        });
        text.push('\n');
    }
    text
}
