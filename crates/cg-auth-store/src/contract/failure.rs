//! [`Failure`]: what a store did instead of what its contract says.

use std::{error::Error, fmt};

use cg_auth_core::{causes::cause_chain, token::store::StoreError};

/// What a store did instead of what its contract says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    message: String,
}

impl Failure {
    /// A failure with this text.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for Failure {}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::new(format!("the operation failed: {}", cause_chain(&error)))
    }
}

/// Fails the case unless the condition holds.
macro_rules! ensure {
    ($condition:expr, $($message:tt)+) => {
        if !$condition {
            return Err($crate::contract::Failure::new(format!($($message)+)));
        }
    };
}

/// Fails the case unless the value has this shape.
macro_rules! expect_shape {
    ($value:expr, $shape:pat $(if $guard:expr)?, $when:literal) => {
        match $value {
            $shape $(if $guard)? => {}
            other => {
                let message = format!(
                    "{}: expected {}, not {other:?}",
                    $when,
                    stringify!($shape $(if $guard)?)
                );
                return Err($crate::contract::Failure::new(message));
            }
        }
    };
}

pub(crate) use {ensure, expect_shape};
