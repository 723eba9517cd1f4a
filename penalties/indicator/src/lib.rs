//! Indicators of convex sets.
