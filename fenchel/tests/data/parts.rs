//! Which column plays which part: responses of each kind, weights, offsets, features.

use super::*;
use fenchel::data::{DesignConfig, FileColumn, Needs, SurvivalConfig};
use fenchel_core::Response;

fn features(names: &[&str]) -> DataConfig {
    DataConfig {
        features: Some(names.iter().map(|&name| name.into()).collect()),
        ..config("d.csv", "y")
    }
}

const ABC: &str = "a,b,c,y\n1,2,3,0\n4,5,6,1\n7,8,9,1\n";

#[test]
fn features_come_in_the_order_of_the_list() {
    let folder = Folder::new(&[("d.csv", ABC)]);
    let data = folder.load(&features(&["c", "a"]), ResponseKind::Number).unwrap();
    assert_eq!(data.feature_names, ["c", "a"]);
    assert_eq!(dense(&data.matrix), [[3.0, 6.0, 9.0], [1.0, 4.0, 7.0]]);
}

#[test]
fn a_list_of_features_is_checked() {
    let folder = Folder::new(&[("d.csv", "age,b,y\n1,2,3\n")]);
    let error = |names: &[&str]| folder.error(&features(names), ResponseKind::Number);
    assert_eq!(error(&["agee"]), "d.csv: no column \"agee\"\nhelp: did you mean \"age\"?");
    assert_eq!(
        error(&["age", "y"]),
        "d.csv: column \"y\": this is the response: it cannot be a feature"
    );
    assert_eq!(error(&["b", "b"]), "d.csv: column \"b\": `features` names it twice");
    assert!(error(&[]).starts_with("d.csv: `features` is empty"));
}

#[test]
fn without_a_feature_the_identity_is_suggested() {
    let error = csv_error("y\n1\n2\n");
    assert!(error.starts_with("d.csv: no column is left to be a feature"), "{error}");
    assert!(error.contains("design = \"identity\""), "{error}");
}

#[test]
fn the_identity_design_has_a_feature_for_each_row() {
    let folder = Folder::new(&[("d.csv", "y\n5\n6\n7\n")]);
    let config = DataConfig { design: Some(DesignConfig::Identity), ..config("d.csv", "y") };
    let data = folder.load(&config, ResponseKind::Number).unwrap();
    assert_eq!(*data.matrix, Matrix::identity(3));
    assert_eq!(data.feature_names, ["1", "2", "3"]);
    assert_eq!(data.samples.number().unwrap(), [5.0, 6.0, 7.0]);
}

#[test]
fn two_labels_of_any_kind_are_two_classes() {
    let labels = |cells: [&str; 3]| {
        let text = format!("a,y\n1,{}\n2,{}\n3,{}\n", cells[0], cells[1], cells[2]);
        let folder = Folder::new(&[("d.csv", &text)]);
        let data = folder.load(&config("d.csv", "y"), ResponseKind::TwoClasses).unwrap();
        (data.samples.two_classes().unwrap().to_vec(), data.classes.unwrap())
    };
    assert_eq!(labels(["1", "0", "1"]), (vec![1, 0, 1], vec!["0".into(), "1".into()]));
    assert_eq!(labels(["1", "-1", "1.0"]), (vec![1, 0, 1], vec!["-1".into(), "1".into()]));
    assert_eq!(labels(["yes", "no", "no"]), (vec![1, 0, 0], vec!["no".into(), "yes".into()]));
    assert_eq!(labels(["2", "10", "10"]), (vec![0, 1, 1], vec!["2".into(), "10".into()]));
    assert_eq!(labels(["0", "-0", "0.5"]), (vec![0, 0, 1], vec!["0".into(), "0.5".into()]));
}

#[test]
fn classes_are_sorted_by_value_or_as_text() {
    let folder = Folder::new(&[("d.csv", "a,y,z\n1,10,b\n2,9,10\n3,-1,9\n4,10,b\n")]);
    let of = |response: &str| {
        let config = features(&["a"]);
        let config =
            DataConfig { response: Some(ResponseConfig::Column(response.into())), ..config };
        let data = folder.load(&config, ResponseKind::Classes).unwrap();
        (data.samples.classes().unwrap().0.to_vec(), data.classes.unwrap())
    };
    assert_eq!(of("y"), (vec![2, 1, 0, 2], ["-1", "9", "10"].map(String::from).to_vec()));
    assert_eq!(of("z"), (vec![2, 0, 1, 2], ["10", "9", "b"].map(String::from).to_vec()));
}

#[test]
fn the_number_of_classes_is_checked() {
    let folder = Folder::new(&[("d.csv", "a,one,y\n1,u,0\n2,u,1\n3,u,2\n")]);
    let error = folder.error(&config("d.csv", "one"), ResponseKind::Classes);
    assert!(error.starts_with("d.csv: column \"one\": every response is \"u\""), "{error}");
    let error = folder.error(&config("d.csv", "y"), ResponseKind::TwoClasses);
    assert!(
        error.starts_with("d.csv: column \"y\": 3 classes (0, 1, 2), but the loss reads two"),
        "{error}"
    );
}

#[test]
fn several_responses_are_numbers_column_by_column() {
    let folder = Folder::new(&[("d.csv", ABC)]);
    let response = Some(ResponseConfig::Columns(vec!["y".into(), "b".into()]));
    let config = DataConfig { response, ..DataConfig::new("d.csv") };
    let data = folder.load(&config, ResponseKind::Numbers).unwrap();
    assert_eq!(data.samples.numbers().unwrap(), ([0.0, 1.0, 1.0, 2.0, 5.0, 8.0].as_slice(), 2));
    assert_eq!(data.response_names, ["y", "b"]);
    assert_eq!(data.feature_names, ["a", "c"]);
    let error = folder.error(&config, ResponseKind::Number);
    assert_eq!(error, "d.csv: the loss reads one response, but 2 are named");
}

#[test]
fn a_response_has_to_be_named() {
    let folder = Folder::new(&[("d.csv", ABC)]);
    let error = folder.error(&DataConfig::new("d.csv"), ResponseKind::Number);
    assert!(error.starts_with("d.csv: no response is named\nhelp: "), "{error}");
    let data = folder.load(&DataConfig::new("d.csv"), ResponseKind::Nothing).unwrap();
    assert_eq!(data.matrix.cols(), 4);
    assert_eq!(data.samples.response(), &Response::None { samples: 3 });
}

fn survival(time: &str, event: &str) -> DataConfig {
    let response =
        ResponseConfig::Survival(SurvivalConfig { time: time.into(), event: event.into() });
    DataConfig { response: Some(response), ..DataConfig::new("d.csv") }
}

#[test]
fn survival_reads_times_and_events() {
    let folder = Folder::new(&[("d.csv", "a,t,d,e\n1,5,1,TRUE\n2,0,0,false\n3,2.5,1,true\n")]);
    let data = folder.load(&survival("t", "d"), ResponseKind::Survival);
    assert!(data.is_ok(), "the other event column is a feature");
    for event in ["d", "e"] {
        let data = folder.load(&survival("t", event), ResponseKind::Survival).unwrap();
        let expected = ([5.0, 0.0, 2.5].as_slice(), [true, false, true].as_slice());
        assert_eq!(data.samples.survival().unwrap(), expected);
        assert_eq!(data.response_names, ["t", event]);
    }
}

#[test]
fn times_and_events_are_checked() {
    let folder = Folder::new(&[("d.csv", "a,t,d,u,v\n1,5,1,1,1\n2,-3,2,NA,1\n")]);
    let error = |time: &str, event: &str, kind| folder.error(&survival(time, event), kind);
    assert_eq!(
        error("t", "v", ResponseKind::Survival).lines().next().unwrap(),
        "d.csv:3: column \"u\": the cell is missing"
    );
    let folder = Folder::new(&[("d.csv", "a,t,d,v\n1,5,1,1\n2,-3,2,1\n")]);
    let error = |time: &str, event: &str, kind| folder.error(&survival(time, event), kind);
    assert_eq!(
        error("t", "v", ResponseKind::Survival),
        "d.csv:3: column \"t\": expected a time of at least 0, got -3"
    );
    assert_eq!(
        error("a", "d", ResponseKind::Survival),
        "d.csv:3: column \"d\": expected 0 or 1 (or false, true), got \"2\""
    );
    assert!(error("a", "v", ResponseKind::Number).contains("does not read survival times"));
    let error = folder.error(&config("d.csv", "t"), ResponseKind::Survival);
    assert!(error.contains("response = { time = \"...\", event = \"...\" }"), "{error}");
}

#[test]
fn weights_are_rescaled_to_mean_1_and_checked() {
    let load = |cells: [&str; 2]| {
        let text = format!("a,w,y\n1,{},1\n2,{},2\n", cells[0], cells[1]);
        let folder = Folder::new(&[("d.csv", &text)]);
        let config = DataConfig { weights: column("w"), ..config("d.csv", "y") };
        folder
            .load(&config, ResponseKind::Number)
            .map(|data| (data.feature_names.to_vec(), data.samples.weights().unwrap().to_vec()))
            .map_err(|error| error.to_string())
    };
    assert_eq!(load(["1", "3"]).unwrap(), (vec!["a".to_owned()], vec![0.5, 1.5]));
    let error = load(["1", "-3"]).unwrap_err();
    assert!(error.ends_with("d.csv:3: column \"w\": expected a weight of at least 0, got -3"));
    assert!(load(["0", "0"]).unwrap_err().ends_with("column \"w\": all weights are 0"));
    assert!(load(["1", "inf"]).unwrap_err().contains("d.csv:3: column \"w\": expected a finite"));
}

#[test]
fn offset_and_logarithm_of_the_exposure_add_up() {
    let folder = Folder::new(&[("d.csv", "a,o,e,y\n1,0.5,1,1\n2,-1,2,2\n")]);
    let base = config("d.csv", "y");
    let config = DataConfig { offset: column("o"), exposure: column("e"), ..base.clone() };
    let data = folder.load(&config, ResponseKind::Number).unwrap();
    assert_eq!(data.offset, Some(vec![0.5, -1.0 + 2f64.ln()]));
    assert_eq!(data.feature_names, ["a"]);
    let config = DataConfig { exposure: column("o"), ..base };
    assert_eq!(
        folder.error(&config, ResponseKind::Number),
        "d.csv:3: column \"o\": expected an exposure greater than 0, got -1"
    );
}

#[test]
fn an_infinite_offset_is_an_error() {
    let folder = Folder::new(&[("d.csv", "a,o,y\n1,0,1\n2,inf,2\n")]);
    let config = DataConfig { offset: column("o"), ..config("d.csv", "y") };
    let error = folder.error(&config, ResponseKind::Number);
    assert_eq!(error, "d.csv:3: column \"o\": expected a finite number, got inf");
}

#[test]
fn subjects_are_numbered_in_sorted_order() {
    let folder = Folder::new(&[("d.csv", "a,id,y\n1,p9,1\n2,p10,2\n3,p9,3\n")]);
    let config = DataConfig { subject: column("id"), ..config("d.csv", "y") };
    let data = folder.load(&config, ResponseKind::Number).unwrap();
    assert_eq!(data.subject, Some(vec![1, 0, 1]));
    assert_eq!(data.samples.subject(), Some([1, 0, 1].as_slice()));
    assert_eq!(data.feature_names, ["a"]);
}

#[test]
fn columns_that_something_else_names_are_kept_and_no_features() {
    let folder = Folder::new(&[("d.csv", "a,fold,y\n1,0,1\n2,1,2\n3,0,3\n")]);
    let columns = ["fold".to_owned()];
    let needs = Needs { response: ResponseKind::Number, columns: &columns };
    let data = data::load(&config("d.csv", "y"), folder.path(), needs).unwrap();
    assert_eq!(data.feature_names, ["a"]);
    assert_eq!(data.column("fold").unwrap(), [0.0, 1.0, 0.0]);
    assert!(data.column("a").unwrap_err().to_string().contains("has not been read"));
    let columns = ["folt".to_owned()];
    let needs = Needs { response: ResponseKind::Number, columns: &columns };
    let error = data::load(&config("d.csv", "y"), folder.path(), needs).unwrap_err();
    assert_eq!(error.help.as_deref(), Some("did you mean \"fold\"?"));
}

#[test]
fn a_response_may_stand_in_a_file_of_its_own() {
    let folder = Folder::new(&[
        ("x.mtx", "%%MatrixMarket matrix array real general\n2 1\n1\n2\n"),
        ("y.csv", "u,v\n5,6\n7,8\n"),
        ("long.csv", "u\n5\n6\n7\n"),
        ("w.csv", "w\n1\n3\n"),
    ]);
    let with = |file: &str, column: Option<&str>| DataConfig {
        response: Some(ResponseConfig::File(FileColumn {
            file: file.into(),
            column: column.map(str::to_owned),
        })),
        weights: Some(ColumnRef::File(FileColumn { file: "w.csv".into(), column: None })),
        ..DataConfig::new("x.mtx")
    };
    let data = folder.load(&with("y.csv", Some("v")), ResponseKind::Number).unwrap();
    assert_eq!(data.samples.number().unwrap(), [6.0, 8.0]);
    assert_eq!(data.samples.weights().unwrap(), [0.5, 1.5]);
    let data = folder.load(&with("y.csv", None), ResponseKind::Numbers).unwrap();
    assert_eq!(data.samples.numbers().unwrap(), ([5.0, 7.0, 6.0, 8.0].as_slice(), 2));
    let error = folder.error(&with("long.csv", None), ResponseKind::Number);
    assert!(error.starts_with("long.csv: the file has 3 rows, but "), "{error}");
    assert!(error.ends_with("x.mtx has 2"), "{error}");
}

#[test]
fn the_section_reads_every_form_of_response_and_writes_its_defaults() {
    let read = |json: &str| serde_json::from_str::<DataConfig>(json).unwrap();
    let short = read(r#"{ "file": "d.csv", "response": "y" }"#);
    assert_eq!(short, config("d.csv", "y"));
    assert_eq!(
        serde_json::to_string(&short).unwrap(),
        r#"{"file":"d.csv","response":"y","categorical":"one-hot","missing":"error"}"#
    );
    for response in [
        r#"["u","v"]"#,
        r#"{"time":"t","event":"d"}"#,
        r#"{"time":{"file":"t.npy"},"event":{"file":"e.npy"}}"#,
        r#"{"file":"y.npy"}"#,
    ] {
        let whole = read(&format!(r#"{{ "file": "x.npy", "response": {response} }}"#));
        assert!(serde_json::to_string(&whole).unwrap().contains(response));
    }
    let error = serde_json::from_str::<DataConfig>(r#"{ "file": "d.csv", "respons": "y" }"#);
    assert!(error.unwrap_err().to_string().contains("unknown field `respons`"));
    let error = serde_json::from_str::<DataConfig>(r#"{ "file": "d.csv", "response": 3 }"#);
    assert!(error.unwrap_err().to_string().contains("expected a column name, a list"));
}
