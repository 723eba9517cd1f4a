//! The numbers of the header.

// What a function came to.
pub const OK: i32 = 0;
pub const INVALID: i32 = 1;
pub const UNSUPPORTED: i32 = 2;
pub const FAILED: i32 = 3;
pub const PANIC: i32 = 4;

// Convexity of a penalty.
pub const CONVEX: i32 = 0;
pub const WEAKLY_CONVEX: i32 = 1;
pub const NONCONVEX: i32 = 2;

// Kinds of lineality.
pub const TRIVIAL: i32 = 0;
pub const COORDINATES: i32 = 1;
pub const BASIS: i32 = 2;
pub const EVERYTHING: i32 = 3;

// Kinds of response.
pub const NUMBER: i32 = 0;
pub const NUMBERS: i32 = 1;
pub const TWO_CLASSES: i32 = 2;
pub const CLASSES: i32 = 3;
pub const SURVIVAL: i32 = 4;

// Forms of curvature.
pub const CURVATURE_CONSTANT: i32 = 0;
pub const CURVATURE_DIAGONAL: i32 = 1;
pub const CURVATURE_BLOCKS: i32 = 2;
pub const CURVATURE_APPROXIMATE: i32 = 3;
pub const CURVATURE_RANK_ONE: i32 = 4;
pub const CURVATURE_TRIDIAGONAL: i32 = 5;

/// The number of this ABI.
pub const ABI: u32 = 1;
/// The bytes "FNCH".
pub const MAGIC: u32 = u32::from_le_bytes(*b"FNCH");
/// A flag of the entry: a panic inside the plugin ends the process.
pub const ABORTS: u32 = 1;
