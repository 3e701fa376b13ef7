//! [`BoxError`].

use std::error::Error;

/// The error of [`Authorization`](crate::Authorization), the same type as `tower::BoxError`. It holds the inner service's error, or
/// a [`TokenError`](crate::TokenError) if no token could be acquired and no request was made.
pub type BoxError = Box<dyn Error + Send + Sync>;
