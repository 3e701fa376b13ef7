//! [`BoxError`].

use std::error::Error;

/// The error of [`Authorization`](crate::Authorization), the same type as `tower::BoxError`. It holds the error
/// of the inner service, or a [`TokenError`](crate::TokenError) if there was no token and nothing was sent.
pub type BoxError = Box<dyn Error + Send + Sync>;
