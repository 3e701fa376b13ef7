//! [`TokenError`]: why the caller gets no token.

use std::{error::Error as StdError, fmt, io, sync::Arc, time::Duration};

use super::{as_str::as_str, store::SharedFailure};
#[cfg(feature = "test-util")]
use crate::transport::TransportError;
use crate::{causes::causes, client::CallError, recovery::Recovery};

/// Why the caller gets no token. A clone is cheap, because one failure reaches every waiter.
#[derive(Debug, Clone)]
pub struct TokenError {
    cause: Cause,
    retry_after: Option<Duration>,
}

#[derive(Debug, Clone)]
pub(super) enum Cause {
    Call(Arc<CallError>),
    Secret(Arc<dyn StdError + Send + Sync>),
    ExpiredOnArrival,
    Lost,
    ShutDown,
    OutOfTime(Duration),
    Shared(SharedFailure),
    Other(Arc<dyn StdError + Send + Sync>),
}

/// Which step failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenErrorKind {
    /// The call to the service.
    Call,
    /// The secret source gave no client secret.
    Secret,
    /// The service issued a token that had already expired.
    ExpiredOnArrival,
    /// The acquisition ended in a panic; its request may or may not have arrived.
    Lost,
    /// The provider has been shut down.
    ShutDown,
    /// The caller's own time limit passed; the acquisition goes on.
    OutOfTime,
    /// Another process of the fleet failed to get the token, and the fleet waits before it tries again.
    Shared,
    /// A [`TokenSource`](crate::TokenSource) of another crate has no token.
    Other,
}

as_str!(
    TokenErrorKind: Call = "call", Secret = "secret", ExpiredOnArrival = "expired_on_arrival", Lost = "lost",
    ShutDown = "shut_down", OutOfTime = "out_of_time", Shared = "shared", Other = "other"
);

impl TokenError {
    /// The secret source gave no client secret. The text of `source` must not hold the secret.
    ///
    /// The recovery is [`FixConfiguration`](Recovery::FixConfiguration), or [`Retry`](Recovery::Retry) if a
    /// cause is an [`io::Error`] that may pass: a timeout, an interruption, an unreachable peer.
    ///
    /// ```
    /// use std::io::{Error, ErrorKind};
    /// use cg_auth_core::TokenError;
    ///
    /// let slow = Error::new(ErrorKind::TimedOut, "the vault is slow");
    /// assert!(TokenError::secret(slow).is_retryable());
    /// assert!(!TokenError::secret("the vault knows no such secret").is_retryable());
    /// ```
    pub fn secret(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Cause::Secret(Arc::from(source.into())).into()
    }

    /// Another crate's [`TokenSource`](crate::TokenSource) has no token. `source` must not show a secret.
    pub fn other(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Cause::Other(Arc::from(source.into())).into()
    }

    /// Sets [`retry_after`](Self::retry_after), the time until the next acquisition may start.
    #[must_use]
    pub const fn with_retry_after(mut self, delay: Duration) -> Self {
        self.retry_after = Some(delay);
        self
    }

    /// Which step failed.
    #[must_use]
    pub const fn kind(&self) -> TokenErrorKind {
        match self.cause {
            Cause::Call(_) => TokenErrorKind::Call,
            Cause::Secret(_) => TokenErrorKind::Secret,
            Cause::ExpiredOnArrival => TokenErrorKind::ExpiredOnArrival,
            Cause::Lost => TokenErrorKind::Lost,
            Cause::ShutDown => TokenErrorKind::ShutDown,
            Cause::OutOfTime(_) => TokenErrorKind::OutOfTime,
            Cause::Shared(_) => TokenErrorKind::Shared,
            Cause::Other(_) => TokenErrorKind::Other,
        }
    }

    /// The failed call, if the kind is [`Call`](TokenErrorKind::Call).
    #[must_use]
    pub fn as_call(&self) -> Option<&CallError> {
        if let Cause::Call(error) = &self.cause { Some(error) } else { None }
    }

    /// The failure of another process, if the kind is [`Shared`](TokenErrorKind::Shared).
    #[must_use]
    pub const fn as_shared(&self) -> Option<&SharedFailure> {
        if let Cause::Shared(failure) = &self.cause { Some(failure) } else { None }
    }

    /// What the program can do about it.
    #[must_use]
    pub fn recovery(&self) -> Recovery {
        match &self.cause {
            Cause::Call(error) => error.recovery(),
            Cause::Shared(failure) => failure.recovery(),
            Cause::Secret(source) if may_pass(&**source) => Recovery::Retry,
            Cause::Secret(_) | Cause::ShutDown => Recovery::FixConfiguration,
            Cause::ExpiredOnArrival | Cause::Lost | Cause::OutOfTime(_) | Cause::Other(_) => Recovery::Retry,
        }
    }

    /// Whether a later call may get a token; [`retry_after`](Self::retry_after) tells when.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.recovery() == Recovery::Retry
    }

    /// The rest of the back-off at the time of this error. A call before its end fails with the same error.
    #[must_use]
    pub const fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }
}

/// Errors for the fakes of a test.
#[cfg(feature = "test-util")]
impl TokenError {
    /// An error of `kind`, for a fake: of a refused connection if the kind is [`Call`](TokenErrorKind::Call).
    ///
    /// [`CallError::of_answer`] makes the error of a call that got an answer, with its status and recovery.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use cg_auth_core::{
    ///     CallError, Recovery, TokenError, TokenErrorKind, transport::TransportError,
    /// };
    ///
    /// let panicked = TokenError::of_kind(TokenErrorKind::Lost);
    /// assert_eq!(panicked.to_string(), "the token acquisition ended in a panic");
    ///
    /// let busy = http::Response::builder().status(503).body("".into())?;
    /// let busy = TokenError::from(CallError::of_answer(busy));
    /// let busy = busy.with_retry_after(Duration::from_secs(20));
    /// assert_eq!(busy.retry_after(), Some(Duration::from_secs(20)));
    ///
    /// let refused = TransportError::refused_certificate("unknown issuer");
    /// let refused = TokenError::from(CallError::from(refused));
    /// assert_eq!(refused.recovery(), Recovery::FixConfiguration);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn of_kind(kind: TokenErrorKind) -> Self {
        match kind {
            TokenErrorKind::Call => CallError::from(TransportError::connect("connection refused")).into(),
            TokenErrorKind::Secret => Self::secret("the fake has no secret"),
            TokenErrorKind::ExpiredOnArrival => Cause::ExpiredOnArrival.into(),
            TokenErrorKind::Lost => Cause::Lost.into(),
            TokenErrorKind::ShutDown => Cause::ShutDown.into(),
            TokenErrorKind::OutOfTime => Self::out_of_time(Duration::from_secs(1)),
            TokenErrorKind::Shared => {
                Cause::Shared(SharedFailure::new("api", Recovery::Retry, Some(503))).into()
            }
            TokenErrorKind::Other => Self::other("the fake has no token"),
        }
    }

    /// The caller's own `limit` passed: an error of the kind [`OutOfTime`](TokenErrorKind::OutOfTime).
    #[must_use]
    pub fn out_of_time(limit: Duration) -> Self {
        Cause::OutOfTime(limit).into()
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
        f.write_str(match &self.cause {
            Cause::Call(error) => return error.fmt(f),
            Cause::Secret(_) => "cannot read the client secret",
            Cause::ExpiredOnArrival => "the service issued a token that had already expired",
            Cause::Lost => "the token acquisition ended in a panic",
            Cause::ShutDown => "the token provider has been shut down",
            Cause::OutOfTime(limit) => return write!(f, "no token within {limit:?}"),
            Cause::Shared(failure) => {
                return write!(f, "another process failed to get the token ({failure})");
            }
            Cause::Other(_) => "the token source has no token",
        })
    }
}

impl StdError for TokenError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &self.cause {
            Cause::Call(error) => error.source(),
            Cause::Secret(source) | Cause::Other(source) => Some(&**source),
            Cause::ExpiredOnArrival
            | Cause::Lost
            | Cause::ShutDown
            | Cause::OutOfTime(_)
            | Cause::Shared(_) => None,
        }
    }
}

/// Whether one of the causes is an I/O error that may pass.
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
