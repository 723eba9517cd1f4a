//! Negative log-likelihoods of generalised linear models.
