//! The life of a token after it was issued.

mod expiry;
mod jwt_claims;

pub use self::expiry::{DurationUnit, Expiry, ExpirySource};
