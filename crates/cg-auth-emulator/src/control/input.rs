//! Parses the request bodies of the control API.

use std::time::Duration;

use cg_auth_core::body::Body;
use serde::de::DeserializeOwned;

use super::error::ControlError;

/// Reads a JSON body. The error names the line and column of the problem.
pub(super) fn read<T: DeserializeOwned>(body: &Body) -> Result<T, ControlError> {
    serde_json::from_slice(body.as_bytes()).map_err(|error| {
        let problem =
            if error.is_data() { "has a missing, unknown or mistyped member" } else { "is not valid JSON" };
        let (line, column) = (error.line(), error.column());
        ControlError::invalid(format!("The body {problem} at line {line}, column {column}."))
    })
}

/// Converts the `seconds` of `member` to a duration. The error names the member.
pub(super) fn duration(member: &str, seconds: f64) -> Result<Duration, ControlError> {
    Duration::try_from_secs_f64(seconds).map_err(|_| {
        ControlError::invalid(format!("`{member}` must be at least 0 and less than 2^64 seconds."))
    })
}
