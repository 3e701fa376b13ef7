//! What the benchmarks of cg-auth stand beside, and how they are timed. The package is not published.

#![allow(clippy::unwrap_used, clippy::missing_panics_doc)] // a bench may stop

pub mod endpoint_floor;
pub mod interleaved;
pub mod lifecycle_floor;
pub mod subjects;
