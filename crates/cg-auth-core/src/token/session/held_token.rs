//! [`HeldToken`]: the current token and its age.

use std::time::Duration;

use super::{
    schedule::{Phase, Schedule},
    service_clock::ServiceClock,
    snapshot::Validity,
};
use crate::{
    time::Now,
    token::{
        ExpirySource, IssuedToken, JwtClaims,
        expiry::{DRIFT, LONGEST_WAY},
        fleet::TokenAge,
    },
};

/// The current token. Its age is the sum of the times between observations of the clocks, so a clock that is
/// set back does not make the token younger.
#[derive(Debug)]
pub(super) struct HeldToken {
    pub(super) token: IssuedToken,
    schedule: Schedule,
    /// The age at `observed_at`.
    age: Duration,
    pub(super) observed_at: Now,
    pub(super) is_invalidated: bool,
    /// Whether the service, or the store, has handed it out again although a newer one was asked for.
    pub(super) is_handed_out_again: bool,
    /// How long after its end here the service may still count it as valid.
    last_moments: Duration,
}

impl HeldToken {
    /// `jitter` is between 0 and 1, drawn for this token.
    pub(super) fn new(token: IssuedToken, now: Now, jitter: f64) -> Self {
        let expiry = token.expiry();
        let schedule = expiry
            .lifetime()
            .map_or(Schedule::NEVER, |lifetime| Schedule::new(lifetime, expiry.unseen_age(), jitter));
        let observed_at = expiry.sent().unwrap_or(now);
        let age = expiry.age_when_sent();
        let left = expiry.lifetime().unwrap_or_default().saturating_sub(age);
        let mut held = Self {
            schedule,
            age,
            observed_at,
            is_invalidated: false,
            is_handed_out_again: false,
            last_moments: last_moments(&token, left, now),
            token,
        };
        held.observe(now);
        held
    }

    /// After `before`, which it replaces. A service that handed out `before` again may do the same with this one, unless
    /// it has issued this one while `before` was valid.
    pub(super) fn after(mut self, before: Option<&Self>, now: Now) -> Self {
        self.is_handed_out_again = before.is_some_and(|before| {
            let is_same = before.token.expose_secret() == self.token.expose_secret();
            is_same || (before.is_handed_out_again && before.phase(now) == Phase::Expired)
        });
        self
    }

    /// Adds the time that has passed by any clock to the age. Threads read the clocks before they take the lock
    /// of the session, so a reading may be older than the last one. It shows nothing new.
    pub(super) fn observe(&mut self, now: Now) {
        if now.monotonic() < self.observed_at.monotonic() {
            return;
        }
        self.age = self.age_at(now);
        self.observed_at = now;
    }

    pub(super) fn phase(&self, now: Now) -> Phase {
        self.schedule.phase(self.age_at(now))
    }

    /// The token and its phase, unless it has expired or was invalidated.
    pub(super) fn served(&self, now: Now) -> Option<(Phase, IssuedToken)> {
        let phase = self.phase(now);
        (!self.is_invalidated && phase < Phase::Expired).then(|| (phase, self.token.clone()))
    }

    /// How far the token is from its phases, for a fleet. One of unknown lifetime is far from all of them.
    pub(super) fn token_age(&self, now: Now) -> TokenAge {
        let age = self.age_at(now);
        let Schedule { early, margin, expired } = self.schedule;
        let until = |end: Duration| end.saturating_sub(age);
        let window = margin.saturating_sub(early);
        let last_half = if window > SHORT_WINDOW { margin - window / 2 } else { early };
        TokenAge { left: until(expired), before_margin: until(margin), before_last_half: until(last_half) }
    }

    /// How long to wait until a service that caches its tokens issues the next one, if it has handed this one out
    /// again: it does until the end by its own `clock`.
    pub(super) fn until_replaced(&self, clock: &ServiceClock, now: Now) -> Duration {
        if self.is_invalidated || !self.is_handed_out_again || self.phase(now) < Phase::Expired {
            return Duration::ZERO;
        }
        let longest =
            self.schedule.expired.saturating_add(self.last_moments).saturating_sub(self.age_at(now));
        let end = JwtClaims::read(self.token.expose_secret()).and_then(JwtClaims::end);
        let certain = end.and_then(|end| clock.until(end, now));
        certain.map_or(longest, |certain| certain.min(longest))
    }

    /// How long the token can be served without another decision: until its next phase. During an acquisition
    /// an early token is served until its margin, and during a back-off any token is served until it expires.
    ///
    /// A drift below the limit goes unnoticed and must not hide the expiry. So during a back-off the validity
    /// ends before the expiry by that limit.
    pub(super) fn validity(&self, is_acquiring: bool, back_off_ends: Option<Duration>) -> Validity {
        let Schedule { early, margin, expired } = self.schedule;
        if self.schedule == Schedule::NEVER {
            return Validity { until: u64::MAX, drift_limit: u64::MAX };
        }
        let drift_limit = (expired - margin).min(DRIFT_LIMIT);
        let observed_at = self.observed_at.monotonic();
        let at = |age: Duration| observed_at.saturating_add(age.saturating_sub(self.age));
        let until = match back_off_ends {
            _ if is_acquiring => at(margin),
            Some(end) => at(expired - drift_limit).min(end),
            None => at(early),
        };
        let nanos = |duration: Duration| u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        let until = until.min(observed_at.saturating_add(LONGEST_VALIDITY));
        Validity { until: nanos(until), drift_limit: nanos(drift_limit) }
    }

    /// Whether `token` is the current token and has not been invalidated.
    pub(super) fn is_valid_issue(&self, token: &IssuedToken) -> bool {
        !self.is_invalidated && self.token.is_same_issue(token)
    }

    fn age_at(&self, now: Now) -> Duration {
        self.age.saturating_add(now.longest_since(self.observed_at))
    }
}

/// How long after its end here the service may still count the token as valid: the part of a second that its claims do
/// not show, the time that the answer took until `now`, and what a slow clock of the service adds. A store does not tell how long the first holder has waited.
fn last_moments(token: &IssuedToken, left: Duration, now: Now) -> Duration {
    let expiry = token.expiry();
    let on_the_way = expiry.sent().map_or(Duration::ZERO, |sent| now.saturating_since(sent).min(LONGEST_WAY));
    match expiry.source() {
        ExpirySource::JwtClaims => expiry.unseen_age() + on_the_way + left / DRIFT,
        ExpirySource::Store => unseen_by_holder(token, left) + on_the_way + left / DRIFT,
        _ => Duration::ZERO,
    }
}

/// How long before its end, at most, the process that acquired a token of a store stops serving it. A store that tells of
/// `left` does not tell how long that process waited for its answer, so a usual wait is allowed for.
fn unseen_by_holder(token: &IssuedToken, left: Duration) -> Duration {
    let claims = JwtClaims::read(token.expose_secret());
    let life = claims.and_then(|claims| claims.end()?.checked_sub(claims.beginning()?));
    let unseen = life.zip(token.expiry().lifetime()).map(|(life, served)| life.saturating_sub(served));
    unseen.map_or(SECOND, |unseen| unseen.min(SECOND)) + (left / 9).min(USUAL_WAY)
}

/// How long a token is served by two clocks alone. The page on
/// [clocks](crate::docs::explanation::clocks#why-a-hit-is-cheap) gives the reason.
const LONGEST_VALIDITY: Duration = Duration::from_secs(60);

const SECOND: Duration = Duration::from_secs(1);
/// The longest wait for most answers.
const USUAL_WAY: Duration = Duration::from_millis(500);

/// An early window that is no longer is not halved.
const SHORT_WINDOW: Duration = Duration::from_secs(10);

/// Between two observations a time service slews a clock by less than this.
const DRIFT_LIMIT: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;
    use crate::{model::AccessToken, token::Expiry};

    #[test]
    fn a_reading_that_is_older_than_the_last_one_adds_no_age() {
        let at = |seconds| {
            let passed = Duration::from_secs(seconds);
            Now::new(passed, UNIX_EPOCH + passed).with_boot(passed)
        };
        let expiry = Expiry::until(UNIX_EPOCH + Duration::from_secs(100), at(0));
        let token = IssuedToken::new(&AccessToken::new("eyJ").unwrap(), expiry);
        let mut held = HeldToken::new(token, at(0), 0.0);
        for _ in 0..100 {
            held.observe(at(50));
            held.observe(at(40));
        }
        assert_eq!(held.age_at(at(50)), Duration::from_secs(50));
        assert!(held.served(at(99)).is_some() && held.served(at(100)).is_none());
    }
}
