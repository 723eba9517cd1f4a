//! CSV and TSV.

use super::*;

#[test]
fn a_csv_gives_its_columns_in_order_and_the_response_apart() {
    let folder = Folder::new(&[("d.csv", "a,y,b\n1,10,2\n3,20,4.5e1\n-5,30,.5\n")]);
    let data = folder.load(&config("d.csv", "y"), ResponseKind::Number).unwrap();
    assert_eq!(dense(&data.matrix), [vec![1.0, 3.0, -5.0], vec![2.0, 45.0, 0.5]]);
    assert_eq!(data.feature_names, ["a", "b"]);
    assert_eq!(data.samples.number().unwrap(), [10.0, 20.0, 30.0]);
    assert_eq!(data.response_names, ["y"]);
    assert_eq!(data.rows_kept, [0, 1, 2]);
    assert_eq!(data.encoding, []);
    assert_eq!(data.offset, None);
}

#[test]
fn the_digest_is_that_of_the_bytes() {
    let folder = Folder::new(&[("d.csv", "a,y\n1,2\n")]);
    let data = folder.load(&config("d.csv", "y"), ResponseKind::Number).unwrap();
    // printf 'a,y\n1,2\n' | sha256sum
    assert_eq!(data.sha256, "6eca8591af4d545e49ff4fcdfb9cac5b5656b6187eace6af1d9a9af2dafa9023");
}

#[test]
fn tabs_quotes_a_byte_order_mark_and_crlf_are_read() {
    let folder =
        Folder::new(&[("d.tsv", "\u{feff}\"a \"\"x\"\"\"\ty\r\n1\t 2 \r\n\r\n\"3\"\t4\r\n")]);
    let data = folder.load(&config("d.tsv", "y"), ResponseKind::Number).unwrap();
    assert_eq!(data.feature_names, ["a \"x\""]);
    assert_eq!(dense(&data.matrix), [[1.0, 3.0]]);
    assert_eq!(data.samples.number().unwrap(), [2.0, 4.0]);
}

#[test]
fn a_last_line_without_a_line_end_counts() {
    let folder = Folder::new(&[("d.csv", "a,y\n1,2\n3,4")]);
    let data = folder.load(&config("d.csv", "y"), ResponseKind::Number).unwrap();
    assert_eq!(data.samples.number().unwrap(), [2.0, 4.0]);
}

#[test]
fn a_bad_number_is_reported_with_file_line_and_column() {
    let error = csv_error("bmi,y\n1,2\n3,4\nn/a?,5\n");
    assert!(
        error.starts_with("d.csv:4: column \"bmi\": expected a number, got \"n/a?\""),
        "{error}"
    );
}

#[test]
fn lines_are_counted_through_quoted_line_ends_blank_lines_and_crlf() {
    for text in [
        "t,a,y\n\"x\ny\",1,2\n\n\nz,3,4\nz,?,5\n",
        "t,a,y\r\n\"x\r\ny\",1,2\r\n\r\n\r\nz,3,4\r\nz,?,5\r\n",
        "\u{feff}t,a,y\n\"x\ny\",1,2\n\n\nz,3,4\nz,?,5",
    ] {
        let error = csv_error(text);
        assert!(
            error.starts_with("d.csv:7: column \"a\": expected a number, got \"?\""),
            "{error}"
        );
    }
}

#[test]
fn a_ragged_row_is_reported_with_its_line() {
    assert_eq!(csv_error("a,y\n1,2\n3\n"), "d.csv:3: expected 2 cells, as in the header, got 1");
    assert_eq!(
        csv_error("a,y\n1,2\n3,4\n5,6,7\n"),
        "d.csv:4: expected 2 cells, as in the header, got 3"
    );
}

#[test]
fn a_quote_left_open_is_named_as_the_likely_cause() {
    let error = csv_error("a,y\n1,2\n\"3,4\n5,6\n");
    assert!(error.starts_with("d.csv:3: expected 2 cells"), "{error}");
    assert!(error.contains("is a quote left open?"), "{error}");
}

#[test]
fn text_that_is_not_utf8_is_reported_with_line_and_column() {
    let folder = Folder::new(&[]);
    folder.write("d.csv", b"a,y\n1,2\n\xe9,3\n");
    let error = folder.error(&config("d.csv", "y"), ResponseKind::Number);
    assert!(error.starts_with("d.csv:3: column \"a\": the text is not UTF-8"), "{error}");
    folder.write("d.csv", b"\xff\xfea\0,\0y\0\n\0");
    let error = folder.error(&config("d.csv", "y"), ResponseKind::Number);
    assert!(error.starts_with("d.csv:1: the text is not UTF-8"), "{error}");
}

#[test]
fn columns_need_names_of_their_own() {
    assert_eq!(csv_error("a,y,a\n1,2,3\n"), "d.csv:1: columns 1 and 3 are both named \"a\"");
    let error = csv_error(",a,y\n1,2,3\n");
    assert!(error.starts_with("d.csv:1: column 1 has no name"), "{error}");
}

#[test]
fn files_without_rows_are_errors() {
    assert_eq!(csv_error(""), "d.csv: the file is empty");
    assert_eq!(csv_error("\n\n"), "d.csv: the file is empty");
    assert_eq!(csv_error("a,y\n"), "d.csv: there is a header, but no rows below it");
}

#[test]
fn one_row_is_read() {
    let folder = Folder::new(&[("d.csv", "a,y\n1,2\n")]);
    let data = folder.load(&config("d.csv", "y"), ResponseKind::Number).unwrap();
    assert_eq!(data.samples.len(), 1);
}

#[test]
fn an_absent_file_a_directory_and_another_format_are_errors() {
    let folder = Folder::new(&[("diabetes.csv", "a,y\n1,2\n")]);
    let error = folder.error(&config("diabetis.csv", "y"), ResponseKind::Number);
    assert_eq!(error, "diabetis.csv: no such file\nhelp: did you mean \"diabetes.csv\"?");

    std::fs::create_dir(folder.path().join("dir.csv")).unwrap();
    let error = folder.error(&config("dir.csv", "y"), ResponseKind::Number);
    assert_eq!(error, "dir.csv: this is a directory: expected a file");

    let error = folder.error(&config("table.xlsx", "y"), ResponseKind::Number);
    assert_eq!(
        error,
        "table.xlsx: unknown data format \".xlsx\"\n\
         help: supported are .csv .tsv .parquet .npy .npz .svm/.libsvm .mtx"
    );
    let error = folder.error(&config("table", "y"), ResponseKind::Number);
    assert!(error.starts_with("table: a data file needs an extension"), "{error}");
}

#[test]
fn an_unknown_column_gets_the_nearest_name() {
    let error = csv_error("age,target_Y,Y1\n1,2,3\n");
    assert!(error.starts_with("d.csv: no column \"y\""), "{error}");
    assert!(error.ends_with("did you mean \"Y1\"?"), "{error}");
}

#[test]
fn another_separator_is_named_as_the_likely_cause() {
    let error = csv_error("age;y\n1;2\n");
    assert!(error.contains("separated by commas in .csv, by tabs in .tsv"), "{error}");
}
