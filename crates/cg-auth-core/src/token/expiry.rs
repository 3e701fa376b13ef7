//! When a token expires: pure, saturating arithmetic. If the answer has no usable values, the expiry is
//! unknown.

mod jwt_claims;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub use self::jwt_claims::JwtClaims;
use super::as_str::as_str;
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

impl DurationUnit {
    /// Every unit.
    pub const ALL: &'static [Self] = &[Self::Milliseconds, Self::Seconds, Self::Minutes, Self::Hours];
}

as_str!(
    DurationUnit: Milliseconds = "milliseconds",
    Seconds = "seconds",
    Minutes = "minutes",
    Hours = "hours"
);

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
    /// The clock of the store that several processes share.
    Store,
    /// Nothing usable: the token is valid until the service refuses it.
    Unknown,
}

as_str!(ExpirySource: JwtClaims = "jwt_claims", Duration = "duration", Given = "given", Store = "store", Unknown = "unknown");

/// When a token expires by every clock, and what that was derived from.
///
/// The lifetime counts from the moment the request was *sent*, which is never later than the moment of issue.
/// The first of these that is usable gives the lifetime:
///
/// 1. The [claims](JwtClaims) of a JWT: `exp` minus the latest of `iat` and the `Date` of the answer, because
///    a service with a cache may hand out an old token. Without `Date` the local wall clock takes its place,
///    and an `exp` in the past means that the token has expired. Without `iat` the later of `Date` and the
///    local wall clock counts, if it is before `exp`. An `iat` that is not before `exp` does not count.
/// 2. A positive `duration` in its unit.
/// 3. Neither, or only zero, negative and overflowing values: the lifetime is unknown.
///
/// `iat` and `Date` count whole seconds, so up to a second of the lifetime has passed unseen. The token counts
/// as one second old when its request is sent, and expires that second earlier.
///
/// A `Date` that is not before `exp`, or more than a minute before `iat`, is not believed. The local wall clock
/// takes its place, so the token has expired if that clock says the same.
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
    /// How old the token was then: zero, except for a token of a store.
    age: Duration,
    /// How much older than its claims show the token may be.
    unseen: Duration,
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
        let claims = JwtClaims::read(token.access_token().expose_secret()).unwrap_or_default();
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

    /// The expiry of a token of a store, which had `left` of its `lifetime` when the store was asked at `asked`.
    pub(super) fn of_store(lifetime: Option<Duration>, left: Option<Duration>, asked: Now) -> Self {
        let known = lifetime.zip(left).and_then(|(lifetime, left)| {
            let expires_at = asked.wall().checked_add(left)?;
            let (age, unseen) = (lifetime.saturating_sub(left), Duration::ZERO);
            Some(Known { lifetime, sent: asked, age, unseen, expires_at })
        });
        known.map_or(Self::UNKNOWN, |known| Self {
            source: ExpirySource::Store,
            known: Some(known),
            contradicts_duration: false,
        })
    }

    /// The rest of the lifetime at `now`, by the clock that leaves least; `None` if unknown.
    #[must_use]
    pub fn remaining(&self, now: Now) -> Option<Duration> {
        self.known.map(|known| {
            let age =
                now.longest_since(known.sent).saturating_add(known.age).saturating_add(self.unseen_age());
            known.lifetime.saturating_sub(age)
        })
    }

    /// Whether the token has expired at `now` by any clock. A token of unknown expiry never expires.
    #[must_use]
    pub fn is_expired(&self, now: Now) -> bool {
        self.remaining(now) == Some(Duration::ZERO)
    }

    /// What the expiry was derived from.
    #[must_use]
    pub const fn source(&self) -> ExpirySource {
        self.source
    }

    /// The lifetime of the token, counted from the moment its request was sent; `None` if unknown. The token
    /// is served for up to a second less, because claims count whole seconds.
    #[must_use]
    pub fn lifetime(&self) -> Option<Duration> {
        self.known.map(|known| known.lifetime)
    }

    /// How long the service may still hand the token out, if that has expired between its answer and `now`: its last
    /// second, which counts as passed here. `None` if the token is valid, or if the service issued an expired one.
    pub(super) fn until_replaced(&self, now: Now) -> Option<Duration> {
        let Known { lifetime, sent, .. } = self.known.filter(|known| !known.lifetime.is_zero())?;
        // Claims count from a moment between the request and its answer, so the last second may begin with the answer.
        let last = lifetime.min(unseen_age(self.source));
        self.is_expired(now).then(|| lifetime.saturating_sub(now.longest_since(sent)).max(last))
    }

    /// The whole time for which the token is served, counted from the moment its request was sent; `None` if unknown.
    pub(super) fn served_life(&self) -> Option<Duration> {
        self.known.map(|known| known.lifetime.saturating_sub(self.unseen_age()))
    }

    /// Whether `duration` fits neither the lifetime in the claims nor what was left of it. The unit may then
    /// be wrong.
    #[must_use]
    pub const fn contradicts_duration(&self) -> bool {
        self.contradicts_duration
    }

    /// The moment of expiry by the local wall clock; `None` if unknown.
    #[must_use]
    pub fn expires_at(&self) -> Option<SystemTime> {
        self.known.map(|known| known.expires_at)
    }

    /// The moment from which the lifetime counts; `None` if unknown.
    pub(super) fn sent(&self) -> Option<Now> {
        self.known.map(|known| known.sent)
    }

    /// How old the token was at that moment.
    pub(super) fn age_when_sent(&self) -> Duration {
        self.known.map_or(Duration::ZERO, |known| known.age)
    }

    /// How old the token may be when its request is sent, without a claim that shows it: `exp`, `iat` and
    /// `Date` are cut off to whole seconds.
    pub(super) fn unseen_age(&self) -> Duration {
        self.known.map_or(Duration::ZERO, |known| known.unseen)
    }

    /// The same expiry, of a token that is older than its claims show by `unseen` at most. The clock of the service may
    /// run faster than the local one for the whole lifetime.
    pub(super) fn with_unseen_age(self, unseen: Duration) -> Self {
        let known = self.known.map(|known| {
            let unseen = unseen.min(known.unseen).saturating_add(known.lifetime / DRIFT);
            let expires_at = (known.expires_at.checked_add(known.unseen))
                .and_then(|end| end.checked_sub(unseen))
                .unwrap_or(known.expires_at);
            Known { unseen, expires_at, ..known }
        });
        Self { known, ..self }
    }

    fn after(source: ExpirySource, lifetime: Duration, sent: Now) -> Option<Self> {
        let unseen = unseen_age(source);
        let expires_at = sent.wall().checked_add(lifetime.saturating_sub(unseen))?;
        Some(Self {
            source,
            known: Some(Known { lifetime, sent, age: Duration::ZERO, unseen, expires_at }),
            contradicts_duration: false,
        })
    }
}

/// The speeds of the clocks of this machine and of the service differ by less than one part in so many.
pub(super) const DRIFT: u32 = 1000;

const fn unseen_age(source: ExpirySource) -> Duration {
    match source {
        ExpirySource::JwtClaims => Duration::from_secs(1),
        _ => Duration::ZERO,
    }
}

/// The time that the clock of the service showed when it answered, since 1970. `None` if the answer shows no credible
/// time.
pub(super) fn second_of(answer: &Answer<DelegatedAccessToken>) -> Option<Duration> {
    let date = whole_seconds(date_of(&answer.headers)?);
    let claims = JwtClaims::read(answer.value.access_token().expose_secret())?;
    let issued_at = claims.iat.unwrap_or(date);
    let is_believed = (issued_at.saturating_sub(CLOCK_DIFFERENCE)..claims.exp?).contains(&date);
    let second = u64::try_from(issued_at.max(date)).ok().filter(|_| is_believed)?;
    Some(Duration::from_secs(second))
}

/// Clocks differ and services round, so a difference of a minute or a twentieth is no contradiction.
fn fits(duration: Duration, claims: JwtClaims, date: Option<SystemTime>) -> bool {
    let Some(expires_at) = claims.exp else { return true };
    let date = date.map(whole_seconds);
    [claims.iat, date].into_iter().flatten().any(|moment| {
        let left = seconds_between(moment, expires_at);
        left.abs_diff(duration) <= Duration::from_secs(60).max(left / 20)
    })
}

fn lifetime_of_claims(claims: JwtClaims, date: Option<SystemTime>, sent: Now) -> Option<Duration> {
    let expires_at = claims.exp?;
    let (date, wall) = (date.map(whole_seconds), whole_seconds(sent.wall()));
    let now = match claims.iat.filter(|issued_at| *issued_at < expires_at) {
        Some(issued_at) => {
            let within_lifetime = issued_at.saturating_sub(CLOCK_DIFFERENCE)..expires_at;
            issued_at.max(date.filter(|date| within_lifetime.contains(date)).unwrap_or(wall))
        }
        // Nothing shows which of the two clocks is right, so the one that leaves less decides. One that shows an
        // expired token is wrong if the other one does not: a service issues none.
        None => {
            [date, Some(wall)].into_iter().flatten().filter(|now| *now < expires_at).max().unwrap_or(wall)
        }
    };
    Some(seconds_between(now, expires_at))
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

/// Whole seconds since 1970, rounded down.
fn whole_seconds(moment: SystemTime) -> i64 {
    match moment.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_secs()).unwrap_or(i64::MAX),
        Err(before) => {
            let before = before.duration();
            let seconds = before.as_secs().saturating_add(u64::from(before.subsec_nanos() > 0));
            i64::try_from(seconds).map_or(i64::MIN, |seconds| -seconds)
        }
    }
}

/// The longest time on the way that counts. An answer that took longer met a process that stood still.
pub(super) const LONGEST_WAY: Duration = Duration::from_secs(2);
/// The clocks of two servers may differ by this many seconds, so a `Date` may lie that much before `iat`.
const CLOCK_DIFFERENCE: i64 = 60;

#[cfg(test)]
mod tests;
