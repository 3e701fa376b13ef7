//! [`Failure`]: how a case failed, and the checks that make one.

use std::{error::Error, fmt};

use cg_auth_core::{ConfigError, causes::cause_chain, endpoint::EndpointError, transport::TransportError};
use http::header::InvalidHeaderValue;

use crate::secret_texts::masked;

/// What the transport did instead of what its contract says.
///
/// The text may quote what the transport showed. The names of the suite's secrets stand in their place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    message: String,
}

impl Failure {
    /// A failure with this text.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: masked(message.into()) }
    }

    /// A failure that says first what was tried.
    #[must_use]
    pub fn when(self, tried: impl fmt::Display) -> Self {
        Self::new(format!("{tried}: {}", self.message))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for Failure {}

impl From<TransportError> for Failure {
    fn from(error: TransportError) -> Self {
        Self::new(format!("the call failed ({:?}): {}", error.kind(), cause_chain(&error)))
    }
}

macro_rules! from_errors_of_the_suite {
    ($($Error:ty),+) => {
        $(
            impl From<$Error> for Failure {
                fn from(error: $Error) -> Self {
                    Self::new(format!("the suite cannot set up the case: {}", cause_chain(&error)))
                }
            }
        )+
    };
}

from_errors_of_the_suite!(ConfigError, EndpointError, http::Error, InvalidHeaderValue, std::io::Error);

/// Fails the case unless the condition holds.
macro_rules! ensure {
    ($condition:expr, $($message:tt)+) => {
        if !$condition {
            return Err($crate::failure::Failure::new(format!($($message)+)));
        }
    };
}

/// Fails the case unless the two values are equal.
macro_rules! ensure_eq {
    ($is:expr, $expected:expr, $($what:tt)+) => {
        match (&$is, &$expected) {
            (is, expected) => $crate::failure::ensure!(
                is == expected,
                "{}: expected {expected:?}, not {is:?}",
                format_args!($($what)+)
            ),
        }
    };
}

pub(crate) use {ensure, ensure_eq};
