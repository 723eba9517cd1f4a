//! The real command, run on small problems.

#[path = "../common/mod.rs"]
mod common;
mod fit;
mod graph;
mod learn;
mod mixed;
mod network;
mod new;
mod predict;
mod screen;
mod screen_folds;

use common::Bench;

/// Eight samples of two features.
const DATA: &str = "\
a,b,y
1,0.5,1
2,-1,3
3,2,2
4,0,5
5,1,4
6,-2,7
7,3,6
8,1.5,9
";

const LASSO: &str = "\
[data]
file = \"d.csv\"
response = \"y\"

[loss]
type = \"quadratic\"

[penalty]
type = \"l1\"
lambda = 0.1
";

/// A folder with the data as `d.csv` and this problem as `p.toml`.
fn bench(problem: &str) -> Bench {
    Bench::new(&[("p.toml", problem.as_bytes()), ("d.csv", DATA.as_bytes())])
}
