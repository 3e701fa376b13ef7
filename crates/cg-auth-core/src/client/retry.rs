//! [`RetryPolicy`]: whether a failed attempt is followed by another, and when. Pure decisions.

use std::time::Duration;

use super::CallError;
use crate::{back_off::doubled, endpoint::LONGEST_RETRY_AFTER};

/// When a call is tried again.
///
/// By default at most 3 attempts of at most 30 s each, within the client's deadline. Tried again are:
///
/// - for every endpoint, an attempt that failed before the request left, a refused certificate excepted;
/// - for an endpoint that [may be repeated](crate::endpoint::Endpoint::is_repeatable), also 408, 425, 429,
///   every 5xx but 501 and 505, and an attempt after which nobody knows whether the request arrived;
/// - for one that may not, also 429 and 503 where the service says when to come back.
///
/// An answer that is too large or cannot be read is never asked for again. The wait grows from 200 ms,
/// doubling up to 10 s, and any part of it is drawn at random ("full jitter"); a `Retry-After` is kept to
/// instead, up to an hour. No attempt is begun that would not end before the deadline if it took as long as
/// the one before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetryPolicy {
    max_attempts: u32,
    attempt_timeout: Duration,
    first_wait: Duration,
    longest_wait: Duration,
}

impl RetryPolicy {
    /// The default policy.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            max_attempts: 3,
            attempt_timeout: Duration::from_secs(30),
            first_wait: Duration::from_millis(200),
            longest_wait: Duration::from_secs(10),
        }
    }

    /// One attempt, which may take as long as the call.
    #[must_use]
    pub const fn none() -> Self {
        Self { max_attempts: 1, attempt_timeout: Duration::MAX, ..Self::new() }
    }

    /// At most `attempts` in all; zero counts as one. Default: 3. The budget that the clones of a client share
    /// holds ten retries, so no call has more than eleven.
    #[must_use]
    pub const fn with_max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts;
        self
    }

    /// What one attempt may take of the call's time. Default: 30 s.
    #[must_use]
    pub const fn with_attempt_timeout(mut self, timeout: Duration) -> Self {
        self.attempt_timeout = timeout;
        self
    }

    /// The bounds of the random wait: at most `first` before the second attempt, doubling for each further
    /// one up to `longest`. Default: 200 ms and 10 s.
    #[must_use]
    pub const fn with_waits(mut self, first: Duration, longest: Duration) -> Self {
        self.first_wait = first;
        self.longest_wait = longest;
        self
    }

    pub(super) const fn attempt_timeout(&self) -> Duration {
        self.attempt_timeout
    }

    /// How long to wait before the next attempt; `None` to give up with its error.
    #[must_use]
    pub fn wait_after(&self, attempt: &FailedAttempt<'_>) -> Option<Duration> {
        if attempt.attempts >= self.max_attempts || !attempt.is_worth_another() {
            return None;
        }
        let wait = match attempt.error.retry_after() {
            Some(named) => named.min(LONGEST_RETRY_AFTER),
            None => attempt.part_of(doubled(self.first_wait, attempt.attempts, self.longest_wait)),
        };
        let left = attempt.left.checked_sub(wait)?;
        attempt.could_be_repeated_within(left).then_some(wait)
    }
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self::new()
    }
}

/// An attempt that failed, as the policy sees it.
#[derive(Debug, Clone, Copy)]
pub struct FailedAttempt<'a> {
    /// What it failed with.
    pub error: &'a CallError,
    /// How many attempts there were, this one among them.
    pub attempts: u32,
    /// Whether the endpoint may be called again although the request may have arrived.
    pub repeatable: bool,
    /// How long the attempt took.
    pub took: Duration,
    /// What is left of the call's time.
    pub left: Duration,
    /// Which part of the wait to take, drawn between 0 and 1.
    pub jitter: f64,
}

impl FailedAttempt<'_> {
    /// Whether there is time for another that takes as long.
    pub(super) fn could_be_repeated_within(&self, left: Duration) -> bool {
        self.took < left
    }

    /// The whole bound for a jitter that is no number, and where a float has not the digits for a part.
    fn part_of(&self, bound: Duration) -> Duration {
        let seconds = bound.as_secs_f64() * self.jitter.clamp(0.0, 1.0);
        Duration::try_from_secs_f64(seconds).map_or(bound, |part| part.min(bound))
    }

    fn is_worth_another(&self) -> bool {
        let error = self.error;
        if !error.is_retryable() {
            return false;
        }
        if self.repeatable || !error.may_have_been_sent() {
            return true;
        }
        let turned_away = error.status().is_some_and(|status| matches!(status.as_u16(), 429 | 503));
        turned_away && error.retry_after().is_some()
    }
}
