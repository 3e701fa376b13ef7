//! What helps after a failure.

/// What the owner of a program can do about a failed call.
///
/// Decided by where the call failed and by the HTTP status, never by a code inside a 429 or 5xx answer: a
/// service in trouble cannot condemn a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Recovery {
    /// The service refused the credential or the refresh token (400, 401, 403, or a 2xx answer that says
    /// `isSuccess: false`): another one may be accepted, the same one will not.
    ReplaceCredential,
    /// The program, its settings or the network between are set up wrongly: the same call fails again
    /// until that is mended.
    FixConfiguration,
    /// The same call may succeed later.
    Retry,
}

impl Recovery {
    /// The advice as a short stable word, for logs and machine-readable output.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ReplaceCredential => "replace_credential",
            Self::FixConfiguration => "fix_configuration",
            Self::Retry => "retry",
        }
    }
}
