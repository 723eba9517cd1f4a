//! What the boundary costs: one lasso with the built-in `l1`, with the same penalty as a plugin in
//! Rust and in C, and with each of them in a process of its own; and the start of a process that
//! loads ten plugins.
//!
//! `cargo bench -p fenchel --bench plugins` runs the real binary, everything in turns, so that
//! whatever else the machine does hits all alike, and prints times and ratios. Reading the data is
//! not in the times of the fits; building the penalty and the certificate are.

#![allow(missing_docs, clippy::print_stdout)]

mod common;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use common::{Random, correlated, minimum, npy, succeed};

const ROUNDS: usize = 9;

fn main() {
    // `cargo test --benches` only asks whether this builds.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let bench = Bench::new();
    bench.lasso("dense 1000 x 10000", &bench.dense(1000, 10_000));
    bench.lasso("sparse 20000 x 200000", &bench.sparse(20_000, 200_000, 20));
    bench.start_up();
}

/// A folder with everything, and the libraries in it.
struct Bench {
    folder: tempfile::TempDir,
    rust: PathBuf,
    c: PathBuf,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
        let target = folder.path().join("target");
        succeed(
            Command::new(env!("CARGO"))
                .args(["build", "--release", "--locked", "-p", "fenchel-example-twin-rust"])
                .arg("--manifest-path")
                .arg(root.join("Cargo.toml"))
                .arg("--target-dir")
                .arg(&target),
        );
        let rust = target.join("release/libfenchel_example_twin_rust.so");
        let c = folder.path().join("libl1_c.so");
        succeed(
            Command::new(std::env::var("CC").unwrap_or_else(|_| "cc".into()))
                .args(["-std=c99", "-O2", "-shared", "-fPIC", "-I"])
                .arg(root.join("plugins/include"))
                .arg(root.join("plugins/examples/twins/l1.c"))
                .args(["-lm", "-o"])
                .arg(&c),
        );
        let bench = Self { folder, rust, c };
        bench.trust(&bench.rust);
        bench.trust(&bench.c);
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn fenchel(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fenchel"));
        command.env("XDG_CONFIG_HOME", self.folder.path());
        command
    }

    fn trust(&self, library: &Path) {
        succeed(self.fenchel().args(["plugin", "trust"]).arg(library));
    }

    /// A correlated dense design in NPY, and its response.
    fn dense(&self, n: usize, p: usize) -> Data {
        let (values, y) = correlated(n, p);
        npy(&self.path("dense.npy"), &[n, p], &values);
        npy(&self.path("dense_y.npy"), &[n], &y);
        Data { file: "dense.npy", response: "dense_y.npy" }
    }

    /// Counts at random places in Matrix Market text, and a response.
    fn sparse(&self, n: usize, p: usize, a_column: usize) -> Data {
        let mut random = Random(2);
        let mut y: Vec<f64> = (0..n).map(|_| random.next()).collect();
        let mut entries = String::new();
        let mut stored = 0;
        for j in 0..p {
            let mut rows: Vec<usize> = (0..a_column)
                .map(|_| ((random.next() + 1.0) / 2.0 * n as f64) as usize % n)
                .collect();
            rows.sort_unstable();
            rows.dedup();
            stored += rows.len();
            for i in rows {
                let count = 1 + (i + j) % 3;
                writeln!(entries, "{} {} {count}", i + 1, j + 1).expect("a text grows");
                if j % 1000 == 0 {
                    y[i] += 3.0 * count as f64;
                }
            }
        }
        let head = format!("%%MatrixMarket matrix coordinate real general\n{n} {p} {stored}\n");
        fs::write(self.path("sparse.mtx"), head + &entries).expect("room for the data");
        npy(&self.path("sparse_y.npy"), &[n], &y);
        Data { file: "sparse.mtx", response: "sparse_y.npy" }
    }

    fn lasso(&self, title: &str, data: &Data) {
        let variants: [(&str, &str, &[&Path], bool); 5] = [
            ("built-in", "l1", &[], false),
            ("Rust plugin", "l1_rust", &[&self.rust], false),
            ("C plugin", "l1_c", &[&self.c], false),
            ("Rust plugin, isolated", "l1_rust", &[&self.rust], true),
            ("C plugin, isolated", "l1_c", &[&self.c], true),
        ];
        let lambda = self.lambda_max(data) / 10.0;
        let mut seconds = vec![Vec::new(); variants.len()];
        let mut objectives = vec![0.0; variants.len()];
        for _ in 0..ROUNDS {
            for (i, (_, penalty, plugins, isolate)) in variants.iter().enumerate() {
                let problem = data.problem(penalty, lambda, "");
                let result = self.fit(&problem, plugins, *isolate);
                seconds[i].push(result["seconds"].as_f64().expect("a number"));
                objectives[i] = result["objective"].as_f64().expect("a number");
            }
        }
        println!("\nlasso, {title}, lambda_max / 10, {ROUNDS} rounds");
        let (base, least) = (median(&seconds[0]), minimum(&seconds[0]));
        for (i, (name, ..)) in variants.iter().enumerate() {
            println!(
                "  {name:<24} median {:.4} s  ratio {:.3}   minimum {:.4} s  ratio {:.3}   objective {:.12}",
                median(&seconds[i]),
                median(&seconds[i]) / base,
                minimum(&seconds[i]),
                minimum(&seconds[i]) / least,
                objectives[i],
            );
        }
    }

    /// The first scale of a path.
    fn lambda_max(&self, data: &Data) -> f64 {
        let problem = data.problem("l1", 1.0, "[path]\npoints = 2\nmin_ratio = 0.9\n");
        self.fit(&problem, &[], false)["path"][0]["lambda"].as_f64().expect("a number")
    }

    fn fit(&self, problem: &str, plugins: &[&Path], isolate: bool) -> serde_json::Value {
        let file = self.path("problem.toml");
        fs::write(&file, problem).expect("room for the problem");
        let mut command = self.fenchel();
        command.arg("fit").arg(&file).args(["-o", "-", "--threads", "1"]);
        for plugin in plugins {
            command.arg("--plugin").arg(plugin);
        }
        if isolate {
            command.arg("--isolate");
        }
        serde_json::from_slice(&succeed(&mut command).stdout).expect("the result is JSON")
    }

    /// Whole processes on 20 samples: without plugins, and with ten copies of the C plugin.
    fn start_up(&self) {
        fs::write(self.path("small.csv"), small()).expect("room for the data");
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
        let source = fs::read_to_string(root.join("plugins/examples/twins/l1.c"))
            .expect("the source of the C plugin");
        let mut libraries = Vec::new();
        for i in 0..10 {
            let (c, library) = (self.path(&format!("l{i}.c")), self.path(&format!("libl{i}.so")));
            fs::write(&c, source.replace("\"l1_c\"", &format!("\"l1_c{i}\""))).expect("room");
            succeed(
                Command::new(std::env::var("CC").unwrap_or_else(|_| "cc".into()))
                    .args(["-std=c99", "-O2", "-shared", "-fPIC", "-I"])
                    .arg(root.join("plugins/include"))
                    .arg(&c)
                    .args(["-lm", "-o"])
                    .arg(&library),
            );
            self.trust(&library);
            libraries.push(library);
        }
        let data = Data { file: "small.csv", response: "" };
        let mut seconds = [Vec::new(), Vec::new(), Vec::new()];
        for _ in 0..3 * ROUNDS {
            let none: &[&Path] = &[];
            let ten: Vec<&Path> = libraries.iter().map(PathBuf::as_path).collect();
            let variants =
                [("l1", none, false), ("l1_c9", &ten[..], false), ("l1_c9", &ten[..], true)];
            for (i, (penalty, plugins, isolate)) in variants.into_iter().enumerate() {
                let problem = data.problem(penalty, 0.1, "");
                let begun = Instant::now();
                self.fit(&problem, plugins, isolate);
                seconds[i].push(begun.elapsed().as_secs_f64());
            }
        }
        println!("\nwhole process, 20 samples x 2 features, {} rounds", 3 * ROUNDS);
        for (name, seconds) in
            ["no plugin", "ten plugins", "ten plugins, isolated"].iter().zip(&seconds)
        {
            let (median, minimum) = (1e3 * median(seconds), 1e3 * minimum(seconds));
            println!("  {name:<24} median {median:.2} ms   minimum {minimum:.2} ms");
        }
    }
}

/// Files of a data set, in the bench's folder.
struct Data {
    file: &'static str,
    response: &'static str,
}

impl Data {
    fn problem(&self, penalty: &str, lambda: f64, more: &str) -> String {
        let response = match self.response {
            "" => "\"y\"".to_string(),
            file => format!("{{ file = \"{file}\" }}"),
        };
        format!(
            "[data]\nfile = \"{}\"\nresponse = {response}\n[loss]\ntype = \"quadratic\"\n\
             [penalty]\ntype = \"{penalty}\"\nlambda = {lambda:?}\n[solver]\ntol = 1e-7\n{more}",
            self.file
        )
    }
}

fn small() -> String {
    let mut text = String::from("a,b,y\n");
    for i in 0..20 {
        writeln!(text, "{},{},{}", i, (i * 7) % 11, (i * 5) % 13).expect("a text grows");
    }
    text
}

fn median(seconds: &[f64]) -> f64 {
    let mut sorted = seconds.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}
