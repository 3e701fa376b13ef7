//! [`RetryPolicy`]: whether a failed attempt is retried, and when.
//!
//! The policy only decides. The client sleeps and sends.

use std::time::Duration;

use super::CallError;
use crate::{doubling::doubled, endpoint::LONGEST_RETRY_AFTER};

/// Whether and when a failed attempt is retried.
///
/// By default a call makes at most 3 attempts of at most 30 s each, within the client's deadline. These are
/// retried:
///
/// - for every endpoint: an attempt that failed before the request was sent, except for a refused
///   certificate;
/// - for an endpoint that is [repeatable](crate::endpoint::Endpoint::is_repeatable): also 408, 425, 429,
///   every 5xx except 501 and 505, and an attempt after which the service may or may not have received the
///   request;
/// - for any other endpoint: also 429 and 503 with a `Retry-After`.
///
/// An answer that is too large or unreadable is not retried.
///
/// The back-off is a random part of a bound ("full jitter"). The bound starts at 200 ms and doubles up to ten
/// seconds. A `Retry-After` replaces it, up to an hour. The client starts no retry that would pass the
/// deadline if it took as long as the previous attempt.
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

    /// No retries: one attempt, limited by the deadline of the call only.
    #[must_use]
    pub const fn none() -> Self {
        Self { max_attempts: 1, attempt_timeout: Duration::MAX, ..Self::new() }
    }

    /// Limits the attempts of a call, the first included; zero counts as one. Default: 3.
    ///
    /// The retry budget that the clones of a client share holds ten retries, so a call makes at most eleven
    /// attempts, and two more if a connection ended before it took the request.
    #[must_use]
    pub const fn with_max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts;
        self
    }

    /// Limits the time of one attempt. Default: 30 s.
    #[must_use]
    pub const fn with_attempt_timeout(mut self, timeout: Duration) -> Self {
        self.attempt_timeout = timeout;
        self
    }

    /// Sets the bounds of the back-off: `first` before the second attempt, doubling before each further one
    /// up to `longest`. Default: 200 ms and 10 s.
    #[must_use]
    pub const fn with_waits(mut self, first: Duration, longest: Duration) -> Self {
        self.first_wait = first;
        self.longest_wait = longest;
        self
    }

    /// The back-off before the next attempt; `None` if the call fails with the error of this one.
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

    pub(super) const fn attempt_timeout(&self) -> Duration {
        self.attempt_timeout
    }
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self::new()
    }
}

/// A failed attempt: the input to the decision of a [`RetryPolicy`].
#[derive(Debug, Clone, Copy)]
pub struct FailedAttempt<'a> {
    /// The error of the attempt.
    pub error: &'a CallError,
    /// The number of attempts so far, this one included.
    pub attempts: u32,
    /// Whether a retry is safe even if the service may have received the request.
    pub repeatable: bool,
    /// The duration of the attempt.
    pub took: Duration,
    /// The rest of the call's time.
    pub left: Duration,
    /// The jitter: which part of the back-off bound to wait, from 0 to 1.
    pub jitter: f64,
}

impl FailedAttempt<'_> {
    /// Whether `left` is enough for another attempt that takes as long as this one.
    pub(super) fn could_be_repeated_within(&self, left: Duration) -> bool {
        self.took < left
    }

    /// The jittered part of `bound`. It is the whole bound if the jitter is NaN, or if a float cannot
    /// represent the part.
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
        let is_asked_to_wait = error.status().is_some_and(|status| matches!(status.as_u16(), 429 | 503));
        // A gateway may have passed the request on before it answered.
        is_asked_to_wait && !error.is_foreign() && error.retry_after().is_some()
    }
}
