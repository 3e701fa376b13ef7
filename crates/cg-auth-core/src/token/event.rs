//! [`Event`]: what observers are told. Names and fields are a contract.

use std::{fmt, time::Duration};

use super::{ExpirySource, TokenError};

/// Something that happened to a token. No secret, token or text of an answer is part of it.
///
/// Each attempt to get a token ends in exactly one of `token_acquired`, `token_failed` and `acquisition_abandoned`. Only
/// one that came to nothing but a look at a secret which had been refused not long before ends in none of them.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Event {
    /// `token_acquired`: the service issued a token.
    #[non_exhaustive]
    Acquired {
        /// Why it was asked.
        reason: Reason,
        /// How it was asked in the end.
        grant: Grant,
        /// How many requests it took.
        attempts: u32,
        /// How long it took, the reading of the secret included.
        took: Duration,
        /// How long the token lives; `None` if unknown.
        lifetime: Option<Duration>,
        /// How that is known.
        expiry_source: ExpirySource,
        /// The id that the vendor's support asks for.
        request_id: Option<String>,
    },
    /// `token_failed`: there is no token, or no new one. A secret that was refused is told of when the service refuses
    /// it, and not each time that its source gives it once more.
    #[non_exhaustive]
    Failed {
        /// Why it was asked.
        reason: Reason,
        /// How it was asked in the end; `None` where it came to no request.
        grant: Option<Grant>,
        /// How many requests it took.
        attempts: u32,
        /// How long it took, the reading of the secret included.
        took: Duration,
        /// What went wrong.
        error: TokenError,
        /// When the next attempt may be made.
        retry_in: Duration,
    },
    /// `refresh_token_dropped`: it was refused, or may have been spent; the credential is used in its place.
    #[non_exhaustive]
    RefreshTokenDropped {
        /// Whether the service has refused it. Otherwise it may have arrived, and nobody saw the answer.
        refused: bool,
    },
    /// `refresh_switched_off`: the service refuses even refresh tokens that it has just issued. A proxy that drops
    /// header names with an underscore, as nginx does by default, has this effect.
    RefreshSwitchedOff,
    /// `same_token_again`: a token that was said to be refused came back as the new one.
    SameTokenAgain,
    /// `token_invalidated`: somebody reported it as refused.
    Invalidated,
    /// `duration_mismatch`: `duration` fits neither what the token says of itself nor what is left of it. The
    /// unit may be another one; told once.
    #[non_exhaustive]
    DurationMismatch {
        /// The number, as it came.
        duration: i64,
        /// What the token says.
        lifetime: Option<Duration>,
    },
    /// `acquisition_abandoned`: nothing comes of an attempt, and nobody knows what of it arrived. What ran it is gone, or
    /// it was overtaken: by another secret, a token from elsewhere, or the end of what there was.
    #[non_exhaustive]
    Abandoned {
        /// Why the service was asked.
        reason: Reason,
        /// How it was asked last; `None` where it came to no request.
        grant: Option<Grant>,
        /// How many requests were answered or had failed; the one under way is not among them.
        attempts: u32,
        /// How long it had taken, the reading of the secret included.
        took: Duration,
    },
}

impl Event {
    /// The name, for logs and metrics.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Acquired { .. } => "token_acquired",
            Self::Failed { .. } => "token_failed",
            Self::RefreshTokenDropped { .. } => "refresh_token_dropped",
            Self::RefreshSwitchedOff => "refresh_switched_off",
            Self::SameTokenAgain => "same_token_again",
            Self::Invalidated => "token_invalidated",
            Self::DurationMismatch { .. } => "duration_mismatch",
            Self::Abandoned { .. } => "acquisition_abandoned",
        }
    }

    /// Names and values of the fields, in order; times are in seconds. What is unknown is left out.
    #[must_use]
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        let seconds = |duration: &Duration| duration.as_secs_f64().to_string();
        let mut fields = Vec::new();
        match self {
            Self::Acquired { reason, grant, attempts, took, lifetime, expiry_source, request_id } => {
                fields.push(("reason", reason.as_str().to_owned()));
                fields.push(("grant", grant.as_str().to_owned()));
                fields.push(("attempts", attempts.to_string()));
                fields.push(("took", seconds(took)));
                fields.extend(lifetime.as_ref().map(|lifetime| ("lifetime", seconds(lifetime))));
                fields.push(("expiry_source", expiry_source.as_str().to_owned()));
                fields.extend(request_id.clone().map(|id| ("request_id", id)));
            }
            Self::Failed { reason, grant, attempts, took, error, retry_in } => {
                fields.push(("reason", reason.as_str().to_owned()));
                fields.extend(grant.map(|grant| ("grant", grant.as_str().to_owned())));
                fields.push(("attempts", attempts.to_string()));
                fields.push(("took", seconds(took)));
                fields.push(("error", error.to_string()));
                let request_id = error.as_call().and_then(|error| error.request_id());
                fields.extend(request_id.map(|id| ("request_id", id.to_owned())));
                fields.push(("retry_in", seconds(retry_in)));
            }
            Self::Abandoned { reason, grant, attempts, took } => {
                fields.push(("reason", reason.as_str().to_owned()));
                fields.extend(grant.map(|grant| ("grant", grant.as_str().to_owned())));
                fields.push(("attempts", attempts.to_string()));
                fields.push(("took", seconds(took)));
            }
            Self::RefreshTokenDropped { refused } => fields.push(("refused", refused.to_string())),
            Self::DurationMismatch { duration, lifetime } => {
                fields.push(("duration", duration.to_string()));
                fields.extend(lifetime.as_ref().map(|lifetime| ("lifetime", seconds(lifetime))));
            }
            Self::RefreshSwitchedOff | Self::SameTokenAgain | Self::Invalidated => {}
        }
        fields
    }
}

/// Why the service was asked for a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// There was none.
    Missing,
    /// The one there was enters the last part of its life.
    Due,
    /// The one there was has expired.
    Expired,
    /// The one there was has been reported as refused.
    Invalidated,
}

/// How the service is asked for a token (RFC 6749 section 1.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Grant {
    /// With the client secret and the user's name: `POST /auth/token/delegate`.
    Credential,
    /// With a refresh token: `POST /auth/token/refresh`.
    RefreshToken,
}

impl Reason {
    /// The reason as a short stable word, for logs and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Due => "due",
            Self::Expired => "expired",
            Self::Invalidated => "invalidated",
        }
    }
}

impl Grant {
    /// The grant as a short stable word, for logs and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Credential => "credential",
            Self::RefreshToken => "refresh_token",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
