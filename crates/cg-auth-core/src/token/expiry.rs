//! When a token expires: pure arithmetic that saturates, and says `unknown` rather than guess.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::jwt_claims::JwtClaims;
use crate::{
    endpoint::{Answer, date_of},
    model::DelegatedAccessToken,
    time::Now,
};

/// The unit of the wire's `duration`, which the vendor does not document (SPEC section 8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum DurationUnit {
    /// Thousandths of a second.
    Milliseconds,
    /// The natural guess, and the default.
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
    /// The program's own word.
    Given,
    /// Nothing usable: the token is good until the service refuses it.
    Unknown,
}

impl ExpirySource {
    /// The source as a short stable word, for logs and machine-readable output.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::JwtClaims => "jwt_claims",
            Self::Duration => "duration",
            Self::Given => "given",
            Self::Unknown => "unknown",
        }
    }
}

/// When a token expires, by every clock there is, and how that is known.
///
/// The lifetime counts from the moment the request was *sent*, which is never later than the moment of
/// issue. It is, in this order:
///
/// 1. for a JWT `exp - iat`, but never more than `exp - Date` of the answer, since a service that caches
///    tokens may hand out an old one; without `iat`, `exp - Date`; without either, `exp` by the local wall
///    clock;
/// 2. a positive `duration` in its unit;
/// 3. unknown: use the token until it is refused. Zero, negative and overflowing values end up here.
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
    /// By the wall clock of `sent`.
    expires_at: SystemTime,
}

impl Expiry {
    /// Of a token that nothing is known about.
    pub const UNKNOWN: Self =
        Self { source: ExpirySource::Unknown, known: None, contradicts_duration: false };

    /// Of the token in `answer`. Unknown where the answer does not say when its request was
    /// [sent](Answer::sent_at).
    #[must_use]
    pub fn of_answer(answer: &Answer<DelegatedAccessToken>, unit: DurationUnit) -> Self {
        match answer.sent {
            Some(sent) => Self::of(&answer.value, unit, date_of(&answer.headers), sent),
            None => Self::UNKNOWN,
        }
    }

    /// Of `token`, asked for at `sent`, answered at `date` by the server's clock.
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

    /// Of a token that is good until `expires_at` by the wall clock, for instance one that was stored.
    #[must_use]
    pub fn until(expires_at: SystemTime, now: Now) -> Self {
        let lifetime = expires_at.duration_since(now.wall()).unwrap_or_default();
        Self::after(ExpirySource::Given, lifetime, now).unwrap_or(Self::UNKNOWN)
    }

    fn after(source: ExpirySource, lifetime: Duration, sent: Now) -> Option<Self> {
        let expires_at = sent.wall().checked_add(lifetime)?;
        Some(Self { source, known: Some(Known { lifetime, sent, expires_at }), contradicts_duration: false })
    }

    /// Where the rest comes from.
    #[must_use]
    pub const fn source(&self) -> ExpirySource {
        self.source
    }

    /// How long the token lives from the moment its request was sent; `None` if unknown.
    #[must_use]
    pub fn lifetime(&self) -> Option<Duration> {
        self.known.map(|known| known.lifetime)
    }

    /// Whether the answer's `duration` fits neither the whole life that the claims tell nor what was left of it:
    /// the unit may be another one.
    #[must_use]
    pub const fn contradicts_duration(&self) -> bool {
        self.contradicts_duration
    }

    /// What the lifetime counts from; `None` if unknown.
    pub(super) fn sent(&self) -> Option<Now> {
        self.known.map(|known| known.sent)
    }

    /// The end by the local wall clock; `None` if unknown.
    #[must_use]
    pub fn expires_at(&self) -> Option<SystemTime> {
        self.known.map(|known| known.expires_at)
    }

    /// What is left at `now`, by whichever clock leaves least; `None` if unknown.
    #[must_use]
    pub fn remaining(&self, now: Now) -> Option<Duration> {
        self.known.map(|known| known.lifetime.saturating_sub(now.longest_since(known.sent)))
    }

    /// Whether any clock says at `now` that the token has expired. One of unknown expiry never has.
    #[must_use]
    pub fn is_expired(&self, now: Now) -> bool {
        self.remaining(now) == Some(Duration::ZERO)
    }
}

/// Clocks differ, and services round: a minute or a twentieth more or less is no contradiction.
fn fits(duration: Duration, claims: JwtClaims, date: Option<SystemTime>) -> bool {
    let Some(expires_at) = claims.expires_at else { return true };
    let date = date.map(unix_seconds);
    [claims.issued_at, date].into_iter().flatten().any(|moment| {
        let left = Duration::from_secs(u64::try_from(expires_at.saturating_sub(moment)).unwrap_or(0));
        left.abs_diff(duration) <= Duration::from_secs(60).max(left / 20)
    })
}

fn lifetime_of_claims(claims: JwtClaims, date: Option<SystemTime>, sent: Now) -> Option<Duration> {
    let expires_at = claims.expires_at?;
    let left_at =
        |moment: i64| Duration::from_secs(u64::try_from(expires_at.saturating_sub(moment)).unwrap_or(0));
    let at_issue = match claims.issued_at {
        // Claims that contradict each other say nothing.
        Some(issued_at) if issued_at >= expires_at => return None,
        issued_at => issued_at.map(left_at),
    };
    let at_answer = date.map(|date| left_at(unix_seconds(date)));
    let lifetimes = [at_issue, at_answer];
    lifetimes.into_iter().flatten().min().or_else(|| Some(left_at(unix_seconds(sent.wall()))))
}

fn lifetime_of_duration(duration: i64, unit: DurationUnit) -> Option<Duration> {
    let count = u64::try_from(duration).ok().filter(|count| *count > 0)?;
    match unit {
        DurationUnit::Milliseconds => Some(Duration::from_millis(count)),
        DurationUnit::Seconds => Some(Duration::from_secs(count)),
        DurationUnit::Minutes => count.checked_mul(60).map(Duration::from_secs),
        DurationUnit::Hours => count.checked_mul(3600).map(Duration::from_secs),
    }
}

/// Whole seconds since 1970, rounded up: a fraction of a second is never added to a token's life.
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
