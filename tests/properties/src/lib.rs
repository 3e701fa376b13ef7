//! What cg-auth promises for every input. Each module is a target: its `check` takes bytes and panics if a
//! promise does not hold for them.
//!
//! libFuzzer looks for such bytes (`tests/fuzz`), and a plain test runs each corpus through the same function.
//! A property that compares with an independent reading, or with another input that must mean the same, finds
//! more than one that only waits for a panic.

#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::missing_panics_doc)] // a broken promise panics

pub mod answers;
pub mod api_error;
pub mod api_result;
pub mod base_url;
pub mod cli_config;
pub mod emulator;
pub mod expiry;
pub mod inspect;
pub mod jwt_claims;
pub mod origin;
pub mod pem;
pub mod proxies;
pub mod redaction;
pub mod requests;
pub mod retry_after;
pub mod session;
pub mod stored_entry;

mod encoding;
mod exchange;
