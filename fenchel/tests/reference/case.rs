//! A reference case, and the problem file that states it.

use std::fmt::Write;
use std::path::Path;

use serde_json::Value;

pub struct Case {
    pub name: String,
    pub json: Value,
    pub objective: f64,
    pub nonconvex: bool,
}

impl Case {
    /// `None` for the index, and for cases that are not a loss plus a penalty.
    pub fn read(path: &Path) -> Option<Self> {
        let name = path.file_stem()?.to_str()?.to_string();
        if name == "INDEX" || path.extension()? != "json" {
            return None;
        }
        let json: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        if json["penalty"] == "dag_l1" {
            return None;
        }
        let objective = json["objective"].as_f64().unwrap();
        let nonconvex = json["note"].as_str().is_some_and(|note| note.contains("not convex"));
        Some(Self { name, json, objective, nonconvex })
    }

    pub fn text(&self, key: &str) -> &str {
        self.json[key].as_str().unwrap_or_default()
    }

    pub fn param(&self, key: &str) -> Option<f64> {
        self.json["params"][key].as_f64()
    }

    pub fn lambda(&self) -> f64 {
        self.json["lambda"].as_f64().unwrap_or(0.0)
    }

    /// The last word of a field such as `log of column Holders`.
    pub fn column_of(&self, key: &str) -> Option<String> {
        Some(self.json[key].as_str()?.split_whitespace().last()?.to_string())
    }

    pub fn weights_column(&self) -> Option<String> {
        Some(self.json["weights"].as_str()?.split_whitespace().nth(1)?.to_string())
    }

    pub fn responses(&self) -> Vec<String> {
        let list = self.json["response"].as_array().unwrap();
        list.iter().map(|name| name.as_str().unwrap().to_string()).collect()
    }

    /// Whether the design is the identity.
    pub fn is_signal(&self) -> bool {
        self.json["features"].is_string() && self.text("file").ends_with(".csv")
    }

    /// The problem file.
    pub fn problem(&self, data: &Path) -> String {
        let mut text = String::new();
        let file = data.canonicalize().unwrap().join(self.text("file"));
        writeln!(text, "[data]\nfile = {}", toml(&file.to_str().unwrap().into())).unwrap();
        let responses = self.responses();
        if self.text("file").ends_with(".csv") {
            let response = match (self.text("loss"), &responses[..]) {
                ("cox", [time, event]) => format!("{{ time = {time:?}, event = {event:?} }}"),
                (_, [one]) => format!("{one:?}"),
                (_, several) => format!("{several:?}"),
            };
            writeln!(text, "response = {response}").unwrap();
            if self.is_signal() {
                writeln!(text, "design = \"identity\"").unwrap();
            } else {
                writeln!(text, "features = {}", toml(&self.json["features"])).unwrap();
            }
        }
        if let Some(column) = self.weights_column() {
            writeln!(text, "weights = {column:?}").unwrap();
        }
        if let Some(column) = self.column_of("offset") {
            writeln!(text, "exposure = {column:?}").unwrap();
        }
        let (intercept, standardize) = (self.flag("intercept"), self.flag("standardize"));
        writeln!(text, "[model]\nintercept = {intercept}\nstandardize = {standardize}").unwrap();
        writeln!(text, "[loss]\n{}", self.loss()).unwrap();
        writeln!(text, "[penalty]\n{}", self.penalty()).unwrap();
        writeln!(text, "[solver]\ntol = 1e-8").unwrap();
        text
    }

    pub fn flag(&self, key: &str) -> bool {
        self.json[key].as_bool().unwrap_or(false)
    }

    fn loss(&self) -> String {
        match self.text("loss") {
            "gaussian" => "type = \"quadratic\"".into(),
            "pinball" => format!("type = \"quantile\"\ntau = {}", self.param("tau").unwrap()),
            "huber" => format!("type = \"huber\"\ndelta = {:?}", self.param("delta").unwrap()),
            "cumulative_logit" => {
                let parallel = self.text("penalty") != "presto";
                format!("type = \"cumulative_logit\"\nparallel = {parallel}")
            }
            other => format!("type = {other:?}"),
        }
    }

    fn penalty(&self) -> String {
        let (kind, lambda, params) = (self.text("penalty"), self.lambda(), &self.json["params"]);
        let tagged = |tag: &str| format!("type = {tag:?}\nlambda = {lambda:?}");
        match kind {
            "none" => "type = \"none\"".into(),
            "elastic_net" => {
                let ratio = self.param("l1_ratio").unwrap();
                let mut fields = if ratio == 1.0 {
                    vec!["type = \"l1\"".to_string()]
                } else if ratio == 0.0 {
                    vec!["type = \"l2\"".to_string()]
                } else {
                    vec!["type = \"elastic_net\"".to_string(), format!("l1_ratio = {ratio:?}")]
                };
                fields.push(format!("lambda = {lambda:?}"));
                if !params["penalty_factor"].is_null() {
                    fields.push(format!("weights = {}", toml(&params["penalty_factor"])));
                }
                if params["nonnegative"] == Value::Bool(true) {
                    let inner = fields.join(", ");
                    return format!(
                        "type = \"sum\"\nterms = [{{ {inner} }}, {{ type = \"nonnegative\" }}]"
                    );
                }
                fields.join("\n")
            }
            "group_lasso" if params["groups"].is_string() => tagged("row_group"),
            "group_lasso" => match self.param("l1_share").filter(|share| *share != 0.0) {
                Some(share) => format!(
                    "{}\ngroups = {}\nl1_ratio = {share:?}",
                    tagged("sparse_group_lasso"),
                    toml(&params["groups"])
                ),
                None => format!("{}\ngroups = {}", tagged("group_lasso"), toml(&params["groups"])),
            },
            "slope" => format!("{}\nweights = {}", tagged("slope"), toml(&params["weights"])),
            "fused" => {
                format!("{}\nl1 = {:?}", tagged("fused"), self.param("l1").unwrap_or(0.0))
            }
            "mcp" | "scad" => {
                format!("{}\ngamma = {:?}", tagged(kind), self.param("gamma").unwrap())
            }
            other => tagged(other),
        }
    }
}

/// A TOML literal.
fn toml(value: &Value) -> String {
    match value {
        Value::Array(items) => {
            format!("[{}]", items.iter().map(toml).collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}
