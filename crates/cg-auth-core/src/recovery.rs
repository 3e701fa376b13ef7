//! [`Recovery`]: the remedy for a failed call.

/// The remedy for a failed call.
///
/// It follows from the stage at which the call failed and from the HTTP status. A code inside a 429 or 5xx
/// answer does not count, so an overloaded service cannot mark a credential as refused. Neither can the page
/// of a firewall or a gateway: a body that is not one of the service says nothing about the credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Recovery {
    /// Use another credential or refresh token. The service itself refused this one, with 400, 401, 403 or a
    /// 2xx answer that says `isSuccess: false`, and refuses it again.
    ReplaceCredential,
    /// Fix the program, its settings or the network. Until then the same call fails again.
    FixConfiguration,
    /// Retry: the same call may succeed later.
    Retry,
}

impl Recovery {
    /// The remedy as a short stable word, for logs and machine-readable output.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ReplaceCredential => "replace_credential",
            Self::FixConfiguration => "fix_configuration",
            Self::Retry => "retry",
        }
    }
}
