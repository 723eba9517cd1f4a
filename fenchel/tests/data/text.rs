//! svmlight and Matrix Market.

use super::*;
use fenchel::data::Missing;

fn svm(text: &str) -> Result<Dataset, String> {
    let folder = Folder::new(&[("d.svm", text)]);
    let data = folder.load(&DataConfig::new("d.svm"), ResponseKind::Number);
    data.map_err(|error| error.to_string().replace(&format!("{}/", folder.path().display()), ""))
}

fn mtx(text: &str) -> Result<Vec<Vec<f64>>, String> {
    let folder = Folder::new(&[("d.mtx", text)]);
    let data = folder.load(&DataConfig::new("d.mtx"), ResponseKind::Nothing);
    data.map(|data| dense(&data.matrix))
        .map_err(|error| error.to_string().replace(&format!("{}/", folder.path().display()), ""))
}

#[test]
fn svmlight_rows_become_sparse_columns_with_the_label_as_response() {
    let data = svm("# head\n+1 1:0.5 3:2 # note\n\n-1.5 qid:7 2:-1e-1\n0\n").unwrap();
    assert!(matches!(*data.matrix, Matrix::Sparse(_)));
    assert_eq!(dense(&data.matrix), [[0.5, 0.0, 0.0], [0.0, -0.1, 0.0], [2.0, 0.0, 0.0]]);
    assert_eq!(data.samples.number().unwrap(), [1.0, -1.5, 0.0]);
    assert_eq!(data.feature_names, ["1", "2", "3"]);
    assert_eq!(data.response_names, ["label"]);
}

#[test]
fn svmlight_labels_may_be_classes() {
    let folder = Folder::new(&[("d.libsvm", "+1 1:1\n-1 1:2\n")]);
    let data = folder.load(&DataConfig::new("d.libsvm"), ResponseKind::TwoClasses).unwrap();
    assert_eq!(data.samples.two_classes().unwrap(), [1, 0]);
    assert_eq!(data.classes.unwrap(), ["-1", "1"]);
}

#[test]
fn svmlight_faults_are_reported_with_their_line() {
    let error = |text: &str| svm(text).unwrap_err();
    assert_eq!(error("1 1:1\n1 3:1 2:1\n"), "d.svm:2: index 2 after 3: indices must ascend");
    assert_eq!(error("1 2:1 2:1\n"), "d.svm:1: index 2 after 2: indices must ascend");
    assert!(error("1 0:1\n").starts_with("d.svm:1: index 0: indices count from 1\nhelp: "));
    assert!(error("x 1:1\n").starts_with("d.svm:1: expected a label, got \"x\""));
    assert_eq!(error("1 1:1\n\n2 3\n"), "d.svm:3: expected index:value, got \"3\"");
    assert_eq!(error("1 a:1\n"), "d.svm:1: expected an index from 1, got \"a\"");
    assert_eq!(error("1 4:x\n"), "d.svm:1: index 4: expected a number, got \"x\"");
    assert_eq!(error("1 4:inf\n"), "d.svm:1: column \"4\": expected a finite number, got inf");
    assert!(error("1 4294967295:1\n").starts_with("d.svm:1: index 4294967295 is too large"));
    assert_eq!(error("# nothing\n"), "d.svm: the file has no rows");
    assert_eq!(error("1\n2\n"), "d.svm: no row has an index:value pair");
    assert_eq!(error(""), "d.svm: the file is empty");
}

#[test]
fn names_come_from_a_file_and_may_reach_beyond_the_last_index() {
    let folder = Folder::new(&[("d.svm", "1 1:1\n2 2:5\n"), ("names.txt", "a\nb\nc\n")]);
    let config = DataConfig { feature_names: Some("names.txt".into()), ..DataConfig::new("d.svm") };
    let data = folder.load(&config, ResponseKind::Number).unwrap();
    assert_eq!(data.feature_names, ["a", "b", "c"]);
    assert_eq!(dense(&data.matrix), [[1.0, 0.0], [0.0, 5.0], [0.0, 0.0]]);
    folder.write("names.txt", b"a\n");
    let error = folder.error(&config, ResponseKind::Number);
    assert!(error.starts_with("names.txt: 1 names, but "), "{error}");
    folder.write("names.txt", b"a\na\n");
    let error = folder.error(&config, ResponseKind::Number);
    assert_eq!(error, "names.txt: columns 1 and 2 are both named \"a\"");
}

#[test]
fn missing_entries_of_a_sparse_matrix_are_dropped_or_filled() {
    let text = "1 1:4 2:1\n2 1:nan\n3 2:7\n";
    let folder = Folder::new(&[("d.svm", text)]);
    let load = |missing| {
        let config = DataConfig { missing, ..DataConfig::new("d.svm") };
        folder.load(&config, ResponseKind::Number)
    };
    assert!(
        load(Missing::Error)
            .unwrap_err()
            .to_string()
            .contains("d.svm:2: column \"1\": the cell is missing")
    );
    let data = load(Missing::Drop).unwrap();
    assert_eq!(dense(&data.matrix), [[4.0, 0.0], [1.0, 7.0]]);
    assert_eq!(data.samples.number().unwrap(), [1.0, 3.0]);
    let data = load(Missing::Mean).unwrap();
    assert_eq!(dense(&data.matrix), [[4.0, 2.0, 0.0], [1.0, 0.0, 7.0]]);
}

#[test]
fn matrix_market_coordinates_are_read_with_each_symmetry() {
    let general = "%%MatrixMarket matrix coordinate real general\n% a comment\n\n2 3 3\n1 1 1.5\n2 3 -2\n2 3 1\n";
    assert_eq!(mtx(general).unwrap(), [[1.5, 0.0], [0.0, 0.0], [0.0, -1.0]]);
    let symmetric = "%%MatrixMarket matrix coordinate integer symmetric\n2 2 2\n1 1 3\n2 1 4\n";
    assert_eq!(mtx(symmetric).unwrap(), [[3.0, 4.0], [4.0, 0.0]]);
    let skew = "%%matrixmarket MATRIX Coordinate Real Skew-Symmetric\n2 2 1\n2 1 4\n";
    assert_eq!(mtx(skew).unwrap(), [[0.0, 4.0], [-4.0, 0.0]]);
    let pattern = "%%MatrixMarket matrix coordinate pattern general\n2 2 2\n1 2\n2 1\n";
    assert_eq!(mtx(pattern).unwrap(), [[0.0, 1.0], [1.0, 0.0]]);
}

#[test]
fn three_entries_at_one_place_add_up() {
    let text =
        "%%MatrixMarket matrix coordinate real general\n2 2 5\n2 1 1\n1 1 8\n2 1 2\n2 1 4\n2 2 3\n";
    assert_eq!(mtx(text).unwrap(), [[8.0, 7.0], [0.0, 3.0]]);
}

#[test]
fn matrix_market_arrays_are_read_column_by_column() {
    let general = "%%MatrixMarket matrix array real general\n2 2\n1\n2\n3\n4\n";
    assert_eq!(mtx(general).unwrap(), [[1.0, 2.0], [3.0, 4.0]]);
    let symmetric = "%%MatrixMarket matrix array real symmetric\n2 2\n1\n2\n4\n";
    assert_eq!(mtx(symmetric).unwrap(), [[1.0, 2.0], [2.0, 4.0]]);
    let skew = "%%MatrixMarket matrix array real skew-symmetric\n2 2\n5\n";
    assert_eq!(mtx(skew).unwrap(), [[0.0, 5.0], [-5.0, 0.0]]);
}

#[test]
fn matrix_market_faults_are_reported_with_their_line() {
    let error = |text: &str| mtx(text).unwrap_err();
    let head = "%%MatrixMarket matrix coordinate real general\n";
    assert!(
        error("1 2 3\n").starts_with("d.mtx:1: expected a Matrix Market header, got \"1 2 3\"")
    );
    assert_eq!(
        error("%%MatrixMarket matrix coordinate complex general\n1 1 0\n"),
        "d.mtx:1: expected real, integer or pattern numbers, got complex"
    );
    assert_eq!(
        error("%%MatrixMarket matrix coordinate real hermitian\n1 1 0\n"),
        "d.mtx:1: expected general, symmetric or skew-symmetric, got hermitian"
    );
    assert_eq!(error(head), "d.mtx: the line with the size is missing");
    assert_eq!(error(&format!("{head}2 x 1\n")), "d.mtx:2: expected a whole number, got \"x\"");
    assert_eq!(
        error(&format!("{head}2 2 2\n1 1 1\n")),
        "d.mtx: the file ends after 1 of 2 entries"
    );
    assert_eq!(
        error(&format!("{head}2 2 1\n%\n3 1 1\n")),
        "d.mtx:4: entry (3, 1) is outside a 2 x 2 matrix from (1, 1)"
    );
    assert_eq!(error(&format!("{head}2 2 1\n1 1 x\n")), "d.mtx:3: expected a number, got \"x\"");
    assert_eq!(
        error(&format!("{head}1 1 1\n1 1 1\n1 1 1\n")),
        "d.mtx:4: more entries than the size line announces"
    );
    assert!(
        error("%%MatrixMarket matrix coordinate real symmetric\n2 2 1\n1 2 1\n")
            .starts_with("d.mtx:3: entry (1, 2) is above the diagonal")
    );
    assert!(
        error("%%MatrixMarket matrix array real general\n1000000 1000000\n1\n")
            .starts_with("d.mtx: the file is too short")
    );
    assert!(error(&format!("{head}4 99999999999 0\n")).contains("columns are too many"));
}
