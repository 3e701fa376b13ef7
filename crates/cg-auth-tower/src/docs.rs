//! Guides. Every Rust example in them runs as a test.

#[doc = include_str!("../docs/tonic.md")]
pub mod tonic {}
