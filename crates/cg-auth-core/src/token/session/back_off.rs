//! [`BackOff`]: the pause after a failure, during which no request is sent.

use std::time::Duration;

use crate::{
    back_off::doubled, client::CallError, endpoint::LONGEST_RETRY_AFTER, model::ClientSecret, time::Now,
    token::TokenError,
};

/// The failures in a row and the pause after the last one: at most 1 s, doubling to 60 s with each failure,
/// or longer if the service asks for it.
///
/// A refused secret is in its cool-down for 60 s. It is read again after 1 s to 2 s, and a request is sent
/// only if it has changed or the cool-down is over.
#[derive(Debug, Default)]
pub(super) struct BackOff {
    pub(super) failures: u32,
    pause: Option<Pause>,
    refused: Option<Refused>,
}

#[derive(Debug)]
struct Pause {
    begun: Now,
    wait: Duration,
    error: TokenError,
}

/// A client secret that the service refused.
#[derive(Debug)]
struct Refused {
    secret: ClientSecret,
    since: Now,
    error: TokenError,
}

impl BackOff {
    /// Begins the pause after another failure. `refused` is the secret if the service refused it. Returns
    /// `error` with the length of the pause. `jitter` is between 0 and 1.
    pub(super) fn failed(
        &mut self,
        error: TokenError,
        refused: Option<ClientSecret>,
        jitter: f64,
        now: Now,
    ) -> TokenError {
        self.failures = self.failures.saturating_add(1);
        let named = error.as_call().and_then(CallError::retry_after).unwrap_or_default();
        let is_refused_again =
            self.refused.as_ref().is_some_and(|before| Some(&before.secret) == refused.as_ref());
        let longest = if is_refused_again { LONGEST_READ_PAUSE } else { pause_after(self.failures) };
        if let Some(secret) = refused {
            self.refused = Some(Refused { secret, since: now, error: error.clone() });
        }
        self.begin(error, with_jitter(longest, jitter).max(named.min(LONGEST_RETRY_AFTER)), now)
    }

    /// Begins another pause if `secret` is in its cool-down, and returns the error of its refusal.
    pub(super) fn refuse_again(
        &mut self,
        secret: &ClientSecret,
        jitter: f64,
        now: Now,
    ) -> Option<TokenError> {
        let refused = self.refused.as_ref().filter(|refused| refused.secret == *secret)?;
        if now.saturating_since(refused.since) >= COOL_DOWN {
            return None;
        }
        let error = refused.error.clone();
        Some(self.begin(error, with_jitter(LONGEST_READ_PAUSE, jitter), now))
    }

    /// The last failure with the rest of its pause; `None` once the pause is over.
    pub(super) fn error(&self, now: Now) -> Option<TokenError> {
        let Pause { begun, wait, error } = self.pause.as_ref()?;
        let left = wait.saturating_sub(now.saturating_since(*begun));
        (!left.is_zero()).then(|| error.clone().with_retry_after(left))
    }

    /// The end of the last pause by the monotonic clock.
    pub(super) fn ends(&self) -> Option<Duration> {
        self.pause.as_ref().map(|pause| pause.begun.monotonic().saturating_add(pause.wait))
    }

    fn begin(&mut self, error: TokenError, wait: Duration, now: Now) -> TokenError {
        self.pause = Some(Pause { begun: now, wait, error: error.clone() });
        error.with_retry_after(wait)
    }
}

/// The longest pause after `in_a_row` failures or reports: 1 s, doubling to 60 s.
pub(super) const fn pause_after(in_a_row: u32) -> Duration {
    doubled(Duration::from_secs(1), in_a_row, Duration::from_secs(60))
}

fn with_jitter(longest: Duration, jitter: f64) -> Duration {
    longest / 2 + (longest / 2).mul_f64(jitter.clamp(0.0, 1.0))
}

/// The longest pause before a refused secret is read again.
const LONGEST_READ_PAUSE: Duration = Duration::from_secs(2);
const COOL_DOWN: Duration = Duration::from_secs(60);
