//! When a token expires: pure, saturating arithmetic. If the answer has no usable values, the expiry is
//! unknown.

mod jwt_claims;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use self::jwt_claims::JwtClaims;
use super::words::words;
use crate::{
    endpoint::{Answer, date_of},
    model::DelegatedAccessToken,
    time::Now,
};

/// The unit of the wire's `duration`, which the vendor does not document: see the
/// [wire protocol, section 8](crate::docs::wire#8-duration-unit-and-lifetime--unknown).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum DurationUnit {
    /// Thousandths of a second.
    Milliseconds,
    /// Seconds: the default, and the most likely unit.
    #[default]
    Seconds,
    /// 60 seconds.
    Minutes,
    /// 3600 seconds.
    Hours,
}

/// What an [`Expiry`] was derived from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ExpirySource {
    /// The token's own claims.
    JwtClaims,
    /// The answer's `duration`, in the unit that the program chose.
    Duration,
    /// A time that the program gave.
    Given,
    /// Nothing usable: the token is valid until the service refuses it.
    Unknown,
}

words!(ExpirySource: JwtClaims = "jwt_claims", Duration = "duration", Given = "given", Unknown = "unknown");

/// When a token expires by every clock, and what that was derived from.
///
/// The lifetime counts from the moment the request was *sent*, which is never later than the moment of issue.
/// The first of these that is usable gives the lifetime:
///
/// 1. The claims of a JWT: `exp - iat`, but never more than `exp - Date`, because a service with a cache may
///    hand out an old token. Without `iat` it is `exp - Date`; without both, `exp` by the local wall clock.
/// 2. A positive `duration` in its unit.
/// 3. Neither, or only zero, negative and overflowing values: the lifetime is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expiry {
    source: ExpirySource,
    known: Option<Known>,
    contradicts_duration: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Known {
    lifetime: Duration,
    sent: Now,
    /// The time of expiry by the local wall clock.
    expires_at: SystemTime,
}

impl Expiry {
    /// An unknown expiry: the token is valid until the service refuses it.
    pub const UNKNOWN: Self =
        Self { source: ExpirySource::Unknown, known: None, contradicts_duration: false };

    /// The expiry of the token in `answer`. It is unknown if the answer does not hold the time at which its
    /// request was [sent](Answer::sent_at).
    #[must_use]
    pub fn of_answer(answer: &Answer<DelegatedAccessToken>, unit: DurationUnit) -> Self {
        match answer.sent {
            Some(sent) => Self::of(&answer.value, unit, date_of(&answer.headers), sent),
            None => Self::UNKNOWN,
        }
    }

    /// The expiry of `token`, whose request was sent at `sent` and answered at `date` by the server's clock.
    #[must_use]
    pub fn of(token: &DelegatedAccessToken, unit: DurationUnit, date: Option<SystemTime>, sent: Now) -> Self {
        let claims = JwtClaims::read(token.access_token());
        let duration = lifetime_of_duration(token.duration(), unit);
        let by_claims = || Some((ExpirySource::JwtClaims, lifetime_of_claims(claims, date, sent)?));
        let by_duration = || Some((ExpirySource::Duration, duration?));
        let expiry = by_claims()
            .or_else(by_duration)
            .and_then(|(source, lifetime)| Self::after(source, lifetime, sent));
        let mut expiry = expiry.unwrap_or(Self::UNKNOWN);
        expiry.contradicts_duration = expiry.source == ExpirySource::JwtClaims
            && duration.is_some_and(|duration| !fits(duration, claims, date));
        expiry
    }

    /// The expiry of a token, such as one from a store, that is valid until `expires_at` by the wall clock.
    #[must_use]
    pub fn until(expires_at: SystemTime, now: Now) -> Self {
        let lifetime = expires_at.duration_since(now.wall()).unwrap_or_default();
        Self::after(ExpirySource::Given, lifetime, now).unwrap_or(Self::UNKNOWN)
    }

    fn after(source: ExpirySource, lifetime: Duration, sent: Now) -> Option<Self> {
        let expires_at = sent.wall().checked_add(lifetime)?;
        Some(Self { source, known: Some(Known { lifetime, sent, expires_at }), contradicts_duration: false })
    }

    /// What the expiry was derived from.
    #[must_use]
    pub const fn source(&self) -> ExpirySource {
        self.source
    }

    /// The lifetime of the token, counted from the moment its request was sent; `None` if unknown.
    #[must_use]
    pub fn lifetime(&self) -> Option<Duration> {
        self.known.map(|known| known.lifetime)
    }

    /// Whether `duration` fits neither the lifetime in the claims nor what was left of it. The unit may then
    /// be wrong.
    #[must_use]
    pub const fn contradicts_duration(&self) -> bool {
        self.contradicts_duration
    }

    /// The moment from which the lifetime counts; `None` if unknown.
    pub(super) fn sent(&self) -> Option<Now> {
        self.known.map(|known| known.sent)
    }

    /// The moment of expiry by the local wall clock; `None` if unknown.
    #[must_use]
    pub fn expires_at(&self) -> Option<SystemTime> {
        self.known.map(|known| known.expires_at)
    }

    /// The rest of the lifetime at `now`, by the clock that leaves least; `None` if unknown.
    #[must_use]
    pub fn remaining(&self, now: Now) -> Option<Duration> {
        self.known.map(|known| known.lifetime.saturating_sub(now.longest_since(known.sent)))
    }

    /// Whether the token has expired at `now` by any clock. A token of unknown expiry never expires.
    #[must_use]
    pub fn is_expired(&self, now: Now) -> bool {
        self.remaining(now) == Some(Duration::ZERO)
    }
}

/// Clocks differ and services round, so a difference of a minute or a twentieth is no contradiction.
fn fits(duration: Duration, claims: JwtClaims, date: Option<SystemTime>) -> bool {
    let Some(expires_at) = claims.expires_at else { return true };
    let date = date.map(unix_seconds);
    [claims.issued_at, date].into_iter().flatten().any(|moment| {
        let left = seconds_between(moment, expires_at);
        left.abs_diff(duration) <= Duration::from_secs(60).max(left / 20)
    })
}

fn lifetime_of_claims(claims: JwtClaims, date: Option<SystemTime>, sent: Now) -> Option<Duration> {
    let expires_at = claims.expires_at?;
    let left_at = |moment| seconds_between(moment, expires_at);
    let at_issue = match claims.issued_at {
        // Claims that contradict each other are ignored.
        Some(issued_at) if issued_at >= expires_at => return None,
        issued_at => issued_at.map(left_at),
    };
    let at_answer = date.map(|date| left_at(unix_seconds(date)));
    [at_issue, at_answer].into_iter().flatten().min().or_else(|| Some(left_at(unix_seconds(sent.wall()))))
}

fn lifetime_of_duration(duration: i64, unit: DurationUnit) -> Option<Duration> {
    let count = u64::try_from(duration).ok().filter(|count| *count > 0)?;
    let seconds = match unit {
        DurationUnit::Milliseconds => return Some(Duration::from_millis(count)),
        DurationUnit::Seconds => 1,
        DurationUnit::Minutes => 60,
        DurationUnit::Hours => 3600,
    };
    count.checked_mul(seconds).map(Duration::from_secs)
}

fn seconds_between(moment: i64, end: i64) -> Duration {
    Duration::from_secs(u64::try_from(end.saturating_sub(moment)).unwrap_or(0))
}

/// Whole seconds since 1970, rounded up, so that rounding never makes a lifetime longer.
fn unix_seconds(moment: SystemTime) -> i64 {
    match moment.duration_since(UNIX_EPOCH) {
        Ok(after) => {
            let seconds = after.as_secs().saturating_add(u64::from(after.subsec_nanos() > 0));
            i64::try_from(seconds).unwrap_or(i64::MAX)
        }
        Err(before) => i64::try_from(before.duration().as_secs()).map_or(i64::MIN, |seconds| -seconds),
    }
}

#[cfg(test)]
mod tests;
