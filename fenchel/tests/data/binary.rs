//! NumPy arrays and archives, Parquet; the files are described in `tests/fixtures`.

use super::*;
use fenchel::data::{FileColumn, Missing, read_matrix, read_numbers};

fn fixture(name: &str) -> Result<Vec<Vec<f64>>, DataError> {
    let data = data::load(&DataConfig::new(name), &fixtures(), ResponseKind::Nothing)?;
    Ok(dense(&data.matrix))
}

fn message(name: &str) -> String {
    fixture(name).unwrap_err().message
}

fn expected() -> Vec<Vec<f64>> {
    vec![vec![0.0, 10.0, 20.0, 30.0], vec![1.0, 11.0, 21.0, 31.0], vec![2.0, 12.0, 22.0, -32.5]]
}

#[test]
fn arrays_of_either_order_width_and_byte_order_are_read() {
    for name in ["c_order.npy", "fortran_order.npy", "big_endian.npy", "float32.npy"] {
        assert_eq!(fixture(name).unwrap(), expected(), "{name}");
    }
    assert_eq!(
        fixture("int16_big_endian.npy").unwrap(),
        [[1.0, 300.0, 5.0, 7.0], [-2.0, 4.0, -600.0, 8.0]]
    );
    assert_eq!(fixture("uint8.npy").unwrap(), [[1.0, 255.0], [0.0, 3.0]]);
}

#[test]
fn an_array_with_one_axis_is_one_column() {
    assert_eq!(fixture("vector.npy").unwrap(), [[1.5, -2.0, 0.25, 4.0]]);
    assert_eq!(fixture("bool.npy").unwrap(), [[1.0, 0.0, 1.0, 1.0]]);
    assert_eq!(read_numbers(&fixtures().join("vector.npy")).unwrap(), [1.5, -2.0, 0.25, 4.0]);
}

#[test]
fn a_matrix_is_given_row_by_row() {
    let rows = vec![0.0, 1.0, 2.0, 10.0, 11.0, 12.0, 20.0, 21.0, 22.0, 30.0, 31.0, -32.5];
    assert_eq!(read_matrix(&fixtures().join("c_order.npy")).unwrap(), (rows, 3));
    let (values, cols) = read_matrix(&fixtures().join("scipy_csc.npz")).unwrap();
    assert_eq!(cols, 5);
    assert_eq!(values[..10], [0.0, 1.0, 0.0, 0.0, 0.0, 2.0, 0.0, 0.0, 0.0, 3.0]);
    let error = read_numbers(&fixtures().join("c_order.npy")).unwrap_err();
    assert_eq!(error.message, "expected one column, got 3");
}

#[test]
fn a_matrix_file_takes_its_response_from_a_file_or_a_column() {
    let file = FileColumn { file: "vector.npy".into(), column: None };
    let beside =
        DataConfig { response: Some(ResponseConfig::File(file)), ..DataConfig::new("c_order.npy") };
    let data = data::load(&beside, &fixtures(), ResponseKind::Number).unwrap();
    assert_eq!(data.samples.number().unwrap(), [1.5, -2.0, 0.25, 4.0]);
    assert_eq!(data.response_names, ["vector"]);
    assert_eq!(data.feature_names, ["1", "2", "3"]);

    let data = data::load(&config("c_order.npy", "2"), &fixtures(), ResponseKind::Number);
    let data = data.unwrap();
    assert_eq!(data.samples.number().unwrap(), expected()[1]);
    assert_eq!(data.feature_names, ["1", "3"]);
}

#[test]
fn arrays_that_are_no_matrix_of_numbers_are_refused() {
    assert_eq!(message("cube.npy"), "an array of shape [2, 2, 2] is no matrix");
    assert!(message("complex.npy").contains("is not supported"));
    assert!(message("pickled.npy").contains("is not supported"), "{}", message("pickled.npy"));
}

#[test]
fn dense_archives_are_read_by_their_only_array_or_by_name() {
    assert_eq!(fixture("one_array.npz").unwrap(), expected());
    assert_eq!(fixture("x_and_y.npz").unwrap(), expected());
    assert_eq!(message("a_and_b.npz"), "the archive has the arrays a, b");
}

#[test]
fn sparse_archives_of_scipy_are_read_in_three_formats() {
    let expected = [
        [0.0, 2.0, 0.0, 0.0],
        [1.0, 0.0, 0.0, 0.0],
        [0.0, 0.0, 0.0, 4.0],
        [0.0, 0.0, 0.0, 0.0],
        [0.0, 3.0, 0.0, 5.0],
    ];
    for format in ["csr", "csc", "coo"] {
        assert_eq!(fixture(&format!("scipy_{format}.npz")).unwrap(), expected, "{format}");
    }
    assert_eq!(fixture("scipy_coo_twice.npz").unwrap(), [[4.0, 0.0], [0.0, 0.0], [0.0, 11.0]]);
    assert!(message("scipy_dia.npz").contains("in the format \"dia\""));
}

#[test]
fn parquet_types_become_numbers_and_text() {
    let config = DataConfig {
        features: Some(["weight", "size", "price"].map(String::from).to_vec()),
        ..config("types.parquet", "y")
    };
    let data = data::load(&config, &fixtures(), ResponseKind::Number).unwrap();
    assert_eq!(
        dense(&data.matrix),
        [
            [1.0, 2.0, 3.0, 4.0, 5.0],
            [1.0, 2.0, 3.0, 4.0, 4294967295.0],
            [125.0, 250.0, 375.0, 500.0, -625.0]
        ]
    );
    assert_eq!(data.samples.number().unwrap(), [1.0, 2.0, 3.0, 4.0, 5.0]);

    let config = DataConfig {
        features: Some(["count", "city", "smoker"].map(String::from).to_vec()),
        missing: Missing::Drop,
        ..config
    };
    let data = data::load(&config, &fixtures(), ResponseKind::Number).unwrap();
    assert_eq!(data.rows_kept, [0, 1, 3, 4]);
    assert_eq!(data.feature_names, ["count", "city=Oslo", "city=Zürich", "smoker"]);
    assert_eq!(
        dense(&data.matrix),
        [[1.0, -2.0, 4.0, 5.0], [0.0, 1.0, 1.0, 0.0], [0.0, 0.0, 0.0, 1.0], [1.0, 0.0, 1.0, 0.0]]
    );
}

#[test]
fn parquet_nulls_and_nan_are_missing() {
    let config = DataConfig {
        features: Some(vec!["height".into()]),
        missing: Missing::Mean,
        ..config("types.parquet", "y")
    };
    let data = data::load(&config, &fixtures(), ResponseKind::Number).unwrap();
    let mean = 8.0 / 3.0;
    assert_eq!(dense(&data.matrix), [[1.5, mean, 2.5, mean, 4.0]]);
    let config = DataConfig { missing: Missing::Error, ..config };
    let error = data::load(&config, &fixtures(), ResponseKind::Number).unwrap_err().to_string();
    let place = "types.parquet: row 2: column \"height\": the cell is missing, and so is 1 other";
    assert!(error.contains(place), "{error}");
}

#[test]
fn parquet_types_without_numbers_are_refused_where_used() {
    let error = |column: &str| {
        let config =
            DataConfig { features: Some(vec![column.into()]), ..config("types.parquet", "y") };
        data::load(&config, &fixtures(), ResponseKind::Number).unwrap_err()
    };
    assert_eq!(error("day").message, "cells of type date are not supported");
    assert_eq!(error("tags").message, "cells of type nested are not supported");
    assert_eq!(error("tags").column.as_deref(), Some("tags"));
}

#[test]
fn parquet_is_read_with_every_usual_compression() {
    for codec in ["snappy", "gzip", "zstd", "lz4", "brotli"] {
        let config = config(&format!("{codec}.parquet"), "y");
        let data = data::load(&config, &fixtures(), ResponseKind::Number).unwrap();
        assert_eq!(dense(&data.matrix), [[1.0, 2.0, 3.0]], "{codec}");
        assert_eq!(data.samples.number().unwrap(), [0.5, 1.5, 2.5], "{codec}");
    }
}

#[test]
fn binary_files_cut_short_are_errors() {
    let folder = Folder::new(&[]);
    for name in ["c_order.npy", "x_and_y.npz", "scipy_csr.npz", "types.parquet", "zstd.parquet"] {
        let bytes = std::fs::read(fixtures().join(name)).unwrap();
        for length in (0..bytes.len()).step_by(bytes.len() / 60 + 1) {
            folder.write(name, &bytes[..length]);
            let error = data::read_table(&folder.path().join(name)).expect_err(name);
            assert_eq!(error.path.file_name().unwrap(), name);
        }
    }
}

#[test]
fn binary_files_with_a_wrong_byte_never_panic() {
    let folder = Folder::new(&[]);
    for name in ["c_order.npy", "scipy_csr.npz", "scipy_coo.npz", "snappy.parquet"] {
        let bytes = std::fs::read(fixtures().join(name)).unwrap();
        let (mut read, mut refused) = (0, 0);
        for at in (0..bytes.len()).step_by(bytes.len() / 120 + 1) {
            for wrong in [0xff, bytes[at] ^ 1] {
                let mut bytes = bytes.clone();
                bytes[at] = wrong;
                folder.write(name, &bytes);
                match data::read_table(&folder.path().join(name)) {
                    Ok(_) => read += 1,
                    Err(_) => refused += 1,
                }
            }
        }
        assert!(read > 0 && refused > 0, "{name}: {read} read, {refused} refused");
    }
}
