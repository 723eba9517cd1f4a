//! A design does the same whether its numbers are dense or sparse, and what its columns say.

#[path = "common/data.rs"]
mod data;

use data::{dense_and_sparse, noise};
use fenchel_core::{Column, Copies, DenseMatrix, Design, Matrix, Rows, SparseMatrix};

const N: usize = 20;
const P: usize = 5;
const K: usize = 5;

fn pairs() -> Vec<(&'static str, Design, Design)> {
    let (dense, sparse) = dense_and_sparse(N, P);
    let weights: Vec<f64> = noise(3, N).iter().map(|z| 1.0 + z).collect();
    let (centre, scale) = (noise(4, P), noise(5, P).iter().map(|z| 2.0 + z).collect::<Vec<_>>());
    let given = |m: &Matrix| {
        Design::with_centre_and_scale(m.clone(), centre.clone(), scale.clone()).unwrap()
    };
    vec![
        ("as stored", Design::new(dense.clone()), Design::new(sparse.clone())),
        (
            "standardized",
            Design::standardized(dense.clone(), None),
            Design::standardized(sparse.clone(), None),
        ),
        (
            "standardized with weights",
            Design::standardized(dense.clone(), Some(&weights)),
            Design::standardized(sparse.clone(), Some(&weights)),
        ),
        ("centre and scale given", given(&dense), given(&sparse)),
    ]
}

/// The columns as the design means them, entry by entry.
fn columns(design: &Design) -> Vec<Vec<f64>> {
    let column = |j| {
        let mut x = vec![0.0; N];
        design.stored_column(j).axpy(1.0, &mut x);
        x.iter().map(|x| (x - design.centre(j)) / design.scale(j)).collect()
    };
    (0..P).map(column).collect()
}

#[track_caller]
fn assert_close(a: &[f64], b: &[f64], what: &str) {
    assert_eq!(a.len(), b.len(), "{what}");
    for (a, b) in a.iter().zip(b) {
        assert!((a - b).abs() <= 1e-12 * (1.0 + a.abs()), "{what}: {a} and {b}");
    }
}

#[test]
fn some_rows_of_a_column_are_those_of_the_column() {
    for (name, dense, sparse) in pairs() {
        for design in [&dense, &sparse] {
            for (j, x) in columns(design).iter().enumerate() {
                for (begin, length) in [(0, N), (0, 7), (5, 9), (N - 1, 1), (3, 0)] {
                    let mut rows = vec![f64::NAN; length];
                    design.column_rows(j, begin, &mut rows);
                    assert_close(&rows, &x[begin..begin + length], name);
                }
            }
        }
    }
}

#[test]
fn weighted_products_are_those_of_the_columns() {
    let h: Vec<f64> = noise(6, N).iter().map(|z| 1.0 + z).collect();
    for (name, dense, sparse) in pairs() {
        for design in [&dense, &sparse] {
            let x = columns(design);
            for (rows, cols) in [(vec![0, 1, 3, 4], vec![0, 1, 3, 4]), (vec![2, 0], vec![4, 3, 1])]
            {
                let got = design.weighted_products(&rows, &h, &cols);
                let pairs = rows.iter().flat_map(|&j| cols.iter().map(move |&l| (j, l)));
                let expected: Vec<f64> =
                    pairs.map(|(j, l)| (0..N).map(|i| x[j][i] * h[i] * x[l][i]).sum()).collect();
                assert_close(&expected, &got, name);
            }
        }
    }
}

/// More samples than are taken at a time.
#[test]
fn weighted_products_of_many_samples_add_up() {
    let n = 5000;
    let values = noise(2, 2 * n);
    let matrix = DenseMatrix::new(n, 2, values.clone()).unwrap();
    let design = Design::new(Matrix::Dense(matrix));
    let got = design.weighted_products(&[0, 1], &vec![2.0; n], &[0, 1]);
    let (a, b) = values.split_at(n);
    let dot = |a: &[f64], b: &[f64]| 2.0 * a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    assert_close(&[dot(a, a), dot(a, b), dot(a, b), dot(b, b)], &got, "5000 samples");
}

#[test]
fn products_are_those_of_the_columns_dense_and_sparse() {
    for (name, dense, sparse) in pairs() {
        for design in [&dense, &sparse] {
            let x = columns(design);
            let (beta, u) = (noise(8, P * K), noise(9, N * K));
            let (mut product, mut transposed) = (vec![f64::NAN; N * K], vec![f64::NAN; P * K]);
            design.mul(&beta, &mut product);
            design.mul_t(&u, &mut transposed);
            for k in 0..K {
                for i in 0..N {
                    let naive: f64 = (0..P).map(|j| x[j][i] * beta[j + k * P]).sum();
                    assert_close(&[product[i + k * N]], &[naive], name);
                }
                for j in 0..P {
                    let naive: f64 = (0..N).map(|i| x[j][i] * u[i + k * N]).sum();
                    assert_close(&[transposed[j + k * P]], &[naive], name);
                }
            }
            let mut over = vec![f64::NAN; P * K];
            design.mul_t_over(&[1, 3], &u, &mut over);
            for (at, (over, all)) in over.iter().zip(&transposed).enumerate() {
                assert_eq!(*over, if [1, 3].contains(&(at % P)) { *all } else { 0.0 }, "{name}");
            }
        }
    }
}

#[test]
fn single_columns_agree_with_the_whole() {
    let h: Vec<f64> = noise(10, N).iter().map(|z| 1.5 + z).collect();
    for (name, dense, sparse) in pairs() {
        for design in [&dense, &sparse] {
            let u = noise(11, N);
            for (j, x) in columns(design).iter().enumerate() {
                let naive: f64 = x.iter().zip(&u).map(|(x, u)| x * u).sum();
                assert_close(&[design.column_dot(j, &u, u.iter().sum())], &[naive], name);
                let mut moved = u.clone();
                design.column_axpy(j, -0.7, &mut moved);
                let expected: Vec<f64> = u.iter().zip(x).map(|(u, x)| u - 0.7 * x).collect();
                assert_close(&moved, &expected, name);
                let square: f64 = x.iter().map(|x| x * x).sum();
                assert_close(&[design.column_square(j, None)], &[square], name);
                let square: f64 = x.iter().zip(&h).map(|(x, h)| h * x * x).sum();
                assert_close(&[design.column_square(j, Some(&h))], &[square], name);
            }
        }
    }
}

#[test]
fn standardized_columns_have_weighted_mean_0_and_square_1_and_constants_stay_unscaled() {
    let weights: Vec<f64> = noise(3, N).iter().map(|z| 1.0 + z).collect();
    let total: f64 = weights.iter().sum();
    let weights: Vec<f64> = weights.iter().map(|w| w * N as f64 / total).collect();
    let (dense, sparse) = dense_and_sparse(N, P);
    for matrix in [dense, sparse] {
        let design = Design::standardized(matrix, Some(&weights));
        for (j, x) in columns(&design).iter().enumerate() {
            let mean: f64 = x.iter().zip(&weights).map(|(x, w)| w * x).sum::<f64>() / N as f64;
            let square = design.column_square(j, Some(&weights)) / N as f64;
            assert!(mean.abs() < 1e-14);
            if j == 2 {
                assert_eq!((square, design.scale(j)), (0.0, 1.0), "the column of zeros");
            } else {
                assert!((square - 1.0).abs() < 1e-12, "column {j}: {square}");
            }
        }
    }
}

#[test]
fn rows_are_selected_in_order_and_may_repeat() {
    let (dense, sparse) = dense_and_sparse(N, P);
    for rows in [vec![3, 3, 0, 19, 7, 3], vec![], (0..N).rev().collect(), vec![5; 40]] {
        let (a, b) = (dense.select_rows(&rows), sparse.select_rows(&rows));
        assert_eq!((a.rows(), a.cols(), b.rows(), b.cols()), (rows.len(), P, rows.len(), P));
        for j in 0..P {
            let mut whole = vec![0.0; N];
            dense.column(j).axpy(1.0, &mut whole);
            let expected: Vec<f64> = rows.iter().map(|&i| whole[i]).collect();
            for part in [&a, &b] {
                let mut got = vec![0.0; rows.len()];
                part.column(j).axpy(1.0, &mut got);
                assert_eq!(got, expected);
            }
        }
    }
}

#[test]
fn columns_are_selected_in_order() {
    let (dense, sparse) = dense_and_sparse(N, P);
    let (a, b) = (dense.select_cols(&[4, 0, 4]), sparse.select_cols(&[4, 0, 4]));
    for (at, j) in [4, 0, 4].into_iter().enumerate() {
        let numbers = |m: &Matrix, j| {
            let mut x = vec![0.0; N];
            m.column(j).axpy(1.0, &mut x);
            x
        };
        assert_eq!(numbers(&a, at), numbers(&dense, j));
        assert_eq!(numbers(&b, at), numbers(&dense, j));
    }
}

#[test]
fn copies_have_the_gradient_of_the_columns_themselves_and_fit_or_are_refused() {
    let factors: Vec<f64> = noise(7, N).iter().map(|z| 1.5 + z).collect();
    let residual = noise(8, N);
    let features = [4, 0, 2];
    for (name, dense, sparse) in pairs() {
        let mut copies = Copies::default();
        assert!(!copies.take(&dense, &features, &factors, &residual), "{name}");
        for scale in [1.0, 1e-3] {
            let factors: Vec<f64> = factors.iter().map(|f| scale * f).collect();
            assert!(copies.take(&sparse, &features, &factors, &residual), "{name}");
            let copied = copies.at(&[2, 1, 0]).unwrap();
            for (at, j) in [(0, 2), (1, 0), (2, 4)] {
                let (column, lacking) = copied.column(at);
                let mut exact = vec![0.0; N];
                dense.stored_column(j).axpy(1.0, &mut exact);
                exact.iter_mut().zip(&factors).for_each(|(x, f)| *x *= f);
                let mut numbers = vec![0.0; N];
                column.axpy(1.0, &mut numbers);
                for (x, y) in numbers.iter().zip(&exact) {
                    assert!((x - y).abs() <= 6e-8 * y.abs(), "{name}: {x} for {y}");
                }
                let product: f64 = exact.iter().zip(&residual).map(|(x, r)| x * r).sum();
                let got = column.dot(&residual) + lacking;
                assert!((got - product).abs() < 1e-14 * scale * N as f64, "{name}: {got}");
            }
        }
        for huge in [1e39, 1e-41] {
            let factors = vec![huge; N];
            assert!(!copies.take(&sparse, &features, &factors, &residual), "{name}: {huge}");
        }
    }
}

#[test]
fn wide_and_narrow_row_indices_hold_the_same_matrix() {
    let entries = [vec![(0, 1.0), (7, -2.0), (9, 0.5)], vec![], vec![(3, 4.0), (8, 0.25)]];
    let columns = |last: usize, rows: usize| {
        let place = |i: usize| if i == 9 { last } else { i } as u32;
        let starts = vec![0, 3, 3, 5];
        let all = || entries.iter().flatten();
        let indices = all().map(|&(i, _)| place(i)).collect();
        let values = all().map(|&(_, x)| x).collect();
        Matrix::Sparse(SparseMatrix::new(rows, 3, starts, indices, values).unwrap())
    };
    let mut bytes = Vec::new();
    let sizes = [(65_535, 65_536), (65_536, 65_537), (16_777_216, 16_777_217)];
    for (last, rows) in sizes {
        let matrix = columns(last, rows);
        bytes.push(matrix.bytes());
        let mut u = vec![0.0; rows];
        (u[0], u[7], u[last]) = (3.0, 5.0, 7.0);
        assert_eq!(matrix.column(0).dot(&u), 3.0 - 10.0 + 3.5);
        matrix.column(0).axpy(2.0, &mut u);
        assert_eq!((u[0], u[7], u[last]), (5.0, 1.0, 8.0));
        let few = matrix.select_rows(&[last, 3, 7, 3]);
        let mut v = vec![0.0; 4];
        few.column(0).axpy(1.0, &mut v);
        few.column(2).axpy(1.0, &mut v);
        assert_eq!(v, [0.5, 4.0, -2.0, 4.0]);
        assert_eq!(matrix.select_cols(&[2, 0, 1]).select_cols(&[1, 2, 0]), matrix);
        let mut longer = matrix.clone();
        longer.push(few.column(0)).unwrap();
        assert!(longer.push(Column::Sparse(Rows::Wide(&[rows as u32]), &[1.0])).is_err());
        assert_eq!(longer.select_cols(&[0, 1, 2]), matrix);
        let (starts, indices, values) = match longer {
            Matrix::Sparse(sparse) => sparse.into_parts(),
            Matrix::Dense(_) => panic!("it is sparse"),
        };
        assert_eq!(starts, [0, 3, 3, 5, 7]);
        assert_eq!(indices, [0, 7, last as u32, 3, 8, 0, 2]);
        assert_eq!(values, [1.0, -2.0, 0.5, 4.0, 0.25, 0.5, -2.0]);
        let mut part = [f64::NAN; 3];
        Design::new(matrix).column_rows(0, last - 2, &mut part);
        assert_eq!(part, [0.0, 0.0, 0.5]);
    }
    assert!(bytes.is_sorted_by(|less, more| less < more), "{bytes:?}");
}

#[test]
fn the_spectral_estimate_is_above_every_stretch_and_not_far() {
    let h: Vec<f64> = noise(12, N).iter().map(|z| 1.5 + z).collect();
    for (name, dense, sparse) in pairs() {
        for (design, intercept) in [(&dense, false), (&sparse, true)] {
            let bound = design.spectral_estimate(Some(&h), intercept);
            let mut top: f64 = 0.0;
            // Power iteration without a margin, from several starts and for long.
            for seed in 0..5 {
                let mut v = noise(20 + seed, P + 1);
                for _ in 0..2000 {
                    let v0 = if intercept { v[P] } else { 0.0 };
                    let norm = (v[..P].iter().map(|v| v * v).sum::<f64>() + v0 * v0).sqrt();
                    let (beta, v0) =
                        (v[..P].iter().map(|v| v / norm).collect::<Vec<_>>(), v0 / norm);
                    let mut u = vec![0.0; N];
                    design.mul(&beta, &mut u);
                    u.iter_mut().zip(&h).for_each(|(u, h)| *u = (*u + v0) * h);
                    design.mul_t(&u, &mut v[..P]);
                    v[P] = u.iter().sum();
                    let stretch = beta.iter().zip(&v).map(|(a, b)| a * b).sum::<f64>() + v0 * v[P];
                    top = top.max(stretch);
                }
            }
            assert!(bound >= top && bound <= 1.1 * top, "{name}: {bound} for {top}");
        }
    }
}
