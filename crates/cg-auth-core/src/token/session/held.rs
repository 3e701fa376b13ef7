//! [`Held`]: the token that there is, and its age.

use std::time::Duration;

use super::{
    schedule::{Phase, Schedule},
    snapshot::Sure,
};
use crate::{time::Now, token::IssuedToken};

/// A token and how old it is. The age is settled now and then, so that a clock that was set counts once.
#[derive(Debug)]
pub(super) struct Held {
    token: IssuedToken,
    schedule: Schedule,
    /// The age at `settled`.
    age: Duration,
    settled: Now,
    is_invalidated: bool,
}

impl Held {
    /// `jitter` is a number from 0 to 1, drawn for this token.
    pub(super) fn new(token: IssuedToken, now: Now, jitter: f64) -> Self {
        let expiry = token.expiry();
        let schedule = expiry.lifetime().map_or(Schedule::NEVER, |lifetime| Schedule::new(lifetime, jitter));
        let settled = expiry.sent().unwrap_or(now);
        let mut held = Self { token, schedule, age: Duration::ZERO, settled, is_invalidated: false };
        held.settle(now);
        held
    }

    pub(super) const fn token(&self) -> &IssuedToken {
        &self.token
    }

    pub(super) const fn is_invalidated(&self) -> bool {
        self.is_invalidated
    }

    pub(super) const fn invalidate(&mut self) {
        self.is_invalidated = true;
    }

    /// Whether `token` is this one, and nobody has reported it yet.
    pub(super) fn is_valid_issue(&self, token: &IssuedToken) -> bool {
        !self.is_invalidated && self.token.is_same_issue(token)
    }

    /// The token and its phase, unless it must not be served.
    pub(super) fn served(&self, now: Now) -> Option<(Phase, IssuedToken)> {
        let phase = self.phase(now);
        (!self.is_invalidated && phase < Phase::Expired).then(|| (phase, self.token.clone()))
    }

    pub(super) fn phase(&self, now: Now) -> Phase {
        self.schedule.phase(self.age_at(now))
    }

    /// Moves the moment that the age counts from. What has passed by any clock has passed for good, and a clock
    /// that was set back does not make the token younger.
    pub(super) fn settle(&mut self, now: Now) {
        self.age = self.age_at(now);
        self.settled = now;
    }

    pub(super) const fn settled(&self) -> Now {
        self.settled
    }

    /// The token is served until its next phase, or longer while an attempt runs (then an early one is served on)
    /// or its failure is backed off from (then any is). A suspension that is too short to be noticed never adds
    /// up to a token that has expired, and one that a wall clock hides is looked for once a minute.
    pub(super) fn sure(&self, is_acquiring: bool, back_off_ends: Option<Duration>) -> Sure {
        let Schedule { early, margin, expired } = self.schedule;
        let drift_limit = (expired - margin).min(DRIFT_LIMIT);
        let at = |age: Duration| self.settled.monotonic().saturating_add(age.saturating_sub(self.age));
        let until = match back_off_ends {
            _ if is_acquiring => at(margin),
            Some(end) => at(expired - drift_limit).min(end),
            None => at(early),
        };
        let until = until.min(self.settled.monotonic().saturating_add(CLOSER_LOOK));
        let nanos = |duration: Duration| u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        match self.schedule {
            Schedule::NEVER => Sure { until: u64::MAX, drift_limit: u64::MAX },
            _ => Sure { until: nanos(until), drift_limit: nanos(drift_limit) },
        }
    }

    fn age_at(&self, now: Now) -> Duration {
        self.age.saturating_add(now.longest_since(self.settled))
    }
}

/// How long a token is served by two clocks alone.
const CLOSER_LOOK: Duration = Duration::from_secs(60);

/// More than a time service slews a clock by between two looks.
const DRIFT_LIMIT: Duration = Duration::from_secs(1);
