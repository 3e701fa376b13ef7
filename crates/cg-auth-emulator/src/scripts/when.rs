//! [`When`]: whether a script acts before or after the service.

/// Whether a script acts before or after the service has acted on the request.
///
/// **Before, which is the default, the service never sees the request: a refresh token that it carries was NOT
/// used up. After, the service has acted and only its answer is disturbed: the refresh token was rotated, and
/// the client may never learn the new one.**
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum When {
    /// The script acts instead of the service. Only a script that ends with the service's own answer lets the
    /// service act, after the script's delay.
    #[default]
    Before,
    /// The service acts at once. Then come the script's delay and its ending.
    After,
}

impl When {
    /// Each moment with its name in a script's JSON.
    pub(super) const NAMES: &'static [(&'static str, Self)] =
        &[("before", Self::Before), ("after", Self::After)];

    /// The name of the moment in a script's JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::After => "after",
        }
    }
}
