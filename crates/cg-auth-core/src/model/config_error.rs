//! [`ConfigError`]: an invalid setting, found before a request is sent.

use std::fmt;

/// A setting has an invalid value.
///
/// The error names the setting and the problem. It never quotes the value, which may be a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConfigError {
    setting: &'static str,
    problem: &'static str,
}

impl ConfigError {
    /// An error that reads as `{setting} {problem}`, for instance "the base URL" "has a query".
    ///
    /// Both parts are `&'static str`, so that they cannot quote a value.
    #[must_use]
    pub const fn new(setting: &'static str, problem: &'static str) -> Self {
        Self { setting, problem }
    }

    /// The name of the setting.
    #[must_use]
    pub const fn setting(&self) -> &'static str {
        self.setting
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { setting, problem } = self;
        write!(f, "{setting} {problem}")
    }
}

impl std::error::Error for ConfigError {}
