//! Nonconvex sparse penalties.
