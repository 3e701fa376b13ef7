//! [`Event`]: what observers are notified of. Names and fields are a contract.

use std::time::Duration;

use super::{
    ExpirySource, TokenError,
    as_str::as_str,
    store::{SharedFailure, StoreError},
};
use crate::{causes::cause_chain, client::CallError, model::UserPrincipalName};

/// Something that happened to a token. An event holds no secret and no token. Of an answer it shows the status,
/// the error code and the request id, with every secret replaced.
///
/// Each acquisition ends in exactly one of `token_acquired`, `token_failed`, `acquisition_abandoned` and
/// `token_adopted`. There are two exceptions, which send no request. An acquisition causes no event if the secret
/// is in its cool-down or the pool waits for a service that is down. It causes an event of the fleet instead if it
/// leaves the request to another process.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Event {
    /// `token_acquired`: the service issued a token.
    #[non_exhaustive]
    Acquired {
        /// Why the acquisition started.
        reason: Reason,
        /// The grant of the last request.
        grant: Grant,
        /// The number of requests.
        requests: u32,
        /// The duration of the acquisition, including the time to read the secret.
        took: Duration,
        /// The lifetime of the token; `None` if unknown.
        lifetime: Option<Duration>,
        /// What the lifetime was derived from.
        expiry_source: ExpirySource,
        /// The request id, which the vendor's support asks for.
        request_id: Option<String>,
    },
    /// `token_failed`: the acquisition failed. A valid token stays in use. A refused secret is reported when
    /// the service refuses it, and not again while the secret source keeps returning the same one.
    #[non_exhaustive]
    Failed {
        /// Why the acquisition started.
        reason: Reason,
        /// The grant of the last request; `None` if no request was made.
        grant: Option<Grant>,
        /// The number of requests.
        requests: u32,
        /// The duration of the acquisition, including the time to read the secret.
        took: Duration,
        /// The failure.
        error: TokenError,
        /// The back-off before the next acquisition.
        retry_in: Duration,
    },
    /// `refresh_token_dropped`: the service refused the refresh token or may have consumed it. The next
    /// request uses the credential.
    #[non_exhaustive]
    RefreshTokenDropped {
        /// Whether the service refused it. Otherwise the request may have arrived, but its answer did not.
        refused: bool,
    },
    /// `refresh_switched_off`: the service has refused two refresh tokens in a row that it had just issued, so
    /// only the credential is used. There are two likely causes, which the field `likely_causes` names:
    ///
    /// - A proxy drops headers whose name has an underscore, as nginx does by default, and with them the
    ///   refresh token.
    /// - Another process uses the same user, and its refresh or delegation makes this refresh token invalid.
    RefreshSwitchedOff,
    /// `same_token_again`: the service issued a token that had been reported as refused.
    SameTokenAgain,
    /// `token_invalidated`: the program reported the token as refused.
    Invalidated,
    /// `duration_mismatch`: the answer's `duration` fits neither the lifetime in the claims of the token nor
    /// what was left of it. The unit may be wrong. A session reports this once.
    #[non_exhaustive]
    DurationMismatch {
        /// The `duration` of the answer.
        duration: i64,
        /// The lifetime by the claims of the token.
        lifetime: Option<Duration>,
    },
    /// `user_evicted`: the pool has evicted the user, with token and refresh token. The user gets the next token
    /// with the credential.
    #[non_exhaustive]
    Evicted {
        /// Why the pool evicted the user.
        cause: EvictionCause,
    },
    /// `token_adopted`: another process of the fleet has acquired the token.
    #[non_exhaustive]
    Adopted {
        /// Why the acquisition started.
        reason: Reason,
        /// The time until the process had the token, including the time to read the secret.
        took: Duration,
        /// The rest of the lifetime; `None` if unknown.
        left: Option<Duration>,
    },
    /// `lease_held_elsewhere`: another process of the fleet is acquiring a token. A valid token stays in use.
    LeaseHeldElsewhere,
    /// `fleet_cooling_down`: an acquisition of the fleet has failed, and none starts in the cool-down.
    #[non_exhaustive]
    CoolingDown {
        /// The failure.
        failure: SharedFailure,
        /// The rest of the cool-down.
        retry_in: Duration,
    },
    /// `nothing_newer`: the service issued the current token of the fleet again. That token stays in use until it
    /// expires.
    NothingNewer,
    /// `store_unavailable`: the token store did not answer, and the process goes on without it for a while.
    #[non_exhaustive]
    StoreUnavailable {
        /// The failure.
        error: StoreError,
    },
    /// `store_entry_unreadable`: the process could not read the token in the store, and acquires another one.
    StoreEntryUnreadable,
    /// `acquisition_abandoned`: the acquisition ended without a result, and a request on the wire may or may
    /// not have arrived. Its task was dropped, or a new generation superseded it.
    #[non_exhaustive]
    Abandoned {
        /// Why the acquisition started.
        reason: Reason,
        /// The grant of the last request; `None` if no request was made.
        grant: Option<Grant>,
        /// The number of requests that were answered or had failed, not counting the one in flight.
        requests: u32,
        /// The duration of the acquisition, including the time to read the secret.
        took: Duration,
    },
}

/// The table of levels, names and fields, from which [`Event::fields`] and `trace_event` are both generated.
/// Each value is an `Option`, and `display` marks a value that `tracing` records by its `Display`.
macro_rules! with_table {
    ($event:expr, $macro:ident) => {
        match $event {
            Event::Acquired { reason, grant, requests, took, lifetime, expiry_source, request_id } => $macro!(
                DEBUG "token_acquired", reason: display = Some(reason), grant: display = Some(grant),
                requests: plain = Some(*requests), took: plain = seconds(took),
                lifetime: plain = lifetime.as_ref().and_then(seconds),
                expiry_source: plain = Some(expiry_source.as_str()), request_id: plain = request_id.as_deref()
            ),
            Event::Failed { reason, grant, requests, took, error, retry_in } => $macro!(
                WARN "token_failed", reason: display = Some(reason), grant: display = grant.as_ref(),
                requests: plain = Some(*requests), took: plain = seconds(took),
                kind: plain = Some(kind(error)), recovery: plain = Some(error.recovery().as_str()),
                status: plain = error.as_call().and_then(CallError::status).map(|status| status.as_u16()),
                code: plain = error.as_call().and_then(CallError::code).filter(|code| is_short(code)),
                error: plain = Some(cause_chain(error)).as_deref(),
                request_id: plain = error.as_call().and_then(CallError::request_id).filter(|id| is_short(id)),
                retry_in: plain = seconds(retry_in)
            ),
            Event::Abandoned { reason, grant, requests, took } => $macro!(
                INFO "acquisition_abandoned", reason: display = Some(reason), grant: display = grant.as_ref(),
                requests: plain = Some(*requests), took: plain = seconds(took)
            ),
            Event::RefreshTokenDropped { refused } => {
                $macro!(INFO "refresh_token_dropped", refused: plain = Some(*refused))
            }
            Event::RefreshSwitchedOff => {
                $macro!(WARN "refresh_switched_off", likely_causes: plain = Some(REFUSED_REFRESH_CAUSES))
            }
            Event::SameTokenAgain => $macro!(WARN "same_token_again"),
            Event::Invalidated => $macro!(INFO "token_invalidated"),
            Event::Adopted { reason, took, left } => $macro!(
                DEBUG "token_adopted", reason: display = Some(reason), took: plain = seconds(took),
                left: plain = left.as_ref().and_then(seconds)
            ),
            Event::LeaseHeldElsewhere => $macro!(DEBUG "lease_held_elsewhere"),
            Event::CoolingDown { failure, retry_in } => $macro!(
                INFO "fleet_cooling_down", kind: plain = Some(failure.kind()),
                recovery: plain = Some(failure.recovery().as_str()), status: plain = failure.status(),
                retry_in: plain = seconds(retry_in)
            ),
            Event::NothingNewer => $macro!(DEBUG "nothing_newer"),
            Event::StoreUnavailable { error } => {
                $macro!(WARN "store_unavailable", error: plain = Some(cause_chain(error)).as_deref())
            }
            Event::StoreEntryUnreadable => $macro!(WARN "store_entry_unreadable"),
            Event::Evicted { cause } => $macro!(DEBUG "user_evicted", cause: display = Some(cause)),
            Event::DurationMismatch { duration, lifetime } => $macro!(
                WARN "duration_mismatch", duration: plain = Some(*duration),
                lifetime: plain = lifetime.as_ref().and_then(seconds)
            ),
        }
    };
}

impl Event {
    /// The name, for logs and metrics.
    #[must_use]
    #[allow(unused_variables)] // the table's fields
    pub const fn name(&self) -> &'static str {
        macro_rules! name {
            ($level:ident $event:literal $($fields:tt)*) => {
                $event
            };
        }
        with_table!(self, name)
    }

    /// Names and values of the fields, in a fixed order; times are in seconds. Unknown values are left out.
    ///
    /// A failure has these:
    ///
    /// | field | value |
    /// |---|---|
    /// | `reason`, `grant`, `requests`, `took` | as in [`Failed`](Self::Failed) |
    /// | `kind` | the [kind](crate::CallErrorKind) of the failed call, else the [kind](crate::TokenErrorKind) of the failure |
    /// | `recovery` | the [remedy](crate::Recovery) |
    /// | `status`, `code`, `request_id` | of the answer, if there is one; a text of more than 128 bytes is left out |
    /// | `error` | the error with its whole [chain of causes](crate::causes::cause_chain) |
    /// | `retry_in` | the back-off |
    #[must_use]
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        let mut list = Vec::new();
        macro_rules! push {
            ($level:ident $event:literal $(, $name:ident: $kind:ident = $value:expr)*) => {
                { $(list.extend($value.map(|value| (stringify!($name), value.to_string())));)* }
            };
        }
        with_table!(self, push);
        list
    }

    /// The same as [`fields`](Self::fields), after a first field `user`. For an observer of a
    /// [`TokenPool`](crate::TokenPool).
    #[must_use]
    pub fn fields_of(&self, user: &UserPrincipalName) -> Vec<(&'static str, String)> {
        let mut list = vec![("user", user.as_str().to_owned())];
        list.extend(self.fields());
        list
    }
}

/// The kind of a failure as a word. That of a call says more than "call".
fn kind(error: &TokenError) -> &'static str {
    error.as_call().map_or(error.kind().as_str(), |call| call.kind().as_str())
}

/// Whether a text of the service is short enough for a log. A longer one is neither a code nor an id.
const fn is_short(text: &str) -> bool {
    text.len() <= 128
}

const REFUSED_REFRESH_CAUSES: &str = "a proxy drops headers whose name has an underscore, as nginx does by \
    default; or another process uses the same user";

fn seconds(duration: &Duration) -> Option<f64> {
    Some(duration.as_secs_f64())
}

/// Why an acquisition started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// There was no token.
    Missing,
    /// The token entered its early phase or its margin.
    Due,
    /// The token had expired.
    Expired,
    /// The token had been reported as refused.
    Invalidated,
}

/// Why a pool evicted a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EvictionCause {
    /// The program has not asked for the user for the [idle time](crate::TokenPool::with_idle_time).
    Idle,
    /// The pool held more users than its [capacity](crate::TokenPool::with_capacity), and this one was the least
    /// recently used.
    Capacity,
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

as_str!(Reason: Missing = "missing", Due = "due", Expired = "expired", Invalidated = "invalidated");
as_str!(EvictionCause: Idle = "idle", Capacity = "capacity");
as_str!(Grant: Credential = "credential", RefreshToken = "refresh_token");

#[cfg(feature = "tracing")]
pub(super) mod trace;

#[cfg(test)]
mod tests;
