//! What a unit makes of its sum.

/// The activation of hidden units.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Activation {
    /// The hyperbolic tangent.
    #[default]
    Tanh,
    /// `max(z, 0)`. Its kinks may keep a certificate of stationarity from falling.
    Relu,
    /// `log(1 + exp(z))`, a relu without kink.
    Softplus,
    /// `1 / (1 + exp(-z))`.
    Logistic,
}

impl Activation {
    /// `z <- phi(z)`.
    pub(crate) fn apply(self, z: &mut [f64]) {
        match self {
            Self::Tanh => z.iter_mut().for_each(|z| *z = z.tanh()),
            // NaN stays NaN.
            Self::Relu => z.iter_mut().for_each(|z| *z = if *z < 0.0 { 0.0 } else { *z }),
            Self::Softplus => z.iter_mut().for_each(|z| *z = z.max(0.0) + (-z.abs()).exp().ln_1p()),
            Self::Logistic => z.iter_mut().for_each(|z| *z = 1.0 / (1.0 + (-*z).exp())),
        }
    }

    /// `delta <- delta phi'(z)`, from `a = phi(z)`, which tells the derivative of all of them.
    pub(crate) fn backward(self, a: &[f64], delta: &mut [f64]) {
        let each = a.iter().zip(delta);
        match self {
            Self::Tanh => each.for_each(|(a, d)| *d *= 1.0 - a * a),
            Self::Relu => each.for_each(|(a, d)| *d = if *a > 0.0 { *d } else { 0.0 }),
            Self::Softplus => each.for_each(|(a, d)| *d *= -(-a).exp_m1()),
            Self::Logistic => each.for_each(|(a, d)| *d *= a * (1.0 - a)),
        }
    }

    /// The variance of weights, times the number of units that they come from, that keeps the size of
    /// sums from layer to layer (He et al. 2015 for `relu` and its smooth kin, LeCun et al. 1998).
    pub(crate) fn gain(self) -> f64 {
        match self {
            Self::Relu | Self::Softplus => 2.0,
            Self::Tanh => 1.0,
            Self::Logistic => 4.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derivatives_follow_from_the_activation() {
        for activation in
            [Activation::Tanh, Activation::Relu, Activation::Softplus, Activation::Logistic]
        {
            for z in [-30.0, -2.0, -0.3, 0.4, 1.7, 40.0] {
                let at = |z: f64| {
                    let mut a = [z];
                    activation.apply(&mut a);
                    a[0]
                };
                let mut delta = [1.0];
                activation.backward(&[at(z)], &mut delta);
                let slope = (at(z + 1e-6) - at(z - 1e-6)) / 2e-6;
                assert!((delta[0] - slope).abs() < 1e-8, "{activation:?} {z}: {delta:?} {slope}");
            }
        }
    }
}
