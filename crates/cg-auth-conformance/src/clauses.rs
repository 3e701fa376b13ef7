//! A case for each observable clause of the contract's rules.
//!
//! # Errors
//! Each case fails with a [`Failure`](crate::Failure) that says what the transport did instead.

#![allow(clippy::missing_errors_doc)] // the same for every case: said once, above

pub mod additions;
pub mod answers;
pub mod bounds;
pub mod calls_at_once;
pub mod cancellation;
pub mod deadlines;
pub mod localhost;
pub mod logs;
pub mod proxies;
pub mod redirects;
pub mod repeats;
pub mod requests;
pub mod secrecy;
pub mod statuses;
pub mod versions;
