//! Missing cells, text columns, infinite numbers.

use super::*;
use fenchel::data::{Categorical, Encoding, Missing};

fn with_missing(missing: Missing) -> DataConfig {
    DataConfig { missing, ..config("d.csv", "y") }
}

const HOLES: &str = "a,b,y\n1,NA,1\n,2,2\n3,nan,3\n5,4,4\n7,null,5\n9,NaN,6\n";

#[test]
fn the_first_missing_cell_is_an_error_that_counts_the_others() {
    let folder = Folder::new(&[("d.csv", HOLES)]);
    let error = folder.error(&with_missing(Missing::Error), ResponseKind::Number);
    assert_eq!(
        error,
        "d.csv:2: column \"b\": the cell is missing, and so are 4 others in the columns in use\n\
         help: missing = \"drop\" leaves out rows with missing cells, missing = \"mean\" fills \
         numeric features with their mean"
    );
}

#[test]
fn a_missing_cell_outside_the_columns_in_use_does_not_count() {
    let folder = Folder::new(&[("d.csv", "a,b,y\n1,NA,1\n2,,2\n")]);
    let config = DataConfig { features: Some(vec!["a".into()]), ..config("d.csv", "y") };
    assert_eq!(folder.load(&config, ResponseKind::Number).unwrap().samples.len(), 2);
}

#[test]
fn rows_with_missing_cells_are_dropped() {
    let folder = Folder::new(&[("d.csv", HOLES)]);
    let data = folder.load(&with_missing(Missing::Drop), ResponseKind::Number).unwrap();
    assert_eq!(data.rows_kept, [3]);
    assert_eq!(dense(&data.matrix), [[5.0], [4.0]]);
    assert_eq!(data.samples.number().unwrap(), [4.0]);
}

#[test]
fn a_file_of_missing_cells_leaves_no_row() {
    let folder = Folder::new(&[("d.csv", "a,y\n,1\nNA,2\n")]);
    let error = folder.error(&with_missing(Missing::Drop), ResponseKind::Number);
    assert!(error.starts_with("d.csv: every row has a missing cell"), "{error}");
    let error = folder.error(&with_missing(Missing::Mean), ResponseKind::Number);
    assert!(error.starts_with("d.csv: column \"a\": every cell is missing"), "{error}");
}

#[test]
fn missing_features_become_means_which_are_recorded() {
    let folder = Folder::new(&[("d.csv", HOLES)]);
    let data = folder.load(&with_missing(Missing::Mean), ResponseKind::Number).unwrap();
    let (a, b) = (25.0 / 5.0, 3.0);
    assert_eq!(dense(&data.matrix)[0], [1.0, a, 3.0, 5.0, 7.0, 9.0]);
    assert_eq!(dense(&data.matrix)[1], [b, 2.0, b, 4.0, b, b]);
    assert_eq!(
        data.encoding,
        [
            Encoding::Mean { column: "a".into(), mean: a },
            Encoding::Mean { column: "b".into(), mean: b }
        ]
    );
}

#[test]
fn a_missing_response_or_text_cell_is_not_filled() {
    let folder = Folder::new(&[("d.csv", "a,y\n1,2\n3,\n")]);
    let error = folder.error(&with_missing(Missing::Mean), ResponseKind::Number);
    assert!(error.starts_with("d.csv:3: column \"y\": the cell is missing"), "{error}");
    let folder = Folder::new(&[("d.csv", "a,y\nu,2\n,3\n")]);
    let error = folder.error(&with_missing(Missing::Mean), ResponseKind::Number);
    assert!(error.starts_with("d.csv:3: column \"a\": the cell is missing"), "{error}");
}

#[test]
fn an_infinite_number_is_an_error() {
    for cell in ["inf", "-inf", "Infinity", "1e999"] {
        let error = csv_error(&format!("a,y\n1,2\n{cell},3\n"));
        assert!(error.starts_with("d.csv:3: column \"a\": expected a finite number"), "{error}");
        let error = csv_error(&format!("a,y\n1,2\n3,{cell}\n"));
        assert!(error.starts_with("d.csv:3: column \"y\": expected a finite number"), "{error}");
    }
}

const CITIES: &str = "city,a,y\nOslo,1,1\nKyiv,2,2\nLima,3,3\nOslo,4,4\n";

#[test]
fn text_becomes_one_column_for_each_level_but_the_first() {
    let folder = Folder::new(&[("d.csv", CITIES)]);
    let data = folder.load(&config("d.csv", "y"), ResponseKind::Number).unwrap();
    assert_eq!(data.feature_names, ["city=Lima", "city=Oslo", "a"]);
    assert_eq!(
        dense(&data.matrix),
        [[0.0, 0.0, 1.0, 0.0], [1.0, 0.0, 0.0, 1.0], [1.0, 2.0, 3.0, 4.0]]
    );
    let levels = ["Kyiv", "Lima", "Oslo"].map(String::from).to_vec();
    assert_eq!(data.encoding, [Encoding::OneHot { column: "city".into(), levels }]);
}

#[test]
fn levels_are_those_of_the_rows_kept() {
    let folder = Folder::new(&[("d.csv", "c,a,y\nu,1,1\nv,,2\nw,3,3\n,4,4\n")]);
    let data = folder.load(&with_missing(Missing::Drop), ResponseKind::Number).unwrap();
    assert_eq!(data.feature_names, ["c=w", "a"]);
    assert_eq!(data.rows_kept, [0, 2]);
}

#[test]
fn text_is_refused_where_asked() {
    let folder = Folder::new(&[("d.csv", CITIES)]);
    let config = DataConfig { categorical: Categorical::Error, ..config("d.csv", "y") };
    let error = folder.error(&config, ResponseKind::Number);
    assert!(
        error.starts_with("d.csv:2: column \"city\": expected a number, got \"Oslo\""),
        "{error}"
    );
}

#[test]
fn text_that_tells_rows_apart_is_no_feature() {
    let rows: String = (0..30).map(|i| format!("name{i},{i}\n")).collect();
    let error = csv_error(&format!("id,y\n{rows}"));
    assert!(error.starts_with("d.csv: column \"id\": text with 30 different values"), "{error}");
}

#[test]
fn a_one_hot_name_that_exists_is_an_error() {
    let error = csv_error("c=v,c,y\n1,u,1\n2,v,2\n");
    assert!(error.starts_with("d.csv: two features would be called \"c=v\""), "{error}");
}

#[test]
fn text_in_a_numeric_response_is_an_error() {
    let error = csv_error("a,y\n1,high\n2,low\n");
    assert_eq!(error, "d.csv:2: column \"y\": expected a number, got \"high\"");
}

#[test]
fn an_encoding_survives_json() {
    let folder = Folder::new(&[("d.csv", "c,a,y\nu,0.1,1\nv,,2\n")]);
    let data = folder.load(&with_missing(Missing::Mean), ResponseKind::Number).unwrap();
    let json = serde_json::to_string(&data.encoding).unwrap();
    assert_eq!(
        json,
        r#"[{"type":"one-hot","column":"c","levels":["u","v"]},{"type":"mean","column":"a","mean":0.1}]"#
    );
    assert_eq!(serde_json::from_str::<Vec<Encoding>>(&json).unwrap(), data.encoding);
}
