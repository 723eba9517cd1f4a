//! Brute force: points that might have a lower objective than the one under test.

use crate::Random;

/// The lowest objective among the points offered.
pub(super) struct Challenger<'a> {
    objective: &'a dyn Fn(&[f64]) -> f64,
    pub best: f64,
    pub point: Vec<f64>,
}

impl<'a> Challenger<'a> {
    pub(super) fn new(objective: &'a dyn Fn(&[f64]) -> f64) -> Self {
        Self { objective, best: f64::INFINITY, point: Vec::new() }
    }

    pub(super) fn offer(&mut self, candidate: &[f64]) {
        let value = (self.objective)(candidate);
        if value < self.best {
            self.best = value;
            self.point = candidate.to_vec();
        }
    }

    /// Points that are special for a prox at `v` with answer `x`: sparsified and tied versions of
    /// both, moves of one coordinate, moves in random directions at several scales. `rows` is the
    /// length of a column.
    pub(super) fn offer_around(&mut self, v: &[f64], x: &[f64], rows: usize, random: &mut Random) {
        let n = v.len();
        self.offer(&vec![0.0; n]);
        self.offer(v);
        self.offer_subsets(v, x, random);
        self.offer_rows_and_columns(x, rows);
        let scale = v.iter().chain(x).fold(0.0, |top: f64, b| top.max(b.abs()));
        self.offer_coordinate_moves(v, x, scale);
        for k in 1..=7 {
            let size = scale * 10f64.powi(-k);
            for _ in 0..6 {
                let z = random.normals(n, size);
                self.offer(&super::probe::add(x, 1.0, &z));
                self.offer(&super::probe::add(x, -1.0, &z));
                // The same without leaving the support.
                let inside: Vec<f64> =
                    x.iter().zip(&z).map(|(x, z)| if *x == 0.0 { 0.0 } else { x + z }).collect();
                self.offer(&inside);
            }
            // Along the rays to zero and to v.
            let c = 10f64.powi(-k);
            for c in [c, -c] {
                self.offer(&x.iter().map(|x| x * (1.0 + c)).collect::<Vec<_>>());
                self.offer(&x.iter().zip(v).map(|(x, v)| x + c * (v - x)).collect::<Vec<_>>());
            }
        }
        for c in [0.25, 0.5, 0.75] {
            self.offer(&x.iter().map(|x| c * x).collect::<Vec<_>>());
            self.offer(&x.iter().zip(v).map(|(x, v)| x + c * (v - x)).collect::<Vec<_>>());
            let cut = c * scale;
            let soft = |v: &f64| v.signum() * (v.abs() - cut).max(0.0);
            self.offer(&v.iter().map(soft).collect::<Vec<_>>());
        }
    }

    /// `v` and `x` on every subset of the coordinates (on random ones for more than 8).
    fn offer_subsets(&mut self, v: &[f64], x: &[f64], random: &mut Random) {
        let n = v.len();
        let count = if n <= 8 { 1u64 << n } else { 64 };
        for mask in 0..count {
            let mask = if n <= 8 { mask } else { random.bits() };
            for from in [v, x] {
                let kept = from.iter().enumerate();
                let kept = kept.map(|(i, b)| if mask >> (i % 64) & 1 == 1 { *b } else { 0.0 });
                self.offer(&kept.collect::<Vec<_>>());
            }
        }
    }

    /// `x` with a row or a column zeroed, shrunk, grown, or set to its mean.
    fn offer_rows_and_columns(&mut self, x: &[f64], rows: usize) {
        let rows = rows.max(1);
        let columns = x.len().div_ceil(rows);
        let belongs: Vec<Box<dyn Fn(usize) -> bool>> = (0..rows)
            .map(|j| Box::new(move |i: usize| i % rows == j) as Box<dyn Fn(usize) -> bool>)
            .chain(
                (0..columns)
                    .map(|k| Box::new(move |i: usize| i / rows == k) as Box<dyn Fn(usize) -> bool>),
            )
            .collect();
        for inside in &belongs {
            let members: Vec<usize> = (0..x.len()).filter(|&i| inside(i)).collect();
            let mean = members.iter().map(|&i| x[i]).sum::<f64>() / members.len().max(1) as f64;
            for c in [0.0, 0.5, 0.99, 1.01] {
                let mut y = x.to_vec();
                members.iter().for_each(|&i| y[i] *= c);
                self.offer(&y);
            }
            let mut y = x.to_vec();
            members.iter().for_each(|&i| y[i] = mean);
            self.offer(&y);
        }
    }

    /// One coordinate of `x` at zero, at `v`, tied to another, or moved a little.
    fn offer_coordinate_moves(&mut self, v: &[f64], x: &[f64], scale: f64) {
        let mut y = x.to_vec();
        for j in 0..x.len() {
            let others = x.iter().take(12).flat_map(|x| [*x, -x]);
            let moves = (1..=7).flat_map(|k| {
                let size = scale * 10f64.powi(-k);
                [x[j] + size, x[j] - size]
            });
            for b in others.chain(moves).chain([0.0, v[j]]) {
                y[j] = b;
                self.offer(&y);
            }
            y[j] = x[j];
        }
    }
}

/// A minimiser of `objective` on the line, found on grids around `anchors` (linear ones out to
/// beyond the largest, geometric ones around each) and by golden sections in the best valleys.
pub(super) fn minimise_on_line(objective: &dyn Fn(f64) -> f64, anchors: &[f64]) -> (f64, f64) {
    let reach = 1.5 * anchors.iter().fold(f64::MIN_POSITIVE, |top: f64, a| top.max(a.abs()));
    let mut grid: Vec<f64> = (-60..=60).map(|i| reach * f64::from(i) / 60.0).collect();
    for a in anchors {
        grid.push(*a);
        for k in 1..=12 {
            let size = reach * 10f64.powi(-k);
            grid.extend([a - size, a + size]);
        }
    }
    grid.sort_by(f64::total_cmp);
    let values: Vec<f64> = grid.iter().map(|b| objective(*b)).collect();
    let mut valleys: Vec<usize> = (1..grid.len() - 1)
        .filter(|&i| values[i] <= values[i - 1] && values[i] <= values[i + 1])
        .collect();
    valleys.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut best = (0..grid.len())
        .map(|i| (grid[i], values[i]))
        .fold((0.0, f64::INFINITY), |best, at| if at.1 < best.1 { at } else { best });
    for &i in valleys.iter().take(4) {
        let found = golden_section(objective, grid[i - 1], grid[i + 1]);
        if found.1 < best.1 {
            best = found;
        }
    }
    best
}

fn golden_section(objective: &dyn Fn(f64) -> f64, mut low: f64, mut high: f64) -> (f64, f64) {
    const RATIO: f64 = 0.618_033_988_749_894_9;
    let (mut a, mut b) = (high - RATIO * (high - low), low + RATIO * (high - low));
    let (mut at_a, mut at_b) = (objective(a), objective(b));
    for _ in 0..48 {
        if at_a <= at_b {
            (high, b, at_b) = (b, a, at_a);
            a = high - RATIO * (high - low);
            at_a = objective(a);
        } else {
            (low, a, at_a) = (a, b, at_b);
            b = low + RATIO * (high - low);
            at_b = objective(b);
        }
    }
    if at_a <= at_b { (a, at_a) } else { (b, at_b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_search_finds_the_global_one_of_two_valleys() {
        let objective = |b: f64| (b * b - 1.0).powi(2) + 0.1 * b;
        let (point, value) = minimise_on_line(&objective, &[2.0]);
        assert!((point + 1.012_273).abs() < 1e-5, "{point}");
        assert!((value - objective(-1.012_273)).abs() < 1e-9);
    }
}
