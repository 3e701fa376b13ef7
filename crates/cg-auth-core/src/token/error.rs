//! [`TokenError`]: why there is no token.

use std::{error::Error as StdError, fmt, io, sync::Arc, time::Duration};

use crate::{causes::causes, client::CallError, recovery::Recovery};

/// Why there is no token that could be served. A clone is cheap: one failure reaches everybody who waited.
#[derive(Debug, Clone)]
pub struct TokenError {
    cause: Cause,
    retry_after: Option<Duration>,
}

#[derive(Debug, Clone)]
enum Cause {
    Call(Arc<CallError>),
    Secret(Arc<dyn StdError + Send + Sync>),
    ExpiredOnArrival,
    Lost,
    ShutDown,
    OutOfTime(Duration),
    Other(Arc<dyn StdError + Send + Sync>),
}

/// Where it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenErrorKind {
    /// The call to the service.
    Call,
    /// The client secret could not be had.
    Secret,
    /// The service issued a token that had expired when it came.
    ExpiredOnArrival,
    /// The attempt ended in a panic, and nobody knows what of it arrived.
    Lost,
    /// The provider has been shut down.
    ShutDown,
    /// The caller's own limit on waiting has passed; the attempt goes on.
    OutOfTime,
    /// A source of tokens that is not this crate's.
    Other,
}

impl TokenErrorKind {
    /// The kind as a short stable word, for logs and machine-readable output.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::Secret => "secret",
            Self::ExpiredOnArrival => "expired_on_arrival",
            Self::Lost => "lost",
            Self::ShutDown => "shut_down",
            Self::OutOfTime => "out_of_time",
            Self::Other => "other",
        }
    }
}

impl TokenError {
    /// The client secret could not be had. No secret is in the text of `source`; its owner sees to that.
    ///
    /// Somebody has to mend that, unless an [`io::Error`] among `source` and its causes says that it may pass:
    /// a time limit, an interruption, or a network or a peer that is away. Then it is worth a
    /// [`Retry`](Recovery::Retry).
    ///
    /// ```
    /// use std::io::{Error, ErrorKind};
    ///
    /// use cg_auth_core::TokenError;
    ///
    /// assert!(TokenError::secret(Error::new(ErrorKind::TimedOut, "the vault is slow")).is_retryable());
    /// assert!(!TokenError::secret("the vault knows no such secret").is_retryable());
    /// ```
    pub fn secret(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Cause::Secret(Arc::from(source.into())).into()
    }

    /// A [`TokenSource`](super::TokenSource) that is not this crate's has no token. No secret is in the text of
    /// `source`; its owner sees to that.
    pub fn other(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Cause::Other(Arc::from(source.into())).into()
    }

    pub(super) fn expired_on_arrival() -> Self {
        Cause::ExpiredOnArrival.into()
    }

    pub(super) fn lost() -> Self {
        Cause::Lost.into()
    }

    pub(super) fn shut_down() -> Self {
        Cause::ShutDown.into()
    }

    pub(super) fn out_of_time(limit: Duration) -> Self {
        Cause::OutOfTime(limit).into()
    }

    /// Notes how long the next attempt has to wait.
    pub(super) fn with_retry_after(mut self, delay: Duration) -> Self {
        self.retry_after = Some(delay);
        self
    }

    /// Where it failed.
    #[must_use]
    pub const fn kind(&self) -> TokenErrorKind {
        match self.cause {
            Cause::Call(_) => TokenErrorKind::Call,
            Cause::Secret(_) => TokenErrorKind::Secret,
            Cause::ExpiredOnArrival => TokenErrorKind::ExpiredOnArrival,
            Cause::Lost => TokenErrorKind::Lost,
            Cause::ShutDown => TokenErrorKind::ShutDown,
            Cause::OutOfTime(_) => TokenErrorKind::OutOfTime,
            Cause::Other(_) => TokenErrorKind::Other,
        }
    }

    /// The failed call, if that is what it was.
    #[must_use]
    pub fn as_call(&self) -> Option<&CallError> {
        match &self.cause {
            Cause::Call(error) => Some(error),
            _ => None,
        }
    }

    /// What helps.
    #[must_use]
    pub fn recovery(&self) -> Recovery {
        match &self.cause {
            Cause::Call(error) => error.recovery(),
            Cause::Secret(source) if may_pass(&**source) => Recovery::Retry,
            Cause::Secret(_) | Cause::ShutDown => Recovery::FixConfiguration,
            // The answer was slow, or came out of a cache.
            Cause::ExpiredOnArrival | Cause::Lost | Cause::OutOfTime(_) | Cause::Other(_) => Recovery::Retry,
        }
    }

    /// Whether asking again later may bring a token; when, says [`retry_after`](Self::retry_after).
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.recovery() == Recovery::Retry
    }

    /// When the next attempt may be made, counted from the moment this error was given; whoever asks before
    /// gets the same error again, without a request.
    #[must_use]
    pub const fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }
}

impl From<CallError> for TokenError {
    fn from(error: CallError) -> Self {
        Cause::Call(Arc::new(error)).into()
    }
}

impl From<Cause> for TokenError {
    fn from(cause: Cause) -> Self {
        Self { cause, retry_after: None }
    }
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cause {
            Cause::Call(error) => error.fmt(f),
            Cause::Secret(_) => f.write_str("the client secret could not be had"),
            Cause::ExpiredOnArrival => f.write_str("the service issued a token that has expired already"),
            Cause::Lost => f.write_str("the attempt to get a token was lost in a panic"),
            Cause::ShutDown => f.write_str("the token provider has been shut down"),
            Cause::OutOfTime(limit) => write!(f, "no token within {limit:?}"),
            Cause::Other(_) => f.write_str("the source of tokens has none"),
        }
    }
}

impl StdError for TokenError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &self.cause {
            Cause::Call(error) => error.source(),
            Cause::Secret(source) | Cause::Other(source) => Some(&**source),
            _ => None,
        }
    }
}

/// Whether one of the causes says that what it comes from is away for now.
fn may_pass(error: &(dyn StdError + 'static)) -> bool {
    causes(error).any(|cause| {
        cause.downcast_ref::<io::Error>().is_some_and(|error| {
            matches!(
                error.kind(),
                io::ErrorKind::TimedOut
                    | io::ErrorKind::WouldBlock
                    | io::ErrorKind::Interrupted
                    | io::ErrorKind::ConnectionRefused
                    | io::ErrorKind::ConnectionReset
                    | io::ErrorKind::ConnectionAborted
                    | io::ErrorKind::NotConnected
                    | io::ErrorKind::BrokenPipe
                    | io::ErrorKind::HostUnreachable
                    | io::ErrorKind::NetworkUnreachable
                    | io::ErrorKind::NetworkDown
            )
        })
    })
}
