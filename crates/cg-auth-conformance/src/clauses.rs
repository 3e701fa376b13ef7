//! A case for each observable clause of the contract's rules.

pub mod bounds;
pub mod redirects;
pub mod requests;
