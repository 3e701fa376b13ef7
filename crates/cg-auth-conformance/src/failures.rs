//! A case for each row of the table of failures.
//!
//! # Errors
//! Each case fails with a [`Failure`](crate::Failure) if the error is not as its row says, or shows a secret.

#![allow(clippy::missing_errors_doc)] // the same for every case: said once, above

pub mod body;
pub mod certificates;
pub mod connecting;
pub mod head;
pub mod http2;
pub mod kept;
pub mod proxies;
