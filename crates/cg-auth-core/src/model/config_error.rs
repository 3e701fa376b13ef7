//! [`ConfigError`]: a setting that cannot be right, found before anything was sent.

/// A value that a caller supplied cannot be used.
///
/// It names the setting and what is wrong with it, never the value: that may be a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{setting} {problem}")]
pub struct ConfigError {
    setting: &'static str,
    problem: &'static str,
}

impl ConfigError {
    /// An error that reads as `{setting} {problem}`, for instance "the base URL" "has a query".
    ///
    /// Both are literals, so that no value can slip in.
    #[must_use]
    pub const fn new(setting: &'static str, problem: &'static str) -> Self {
        Self { setting, problem }
    }

    /// Which setting it is.
    #[must_use]
    pub const fn setting(&self) -> &'static str {
        self.setting
    }
}
