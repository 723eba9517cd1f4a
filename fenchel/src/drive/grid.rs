//! The scales of a path.

use fenchel_core::Error;

use crate::file::config::PathConfig;

/// The grid, decreasing: `lambdas` as given, or geometric from `max` (else from `threshold`, the
/// smallest scale with zero coefficients) down to `min_ratio` times that.
///
/// Errors: a grid that is empty or does not decrease; no first scale; a first scale of 0.
pub(super) fn grid(config: &PathConfig, threshold: Option<f64>) -> Result<Vec<f64>, Error> {
    if let Some(lambdas) = &config.lambdas {
        return given(config, lambdas);
    }
    if config.points == 0 {
        return Err(Error::parameter("points", "at least 1", 0).at("points"));
    }
    let ratio = config.min_ratio;
    if !(ratio > 0.0 && ratio < 1.0) {
        return Err(Error::parameter("min_ratio", "between 0 and 1", ratio).at("min_ratio"));
    }
    let max = match (config.max, threshold) {
        (Some(max), _) => Error::check_above("max", max, 0.0).map_err(|e| e.at("max"))?,
        (None, Some(0.0)) => {
            return Err(Error::Data(
                "the smallest scale with zero coefficients is 0, as the null model solves the \
                 problem at every scale: leave [path] out, or give it `lambdas` or `max`"
                    .into(),
            ));
        }
        (None, Some(max)) => max,
        (None, None) => {
            return Err(Error::Unsupported(
                "this loss and penalty do not tell from which scale on all coefficients are \
                 zero: give `max`, the first scale of the path, or `lambdas`"
                    .into(),
            ));
        }
    };
    let last = (config.points - 1) as f64;
    Ok((0..config.points)
        .map(|i| match i {
            0 => max,
            i if i as f64 == last => max * ratio,
            i => max * ratio.powf(i as f64 / last),
        })
        .collect())
}

fn given(config: &PathConfig, lambdas: &[f64]) -> Result<Vec<f64>, Error> {
    if config.max.is_some() {
        let both = "`max` and `lambdas` are both given: give one of them";
        return Err(Error::Unsupported(both.into()).at("max"));
    }
    if lambdas.is_empty() {
        return Err(Error::parameter("lambdas", "a list of at least one scale", "[]").at("lambdas"));
    }
    for (i, &lambda) in lambdas.iter().enumerate() {
        let place = format!("lambdas[{i}]");
        Error::check_non_negative(&place, lambda).map_err(|e| e.at(&place))?;
        if i > 0 && lambda >= lambdas[i - 1] {
            let expected = format!("smaller than the one before, {}", lambdas[i - 1]);
            return Err(Error::parameter(&place, expected, lambda).at(&place));
        }
    }
    Ok(lambdas.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grid_is_geometric_and_ends_exactly() {
        let config = PathConfig { points: 4, min_ratio: 1e-3, ..PathConfig::default() };
        let scales = grid(&config, Some(2.0)).unwrap();
        assert_eq!((scales[0], scales[3]), (2.0, 2.0 * 1e-3));
        assert!((scales[1] - 0.2).abs() < 1e-15 && (scales[2] - 0.02).abs() < 1e-15);
        let config = PathConfig { points: 1, ..config };
        assert_eq!(grid(&config, Some(2.0)).unwrap(), [2.0]);
        let config = PathConfig { max: Some(5.0), ..config };
        assert_eq!(grid(&config, Some(2.0)).unwrap(), [5.0]);
    }

    #[test]
    fn a_grid_that_cannot_be_says_why() {
        let message =
            |config: PathConfig, threshold| grid(&config, threshold).unwrap_err().to_string();
        let plain = PathConfig::default;
        assert!(message(plain(), None).contains("give `max`"));
        assert!(message(plain(), Some(0.0)).contains("null model solves"));
        let rising = PathConfig { lambdas: Some(vec![1.0, 0.5, 0.5]), ..plain() };
        assert_eq!(
            message(rising, None),
            "`lambdas[2]` must be smaller than the one before, 0.5, got 0.5"
        );
        assert!(
            message(PathConfig { lambdas: Some(vec![]), ..plain() }, None).contains("at least one")
        );
        assert!(message(PathConfig { points: 0, ..plain() }, Some(1.0)).contains("at least 1"));
        assert!(message(PathConfig { min_ratio: 1.0, ..plain() }, Some(1.0)).contains("between"));
    }
}
