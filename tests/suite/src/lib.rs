//! Tests of the whole workspace: problems with known optima for every solver, the registry's laws,
//! the reference solutions, the rooms. There is nothing here but `tests/`.
