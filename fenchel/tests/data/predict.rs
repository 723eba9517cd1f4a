//! New data for a model that has been fitted.

use super::*;
use fenchel::data::{DesignConfig, FileColumn, Missing, NewData, load_for_prediction};
use fenchel_core::Names;

const TRAIN: &str = "city,a,b,e,y\nOslo,1,5,1,1\nKyiv,2,6,2,2\nLima,,7,3,3\n";

fn train() -> DataConfig {
    DataConfig { exposure: column("e"), missing: Missing::Mean, ..config("train.csv", "y") }
}

/// Fits nothing, but reads `TRAIN` and then `new` as its model would.
fn predict(new: &str, config: &DataConfig) -> Result<NewData, String> {
    let folder = Folder::new(&[("train.csv", TRAIN), ("new.csv", new)]);
    let fit = folder.load(config, ResponseKind::Number).unwrap();
    let path = folder.path().join("new.csv");
    load_for_prediction(&path, config, folder.path(), &fit.feature_names, &fit.encoding)
        .map_err(|error| error.to_string().replace(&format!("{}/", folder.path().display()), ""))
}

#[test]
fn columns_are_matched_by_name_and_treated_as_in_the_fit() {
    let new = predict("b,extra,e,a,city\n1,x,1,NA,Lima\n2,y,2,4,Kyiv\n", &train()).unwrap();
    // city=Lima, city=Oslo, a (mean 1.5), b
    assert_eq!(dense(&new.matrix), [[1.0, 0.0], [0.0, 0.0], [1.5, 4.0], [1.0, 2.0]]);
    assert_eq!(new.offset, Some(vec![0.0, 2f64.ln()]));
    assert_eq!(new.rows, 2);
}

#[test]
fn the_data_of_the_fit_gives_the_design_of_the_fit() {
    let folder = Folder::new(&[("train.csv", TRAIN)]);
    let fit = folder.load(&train(), ResponseKind::Number).unwrap();
    let path = folder.path().join("train.csv");
    let names = &fit.feature_names;
    let again = load_for_prediction(&path, &train(), folder.path(), names, &fit.encoding).unwrap();
    assert_eq!(again.matrix, *fit.matrix);
    assert_eq!(again.offset, fit.offset);
}

#[test]
fn a_missing_column_is_named() {
    let error = predict("city,a,e\nOslo,1,1\n", &train()).unwrap_err();
    assert!(
        error.starts_with("new.csv: no column \"b\", which the fit has as a feature"),
        "{error}"
    );
    let error = predict("cty,a,b,e\nOslo,1,1,1\n", &train()).unwrap_err();
    assert!(error.starts_with("new.csv: no column \"city\""), "{error}");
    assert!(error.ends_with("did you mean \"cty\"?"), "{error}");
    let error = predict("city,a,b\nOslo,1,1\n", &train()).unwrap_err();
    assert!(error.starts_with("new.csv: no column \"e\", which is the exposure"), "{error}");
}

#[test]
fn a_level_that_the_fit_has_not_seen_is_an_error() {
    let error = predict("city,a,b,e\nOslo,1,1,1\nRome,1,1,1\n", &train()).unwrap_err();
    assert_eq!(
        error,
        "new.csv:3: column \"city\": the fit has not seen the level \"Rome\"\n\
         help: it has seen Kyiv, Lima, Oslo"
    );
}

#[test]
fn text_and_missing_cells_are_errors_without_a_mean() {
    let config = DataConfig { features: Some(vec!["b".into()]), ..config("train.csv", "y") };
    let error = predict("b\n1\n\nNA\n", &config).unwrap_err();
    assert_eq!(error, "new.csv:4: column \"b\": the cell is missing");
    let error = predict("b\nx\n", &config).unwrap_err();
    assert_eq!(error, "new.csv:2: column \"b\": expected a number, got \"x\"");
}

#[test]
fn an_offset_from_a_file_of_its_own_is_refused() {
    let file = FileColumn { file: "train.csv".into(), column: Some("a".into()) };
    let config = DataConfig {
        features: Some(vec!["b".into()]),
        missing: Missing::Drop,
        offset: Some(ColumnRef::File(file)),
        ..config("train.csv", "y")
    };
    let error = predict("b\n1\n", &config).unwrap_err();
    assert!(error.starts_with("new.csv: the fit read its offset from \"train.csv\""), "{error}");
}

#[test]
fn sparse_rows_may_end_before_the_last_feature_or_after() {
    let folder = Folder::new(&[
        ("train.svm", "1 1:1 3:1\n2 2:1\n"),
        ("short.svm", "0 1:5\n"),
        ("long.svm", "0 2:6 9:1\n"),
    ]);
    let names = Names::numbered(3);
    let config = DataConfig::new("train.svm");
    let read = |file: &str, config: &DataConfig, names: &Names| {
        let path = folder.path().join(file);
        load_for_prediction(&path, config, folder.path(), names, &[]).map(|new| dense(&new.matrix))
    };
    assert_eq!(read("short.svm", &config, &names).unwrap(), [[5.0], [0.0], [0.0]]);
    assert_eq!(read("long.svm", &config, &names).unwrap(), [[0.0], [6.0], [0.0]]);
}

#[test]
fn columns_that_the_fit_gave_names_are_taken_by_position() {
    let folder = Folder::new(&[
        ("x.mtx", "%%MatrixMarket matrix array real general\n1 2\n5\n6\n"),
        ("wide.mtx", "%%MatrixMarket matrix array real general\n1 3\n5\n6\n7\n"),
        ("new.svm", "0 2:3\n"),
        ("names.txt", "u\nv\n"),
    ]);
    let names: Names = ["u", "v"].into_iter().collect();
    let config = DataConfig { feature_names: Some("gone.txt".into()), ..DataConfig::new("x.mtx") };
    let read = |file: &str, config: &DataConfig, names: &Names| {
        let path = folder.path().join(file);
        load_for_prediction(&path, config, folder.path(), names, &[]).map(|new| dense(&new.matrix))
    };
    assert_eq!(read("x.mtx", &config, &names).unwrap(), [[5.0], [6.0]]);
    assert_eq!(read("new.svm", &config, &names).unwrap(), [[0.0], [3.0]]);
    let error = read("wide.mtx", &config, &names).unwrap_err();
    assert_eq!(error.message, "the file has 3 columns, but the fit had 2");
    // Where only some columns are features, their names are needed again.
    let config = DataConfig {
        feature_names: Some("names.txt".into()),
        response: Some(ResponseConfig::Column("u".into())),
        ..config
    };
    assert_eq!(read("x.mtx", &config, &["v"].into_iter().collect()).unwrap(), [[6.0]]);
}

#[test]
fn an_identity_design_needs_the_rows_of_the_fit() {
    let folder = Folder::new(&[("same.csv", "y\n1\n2\n"), ("other.csv", "y\n1\n2\n3\n")]);
    let config = DataConfig { design: Some(DesignConfig::Identity), ..config("same.csv", "y") };
    let names = Names::numbered(2);
    let read = |file: &str| {
        load_for_prediction(&folder.path().join(file), &config, folder.path(), &names, &[])
    };
    assert_eq!(read("same.csv").unwrap().matrix, Matrix::identity(2));
    assert_eq!(read("other.csv").unwrap_err().message, "the file has 3 rows, but the fit had 2");
}
