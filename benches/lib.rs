//! What the benchmarks of cg-auth share: their floors, their subjects and their timing. The package is not
//! published.

#![allow(clippy::unwrap_used, clippy::missing_panics_doc)] // a bench may panic

pub mod endpoint_floor;
pub mod interleaved;
pub mod lifecycle_floor;
pub mod loopback_server;
pub mod pool_floor;
pub mod subjects;
