//! A nonconvex penalty as a convex part with a prox and a smooth concave part.

/// A penalty `Omega = h + c` with `h` convex and proxable and `c` concave with a Lipschitz gradient, so
/// that `f + c` can stand where a smooth loss does. The split need not be unique; this is the one
/// with `h` as simple as it gets.
pub trait ConvexConcave: Send + Sync {
    /// `h(beta)`.
    fn convex_value(&self, beta: &[f64]) -> f64;
    /// Writes `argmin_b h(b) + ||b - v||^2 / (2 step)` into `out` and returns `h(out)`. `v` and `out`
    /// have length p K; `step > 0`.
    fn convex_prox(&self, v: &[f64], step: f64, out: &mut [f64]) -> f64;
    /// Adds the gradient of `c` to `grad` (length p K) and returns `c(beta)`.
    fn add_concave_gradient(&self, beta: &[f64], grad: &mut [f64]) -> f64;
    /// The Lipschitz constant of the gradient of `c`.
    fn concave_lipschitz(&self) -> f64;
}
