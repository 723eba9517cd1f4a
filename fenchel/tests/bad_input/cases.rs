//! The rows of the table.

use super::Case;

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

/// A problem with one section replaced or added. The body begins on line 2 for `data`, 5 for
/// `loss`, 7 for `penalty`, 10 for others.
fn problem(section: &str, body: &str) -> String {
    let mut sections = vec![
        ("data", "file = \"d.csv\"\nresponse = \"y\""),
        ("loss", "type = \"quadratic\""),
        ("penalty", "type = \"l1\"\nlambda = 0.1"),
    ];
    match sections.iter_mut().find(|(name, _)| *name == section) {
        Some(entry) => entry.1 = body,
        None => sections.push((section, body)),
    }
    sections.into_iter().map(|(name, body)| format!("[{name}]\n{body}\n")).collect()
}

/// A row whose problem file is `text`.
fn file(name: &'static str, text: impl Into<Vec<u8>>, expect: &[&'static str]) -> Case {
    Case {
        name,
        files: vec![("p.toml", text.into()), ("d.csv", DATA.into())],
        args: Vec::new(),
        code: 2,
        expect: expect.to_vec(),
    }
}

/// A row in which one section is wrong.
fn section(name: &'static str, section: &str, body: &str, expect: &[&'static str]) -> Case {
    file(name, problem(section, body), expect)
}

/// A row in which the data is wrong.
fn data(name: &'static str, text: impl Into<Vec<u8>>, expect: &[&'static str]) -> Case {
    let mut case = file(name, problem("model", ""), expect);
    case.files[1].1 = text.into();
    case
}

/// A row with a good problem file and these arguments.
fn args(name: &'static str, args: &[&'static str], expect: &[&'static str]) -> Case {
    let mut case = file(name, problem("model", ""), expect);
    case.args = args.to_vec();
    case
}

impl Case {
    fn and(mut self, name: &'static str, bytes: impl Into<Vec<u8>>) -> Self {
        self.files.push((name, bytes.into()));
        self
    }

    fn loss(mut self, loss: &str) -> Self {
        let text = String::from_utf8(self.files[0].1.clone()).expect("problems are text");
        self.files[0].1 =
            text.replace("type = \"quadratic\"", &format!("type = \"{loss}\"")).into_bytes();
        self
    }
}

pub fn all() -> Vec<Case> {
    let mut cases = syntax();
    cases.extend(sections());
    cases.extend(types());
    cases.extend(json());
    cases.extend(sets());
    cases.extend(data_files());
    cases.extend(responses());
    cases.extend(command_lines());
    cases
}

fn syntax() -> Vec<Case> {
    vec![
        file("empty problem file", "", &["the problem file is empty", "--> p.toml"]),
        file("blank problem file", "\n \n", &["the problem file is empty"]),
        file("TOML that does not parse", "[data\nfile = 1", &["not valid TOML", "p.toml:1:"]),
        file(
            "TOML with a key twice",
            "[data]\nfile = \"a\"\nfile = \"b\"\n",
            &["duplicate key", "p.toml:3:1"],
        ),
        file("TOML with a value left out", "[data]\nfile =\n", &["not valid TOML", "p.toml:2:"]),
        file(
            "not UTF-8",
            b"[data]\nfile = \"\xff\xfe\"\n".as_slice(),
            &["not UTF-8", "p.toml:2:9"],
        ),
        file("only comments", "# nothing\n", &["no section `[data]`", "p.toml"]),
        file("no loss", "[data]\nfile = \"d.csv\"\n", &["no section `[loss]`"]),
        file(
            "a section that is no table",
            "data = 3\n",
            &["p.toml:1:8 at data", "expected a table"],
        ),
        file(
            "an unknown section",
            problem("penality", "type = \"l1\""),
            &["unknown section `penality`", "p.toml:9:2", "did you mean `penalty`?"],
        ),
        file("infinite number", problem("solver", "tol = inf"), &["finite", "p.toml:10:7"]),
        file("a date", problem("solver", "tol = 2020-01-01"), &["p.toml:10:7", "date"]),
        file(
            "an integer out of range",
            problem("solver", "max_iter = 99999999999999999999"),
            &["p.toml:10:12", "out of range"],
        ),
    ]
}

fn sections() -> Vec<Case> {
    vec![
        section(
            "unknown key in data",
            "data",
            "fil = \"d.csv\"",
            &["unknown field `fil`", "p.toml:2:1 at data.fil", "did you mean `file`?"],
        ),
        section("no file", "data", "response = \"y\"", &["missing field `file`", "p.toml:1:2"]),
        section(
            "file of a wrong type",
            "data",
            "file = 3",
            &["p.toml:2:8 at data.file", "expected a text"],
        ),
        section(
            "unknown missing policy",
            "data",
            "file = \"d.csv\"\nresponse = \"y\"\nmissing = \"drp\"",
            &["unknown variant `drp`", "p.toml:4:11", "did you mean `drop`?"],
        ),
        section(
            "a response of a wrong shape",
            "data",
            "file = \"d.csv\"\nresponse = 3",
            &["p.toml:3:12 at data.response", "column name"],
        ),
        section(
            "unknown key in model",
            "model",
            "intercpt = true",
            &["unknown field `intercpt`", "p.toml:10:1", "did you mean `intercept`?"],
        ),
        section(
            "intercept of a wrong type",
            "model",
            "intercept = 1",
            &["p.toml:10:13", "expected true or false"],
        ),
        section(
            "unknown key in solver",
            "solver",
            "toll = 1e-3",
            &["unknown field `toll`", "p.toml:10:1", "did you mean `tol`?"],
        ),
        section(
            "an option of another solver",
            "solver",
            "restart = \"none\"",
            &["takes no `restart`", "an option of nonconvex_ag", "p.toml:10:11 at solver.restart"],
        ),
        section(
            "a restart that nobody knows",
            "solver",
            "type = \"nonconvex_ag\"\nrestart = \"speedy\"",
            &[
                "expected one of `gradient`, `speed`, `none`",
                "p.toml:11:11",
                "did you mean `speed`?",
            ],
        ),
        section(
            "tol 0",
            "solver",
            "tol = 0",
            &["`tol` must be greater than 0, got 0", "p.toml:10:7 at solver.tol"],
        ),
        section(
            "tol negative",
            "solver",
            "tol = -1e-3",
            &["`tol` must be greater than 0", "p.toml:10:7"],
        ),
        section("tol as text", "solver", "tol = \"small\"", &["expected a number", "p.toml:10:7"]),
        section(
            "max_iter 0",
            "solver",
            "max_iter = 0",
            &["`max_iter` must be at least 1", "p.toml:10:12"],
        ),
        section(
            "max_iter with a fraction",
            "solver",
            "max_iter = 1.5",
            &["whole number", "p.toml:10:12"],
        ),
        section(
            "unknown solver",
            "solver",
            "type = \"fist\"",
            &["unknown solver \"fist\": did you mean \"fista\"?", "p.toml:10:8 at solver.type"],
        ),
        section("points 0", "path", "points = 0", &["`points` must be at least 1", "p.toml:10:10"]),
        section(
            "more points than fit",
            "path",
            "points = 9000000000000000000",
            &["`points` must be at most 1000000", "p.toml:10:10"],
        ),
        section(
            "fold file that is no vector",
            "path",
            "[cv]\nfolds = { file = \"d.csv\" }",
            &["expected one column, got 3"],
        ),
        section(
            "features empty",
            "data",
            "file = \"d.csv\"\nresponse = \"y\"\nfeatures = []",
            &["`features` is empty", "p.toml:4:12 at data.features"],
        ),
        section("points negative", "path", "points = -3", &["p.toml:10:10", "whole number"]),
        section(
            "min_ratio 1",
            "path",
            "min_ratio = 1",
            &["`min_ratio` must be between 0 and 1", "p.toml:10:13"],
        ),
        section(
            "lambdas that increase",
            "path",
            "lambdas = [0.1, 0.2]",
            &["`lambdas` must decrease, but 0.2 follows 0.1", "p.toml:10:17 at path.lambdas[1]"],
        ),
        section(
            "lambdas with a negative entry",
            "path",
            "lambdas = [0.1, -0.2]",
            &["greater than 0, got -0.2", "p.toml:10:17"],
        ),
        section("lambdas empty", "path", "lambdas = []", &["an empty one", "p.toml:10:11"]),
        section(
            "lambdas beside points",
            "path",
            "lambdas = [1.0]\npoints = 5",
            &["`lambdas` stands instead of `points`", "p.toml:11:1"],
        ),
        section("path max 0", "path", "max = 0", &["`max` must be greater than 0", "p.toml:10:7"]),
        section("cv without path", "cv", "folds = 4", &["needs a section `[path]`", "p.toml:9:2"]),
        section(
            "folds 1",
            "path",
            "[cv]\nfolds = 1",
            &["`folds` must be at least 2", "p.toml:11:9"],
        ),
        section(
            "more folds than samples",
            "path",
            "[cv]\nfolds = 9",
            &["p.toml:11:9 at cv.folds", "8"],
        ),
        section(
            "folds of a wrong shape",
            "path",
            "[cv]\nfolds = \"five\"",
            &["p.toml:11:9", "number of folds"],
        ),
        section(
            "fold column that is absent",
            "path",
            "[cv]\nfolds = { column = \"fold\" }",
            &["no column \"fold\""],
        ),
        section(
            "fold file that is absent",
            "path",
            "[cv]\nfolds = { file = \"f.npy\" }",
            &["f.npy"],
        ),
        section(
            "unknown rule",
            "path",
            "[cv]\nrule = \"max\"",
            &["unknown variant `max`", "p.toml:11:8"],
        ),
        section(
            "a metric that does not fit the loss",
            "path",
            "[cv]\nmetric = \"auc\"\nfolds = 4",
            &["p.toml:11:10 at cv.metric", "auc"],
        ),
        Case {
            code: 3,
            ..section(
                "plugins",
                "plugins",
                "load = [\"a.so\"]",
                &["cannot read the file", "p.toml:10:9 at plugins.load[0]"],
            )
        },
    ]
}

fn types() -> Vec<Case> {
    vec![
        section(
            "a q-Gaussian beyond its range",
            "loss",
            "type = \"tsallis\"\nq = 3.0",
            &["`q` must be at least 1 and below 3", "p.toml:6:5"],
        ),
        section(
            "a word that is no estimate",
            "loss",
            "type = \"tsallis\"\nsigma = \"guess\"",
            &["expected a number, or \"estimate\"", "p.toml:6:9"],
        ),
        section(
            "a random slope of no feature",
            "loss",
            "type = \"tsallis\"\nrandom = [\"intercept\", \"aa\"]",
            &["unknown feature \"aa\": did you mean \"a\"?", "p.toml:6:24"],
        ),
        section(
            "random effects of nobody",
            "loss",
            "type = \"tsallis\"\nrandom = \"intercept\"",
            &["name the column by `subject` in [data]", "p.toml:6:10"],
        ),
        section(
            "no loss type",
            "loss",
            "tau = 0.5",
            &["section `[loss]` has no `type`", "p.toml:4:2"],
        ),
        section(
            "unknown loss",
            "loss",
            "type = \"quadratc\"",
            &["unknown loss \"quadratc\": did you mean \"quadratic\"?", "p.toml:5:8 at loss.type"],
        ),
        section(
            "unknown penalty",
            "penalty",
            "type = \"fussed\"",
            &["unknown penalty \"fussed\": did you mean \"fused\"?", "p.toml:7:8 at penalty.type"],
        ),
        section(
            "type that is no text",
            "penalty",
            "type = 3",
            &["`type` must be a text", "p.toml:7:8"],
        ),
        section(
            "unknown parameter",
            "penalty",
            "type = \"l1\"\nlamda = 0.1",
            &["unknown field `lamda`", "p.toml:8:1 at penalty.lamda", "did you mean `lambda`?"],
        ),
        section(
            "unknown loss parameter",
            "loss",
            "type = \"huber\"\ndleta = 1",
            &["unknown field `dleta`", "p.toml:6:1", "did you mean `delta`?"],
        ),
        section(
            "lambda negative",
            "penalty",
            "type = \"l1\"\nlambda = -1",
            &["`lambda` must be finite and at least 0, got -1", "p.toml:8:10 at penalty.lambda"],
        ),
        section(
            "lambda as text",
            "penalty",
            "type = \"l1\"\nlambda = \"big\"",
            &["expected a number", "p.toml:8:10"],
        ),
        section(
            "l1_ratio beyond 1",
            "penalty",
            "type = \"elastic_net\"\nl1_ratio = 1.5",
            &["`l1_ratio`", "p.toml:8:12"],
        ),
        section(
            "too few weights",
            "penalty",
            "type = \"l1\"\nweights = [1.0]",
            &["`weights` has length 1, expected 2", "p.toml:8:11"],
        ),
        section(
            "a negative weight",
            "penalty",
            "type = \"l1\"\nweights = [1.0, -1.0]",
            &["p.toml:8:17", "at least 0, got -1"],
        ),
        section(
            "gamma too small",
            "penalty",
            "type = \"mcp\"\ngamma = 1.0",
            &["`gamma`", "p.toml:8:9"],
        ),
        section(
            "quantile outside",
            "loss",
            "type = \"huber\"\ndelta = 0",
            &["`delta`", "p.toml:6:9"],
        ),
        section(
            "tau at the end of the unit interval",
            "loss",
            "type = \"quantile\"\ntau = 1.0",
            &["`tau` must be greater than 0 and less than 1, got 1", "p.toml:6:7 at loss.tau"],
        ),
        section(
            "groups that overlap",
            "penalty",
            "type = \"group_lasso\"\ngroups = [[\"a\", \"b\"], [\"b\"]]",
            &["groups overlap: feature \"b\"", "p.toml:8:"],
        ),
        section(
            "groups with a gap",
            "penalty",
            "type = \"group_lasso\"\ngroups = [[\"a\"]]",
            &["feature \"b\" is in no group", "p.toml:8:"],
        ),
        section(
            "groups with an unknown feature",
            "penalty",
            "type = \"group_lasso\"\ngroups = [[\"a\"], [\"bb\"]]",
            &["unknown feature \"bb\": did you mean \"b\"?", "p.toml:8:"],
        ),
        section(
            "group size that does not divide",
            "penalty",
            "type = \"group_lasso\"\ngroups = { size = 3 }",
            &["a divisor of the number of features, 2", "p.toml:8:"],
        ),
        section(
            "groups in a table that is absent",
            "penalty",
            "type = \"group_lasso\"\ngroups = { column = \"g\", file = \"g.csv\" }",
            &["g.csv"],
        ),
        section(
            "unknown term",
            "penalty",
            "type = \"sum\"\nterms = [\n  { type = \"l1\" },\n  { type = \"l22\" },\n]",
            &[
                "unknown penalty \"l22\": did you mean \"l2\"?",
                "p.toml:10:12 at penalty.terms[1].type",
            ],
        ),
        section(
            "a term's unknown parameter",
            "penalty",
            "type = \"sum\"\nterms = [\n  { type = \"l1\" },\n  { type = \"l2\", lamda = 1 },\n]",
            &["unknown field `lamda`", "p.toml:10:18 at penalty.terms[1].lamda"],
        ),
        section(
            "a term's parameter out of bounds",
            "penalty",
            "type = \"sum\"\nterms = [{ type = \"l1\", lambda = -2 }]",
            &["p.toml:8:34 at penalty.terms[0].lambda", "got -2"],
        ),
        file(
            "terms nested too deep",
            problem("penalty", &nested(35)),
            &["nested more than 32 deep", "p.toml:"],
        ),
        section(
            "a solver that cannot take the penalty",
            "penalty",
            "type = \"slope\"\nweights = [2.0, 1.0]\n[solver]\ntype = \"cd\"",
            &["p.toml:10:8 at solver.type", "cd"],
        ),
    ]
}

fn nested(depth: usize) -> String {
    let mut inner = "{ type = \"l1\" }".to_string();
    for _ in 0..depth {
        inner = format!("{{ type = \"sum\", terms = [{inner}] }}");
    }
    format!("type = \"sum\"\nterms = [{inner}]")
}

fn json() -> Vec<Case> {
    let row = |name, text: &str, expect: &[&'static str]| {
        let mut case = file(name, "", expect).and("p.json", text);
        case.args = vec!["fit", "p.json", "-o", "out.json"];
        case
    };
    let good = |tail: &str| {
        format!(
            "{{\n  \"data\": {{ \"file\": \"d.csv\", \"response\": \"y\" }},\n  \"loss\": {{ \"type\": \"quadratic\" }},\n  {tail}\n}}\n"
        )
    };
    vec![
        row("empty JSON", "", &["the problem file is empty", "p.json"]),
        row("JSON that does not parse", "{\n  \"data\": ,\n}", &["not valid JSON", "p.json:2:11"]),
        row("JSON cut short", "{\n  \"data\": {", &["not valid JSON", "p.json:2:"]),
        row("JSON that is a list", "[1]", &["table of sections, got a list"]),
        row(
            "a JSON key twice",
            "{\"data\": {\"file\": \"a\", \"file\": \"b\"}}",
            &["duplicate key `file`", "p.json:1:24"],
        ),
        row(
            "unknown JSON key",
            &good("\"solver\": { \"toll\": 1 }"),
            &["unknown field `toll`", "p.json:4:15 at solver.toll"],
        ),
        row(
            "JSON value out of bounds",
            &good("\"solver\": { \"tol\": 0 }"),
            &["`tol` must be greater than 0", "p.json:4:22"],
        ),
        row(
            "JSON null",
            &good("\"solver\": { \"tol\": null }"),
            &["expected a number", "p.json:4:22"],
        ),
        row(
            "unknown JSON penalty",
            &good("\"penalty\": { \"type\": \"sum\", \"terms\": [ { \"type\": \"l11\" } ] }"),
            &["unknown penalty \"l11\"", "p.json:4:52 at penalty.terms[0].type"],
        ),
    ]
}

fn sets() -> Vec<Case> {
    let row = |name, set: &'static str, expect: &[&'static str]| {
        args(name, &["fit", "p.toml", "-o", "out.json", "--set", set], expect)
    };
    vec![
        row("--set without =", "penalty.lambda", &["KEY=VALUE", "--set:1:1"]),
        row("--set without value", "penalty.lambda=", &["no value"]),
        row("--set with an empty key", "penalty..lambda=1", &["empty key"]),
        row("--set with an open bracket", "penalty.terms[1=2", &["is not closed"]),
        row(
            "--set of an unknown key",
            "penalty.lamda=1",
            &["unknown field `lamda`", "--set:1:1 at penalty.lamda"],
        ),
        row(
            "--set of an unknown section",
            "penlty.lambda=1",
            &["unknown section `penlty`", "did you mean `penalty`?"],
        ),
        row("--set of a wrong type", "penalty.lambda=big", &["expected a number", "--set:1:16"]),
        row("--set out of bounds", "penalty.lambda=-1", &["at least 0, got -1", "--set:1:16"]),
        row("--set of a list that is none", "penalty[0]=1", &["is a table, not a list"]),
        row("--set below a number", "penalty.lambda.x=1", &["is a number and has no key `x`"]),
        row("--set of broken TOML", "path.lambdas=[1,", &["--set:1:"]),
        row(
            "--set of an unknown penalty",
            "penalty.type=l11",
            &["unknown penalty \"l11\": did you mean \"l1\"?", "--set:1:14"],
        ),
    ]
}

fn data_files() -> Vec<Case> {
    let other =
        |name: &'static str, file_name: &'static str, bytes: Vec<u8>, expect: &[&'static str]| {
            let body = format!("file = \"{file_name}\"\nresponse = \"y\"");
            file(name, problem("data", &body), expect).and(file_name, bytes)
        };
    vec![
        section(
            "data file absent",
            "data",
            "file = \"absent.csv\"\nresponse = \"y\"",
            &["absent.csv", "p.toml:2:8 at data.file"],
        ),
        section("data file a directory", "data", "file = \".\"\nresponse = \"y\"", &["p.toml"]),
        section(
            "data file of an unknown kind",
            "data",
            "file = \"d.xyz\"\nresponse = \"y\"",
            &["d.xyz"],
        )
        .and("d.xyz", "1"),
        section(
            "response absent",
            "data",
            "file = \"d.csv\"\nresponse = \"yy\"",
            &["no column \"yy\"", "p.toml:3:12 at data.response", "did you mean \"y\"?"],
        ),
        section(
            "feature absent",
            "data",
            "file = \"d.csv\"\nresponse = \"y\"\nfeatures = [\"a\", \"c\"]",
            &["no column \"c\"", "p.toml:4:18 at data.features[1]"],
        ),
        section(
            "weights absent",
            "data",
            "file = \"d.csv\"\nresponse = \"y\"\nweights = \"w\"",
            &["no column \"w\"", "p.toml:4:11"],
        ),
        data("empty data file", "", &["d.csv", "empty"]),
        data("header only", "a,b,y\n", &["d.csv", "no rows"]),
        data("one row", "a,b,y\n1,2,3\n", &["two samples"]),
        data(
            "ragged row",
            "a,b,y\n1,2,3\n4,5\n",
            &["d.csv:3", "expected 3 cells, as in the header, got 2"],
        ),
        data("duplicated name", "a,a,y\n1,2,3\n4,5,6\n", &["d.csv", "\"a\""]),
        data(
            "text in a numeric column",
            "a,b,y\n1,2,3\n4,x,6\n7,8,9\n",
            &["d.csv:3", "\"b\"", "x"],
        ),
        data("missing cell", "a,b,y\n1,2,3\n4,,6\n7,8,9\n", &["d.csv:3", "\"b\"", "missing"]),
        data("NaN", "a,b,y\n1,2,3\n4,NaN,6\n7,8,9\n", &["d.csv:3", "\"b\""]),
        data(
            "squares that overflow",
            "a,b,y\n1,1e200,3\n4,2e200,6\n7,5e200,9\n",
            &["d.csv", "column \"b\"", "5e200", "rescale"],
        ),
        data(
            "squares that vanish",
            "a,b,y\n1,1e-200,3\n4,2e-200,6\n7,5e-200,9\n",
            &["column \"b\"", "so small"],
        ),
        data(
            "a response whose squares overflow",
            "a,b,y\n1,2,3e200\n4,5,6\n7,8,9\n",
            &["column \"y\"", "so large"],
        ),
        data("infinity", "a,b,y\n1,2,3\n4,inf,6\n7,8,9\n", &["d.csv:3", "\"b\""]),
        data(
            "data that is not UTF-8",
            b"a,b,y\n1,2,3\n4,\xff,6\n".as_slice(),
            &["d.csv:3", "UTF-8"],
        ),
        file(
            "negative weight",
            problem("data", "file = \"d.csv\"\nresponse = \"y\"\nweights = \"b\""),
            &["weight", "d.csv"],
        ),
        other("truncated Parquet", "t.parquet", b"PAR1\x15\x04".to_vec(), &["t.parquet"]),
        other("truncated NPY", "t.npy", b"\x93NUMPY\x01\x00\x76\x00{'descr'".to_vec(), &["t.npy"]),
        other("something else named NPZ", "t.npz", b"hello".to_vec(), &["t.npz"]),
    ]
}

fn responses() -> Vec<Case> {
    vec![
        data(
            "count below zero",
            "a,b,y\n1,2,3\n4,5,-6\n7,8,9\n",
            &["response -6", "d.csv:3, column \"y\""],
        )
        .loss("poisson"),
        data(
            "one class only",
            "a,b,y\n1,2,1\n4,5,1\n7,8,1\n",
            &["at least two classes are needed", "p.toml:3:12"],
        )
        .loss("logistic"),
        data(
            "three classes for two",
            "a,b,y\n1,2,0\n4,5,1\n7,8,2\n",
            &["3 classes (0, 1, 2), but the loss reads two"],
        )
        .loss("logistic"),
        data("one class for several", "a,b,y\n1,2,x\n4,5,x\n", &["at least two classes"])
            .loss("multinomial"),
        data(
            "two classes for three in order",
            "a,b,y\n1,2,0\n4,5,1\n7,8,0\n",
            &["2 classes: at least 3 are needed", "p.toml:3:12"],
        )
        .loss("cumulative_logit"),
        data(
            "quantities for classes",
            "a,b,y\n1,2,0.5\n4,5,1\n7,8,1.25\n",
            &["0.5 is no class label: expected whole numbers or text", "p.toml:3:12"],
        )
        .loss("multinomial"),
        file(
            "survival for a numeric loss",
            problem("data", "file = \"d.csv\"\nresponse = { time = \"y\", event = \"b\" }"),
            &["does not read survival times", "d.csv"],
        ),
        file(
            "two responses for one",
            problem("data", "file = \"d.csv\"\nresponse = [\"y\", \"b\"]"),
            &["one"],
        )
        .loss("huber"),
    ]
}

fn command_lines() -> Vec<Case> {
    vec![
        args("unknown command", &["fitt", "p.toml"], &["fit"]),
        args("unknown option", &["fit", "p.toml", "--output-file", "x"], &["--output-file"]),
        args("no problem file", &["fit"], &["PROBLEM"]),
        args(
            "problem file absent",
            &["fit", "absent.toml"],
            &["the problem file does not exist", "absent.toml"],
        ),
        args("problem file a directory", &["fit", "."], &["got a directory"]),
        args(
            "problem file with another ending",
            &["fit", "d.csv"],
            &["ends in .toml or .json, got .csv"],
        ),
        args("threads 0", &["fit", "p.toml", "--threads", "0"], &["at least one thread"]),
        args("threads a word", &["fit", "p.toml", "--threads", "all"], &["whole number"]),
        args("time limit 0", &["fit", "p.toml", "--time-limit", "0"], &["greater than 0"]),
        args("time limit negative", &["fit", "p.toml", "--time-limit=-1"], &["greater than 0"]),
        args(
            "result in a folder that is absent",
            &["fit", "p.toml", "-o", "absent/out.json"],
            &["the folder does not exist", "absent/out.json"],
        ),
        args("result a directory", &["fit", "p.toml", "-o", "."], &["got a directory"]),
        args("checkpoint to resume absent", &["fit", "p.toml", "--resume", "c.cbor"], &["c.cbor"]),
        args("checkpoint that is none", &["fit", "p.toml", "--resume", "d.csv"], &["d.csv"]),
        args(
            "describe an unknown name",
            &["describe", "fussed"],
            &["unknown name \"fussed\"", "did you mean `fused`?"],
        ),
        args("list of something else", &["list", "loses"], &["losses"]),
        args(
            "predict from a file that is no result",
            &["predict", "d.csv", "d.csv"],
            &["not a result file", "d.csv"],
        ),
        args(
            "predict from a result that is absent",
            &["predict", "r.json", "d.csv"],
            &["the result file does not exist"],
        ),
    ]
}
