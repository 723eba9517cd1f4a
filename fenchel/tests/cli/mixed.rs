//! Mixed-effects models on the panel of examples/data/grunfeld.csv.

use serde_json::Value;

use super::common::{Bench, repository};

const PANEL: &str = "\
[data]
file = \"grunfeld.csv\"
response = \"invest\"
subject = \"firm\"
features = [\"value\", \"capital\"]

[loss]
type = \"tsallis\"
q = 1.0
random = \"intercept\"

[penalty]
type = \"none\"

[solver]
tol = 1e-9
";

fn panel() -> Bench {
    let data = std::fs::read(repository("examples/data/grunfeld.csv")).unwrap();
    Bench::new(&[("p.toml", PANEL.as_bytes()), ("grunfeld.csv", &data)])
}

fn fit(bench: &Bench, settings: &[&str]) -> Value {
    let mut args = vec!["fit", "p.toml", "-q", "-o", "r.json"];
    settings.iter().for_each(|setting| args.extend(["--set", setting]));
    let run = bench.run(&args);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    serde_json::from_str(&bench.read("r.json")).unwrap()
}

fn extra(result: &Value, name: &str) -> f64 {
    result["extra"][name][0].as_f64().unwrap_or_else(|| panic!("{name}: {}", result["extra"]))
}

#[track_caller]
fn near(got: f64, expected: f64, relative: f64) {
    assert!((got - expected).abs() <= relative * expected.abs(), "{got} against {expected}");
}

/// Reference: `statsmodels.formula.api.mixedlm("invest ~ value + capital", d, groups=d["firm"])
/// .fit(reml=False)` of statsmodels 0.15.0 on its data set `grunfeld`. Its optimiser stops earlier.
#[test]
fn at_q_of_1_it_is_the_mixed_model_of_statsmodels() {
    let result = fit(&panel(), &[]);
    let likelihood = -220.0 * result["loss"].as_f64().unwrap();
    near(likelihood, -1_194.449_896_043_62, 1e-9);
    assert!(likelihood >= -1_194.449_896_043_62, "{likelihood}");
    let slopes = result["coefficients"]["values"].as_array().unwrap();
    near(slopes[0].as_f64().unwrap(), 0.109_289_132_476_166, 2e-6);
    near(slopes[1].as_f64().unwrap(), 0.307_977_017_790_829, 2e-6);
    near(result["intercept"][0].as_f64().unwrap(), -53.912_432_321_695_66, 1e-5);
    near(extra(&result, "sigma").powi(2), 2_506.237_291_423_24, 1e-5);
    near(extra(&result, "random_effects"), 5_969.640_243_754_11, 2e-4);
    assert_eq!(extra(&result, "q"), 1.0);
}

#[test]
fn tails_slopes_and_correlations_only_raise_the_likelihood() {
    let bench = panel();
    let loss = |settings: &[&str]| fit(&bench, settings)["loss"].as_f64().unwrap();
    let intercept = loss(&[]);
    let slopes = "loss.random=[\"intercept\", \"value\"]";
    let independent = loss(&[slopes]);
    let correlated = loss(&[slopes, "loss.correlated=true"]);
    assert!(correlated <= independent && independent < intercept, "{independent} {intercept}");
    let heavy = fit(&bench, &["loss.q=\"estimate\"", slopes]);
    assert!(heavy["loss"].as_f64().unwrap() < independent);
    // Firms differ in size by orders of magnitude, which heavy tails make room for.
    assert!((1.0..3.0).contains(&extra(&heavy, "q")) && extra(&heavy, "df") < 2.0);
    assert_eq!(heavy["extra"]["tau"].as_array().unwrap().len(), 2);
}

#[test]
fn estimates_follow_the_units_of_the_data() {
    let bench = panel();
    let dollars = fit(&bench, &["loss.q=\"estimate\""]);
    // Investment in thousands, value in hundreds.
    let text = bench.read("grunfeld.csv");
    let rescaled: Vec<String> = text
        .lines()
        .enumerate()
        .map(|(i, line)| {
            let mut cells: Vec<String> = line.split(',').map(String::from).collect();
            if i > 0 {
                cells[0] = (cells[0].parse::<f64>().unwrap() / 1000.0).to_string();
                cells[1] = (cells[1].parse::<f64>().unwrap() / 100.0).to_string();
            }
            cells.join(",")
        })
        .collect();
    bench.write("grunfeld.csv", rescaled.join("\n"));
    let thousands = fit(&bench, &["loss.q=\"estimate\""]);
    near(extra(&thousands, "sigma"), extra(&dollars, "sigma") / 1000.0, 1e-6);
    near(extra(&thousands, "df"), extra(&dollars, "df"), 1e-6);
    near(extra(&thousands, "tau"), extra(&dollars, "tau"), 1e-6);
    let slope = |result: &Value| result["coefficients"]["values"][0].as_f64().unwrap();
    near(slope(&thousands), slope(&dollars) / 10.0, 1e-6);
    // In other units the problem is no harder: own parameters are in those of the response.
    let iterations = |result: &Value| result["iterations"].as_f64().unwrap();
    assert!(iterations(&thousands) < 2.0 * iterations(&dollars));
}

#[test]
fn predictions_are_the_fixed_effects_and_say_so() {
    let bench = panel();
    let result = fit(&bench, &["loss.q=\"estimate\""]);
    bench.write("new.csv", "capital,value\n10,100\n");
    let run = bench.run(&["predict", "r.json", "new.csv"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(run.stderr.contains("fixed effects alone"), "{}", run.stderr);
    let predicted: f64 = run.stdout.lines().nth(1).unwrap().parse().unwrap();
    let b = |j: usize| result["coefficients"]["values"][j].as_f64().unwrap();
    let expected = result["intercept"][0].as_f64().unwrap() + 100.0 * b(0) + 10.0 * b(1);
    near(predicted, expected, 1e-12);
}
