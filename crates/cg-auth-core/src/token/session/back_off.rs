//! [`BackOff`]: the pause after a failure, during which no request is sent.

use std::time::Duration;

use crate::{
    client::CallError, doubling::doubled, endpoint::LONGEST_RETRY_AFTER, model::ClientSecret, time::Now,
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
    /// Whether it lasts only while a token is valid.
    only_with_token: bool,
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
        let named = error.as_call().and_then(CallError::retry_after);
        let is_refused_again =
            self.refused.as_ref().is_some_and(|before| Some(&before.secret) == refused.as_ref());
        let wait = match is_refused_again {
            true => with_jitter(LONGEST_READ_PAUSE, jitter).max(at_most_an_hour(named)),
            false => pause(self.failures, named, jitter),
        };
        if let Some(secret) = refused {
            self.refused = Some(Refused { secret, since: now, error: error.clone() });
        }
        self.begin(error, wait, now)
    }

    /// Begins the pause after a refresh for which it was too early. It lasts only while a token is valid, and
    /// the length is in the error that this returns.
    pub(super) fn postponed(&mut self, error: TokenError, jitter: f64, now: Now) -> TokenError {
        let error = self.failed(error, None, jitter, now);
        self.pause.iter_mut().for_each(|pause| pause.only_with_token = true);
        error
    }

    /// Begins a pause that is no failure of this user. One of refreshes lasts only while a token is valid.
    /// Returns `error` with its length.
    pub(super) fn put_off(
        &mut self,
        error: TokenError,
        longest: Duration,
        is_of_refresh: bool,
        jitter: f64,
        now: Now,
    ) -> TokenError {
        self.wait(error, with_jitter(longest, jitter), is_of_refresh, now)
    }

    /// Begins a pause of that length which is no failure of this user. With `only_with_token` it lasts only while a
    /// token is valid.
    pub(super) fn wait(
        &mut self,
        error: TokenError,
        wait: Duration,
        only_with_token: bool,
        now: Now,
    ) -> TokenError {
        let error = self.begin(error, wait, now);
        self.pause.iter_mut().for_each(|pause| pause.only_with_token = only_with_token);
        error
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
        Some(self.put_off(error, LONGEST_READ_PAUSE, false, jitter, now))
    }

    /// The failure with the rest of its pause, while that lasts. `has_token` says whether a token is valid.
    pub(super) fn error(&self, has_token: bool, now: Now) -> Option<TokenError> {
        let Pause { begun, wait, error, only_with_token } = self.pause.as_ref()?;
        if *only_with_token && !has_token {
            return None;
        }
        let left = wait.saturating_sub(now.saturating_since(*begun));
        (!left.is_zero()).then(|| error.clone().with_retry_after(left))
    }

    /// The errors that it holds.
    pub(super) fn errors(&self) -> [Option<TokenError>; 2] {
        let of_pause = self.pause.as_ref().map(|pause| pause.error.clone());
        [of_pause, self.refused.as_ref().map(|refused| refused.error.clone())]
    }

    /// The end of the last pause by the monotonic clock.
    pub(super) fn ends(&self) -> Option<Duration> {
        self.pause.as_ref().map(|pause| pause.begun.monotonic().saturating_add(pause.wait))
    }

    fn begin(&mut self, error: TokenError, wait: Duration, now: Now) -> TokenError {
        self.pause = Some(Pause { begun: now, wait, error: error.clone(), only_with_token: false });
        error.with_retry_after(wait)
    }
}

/// The pause after so many failures in a row, or the one that the service names, if that is longer.
pub(in crate::token) fn pause(failures: u32, named: Option<Duration>, jitter: f64) -> Duration {
    with_jitter(pause_after(failures), jitter).max(at_most_an_hour(named))
}

fn at_most_an_hour(named: Option<Duration>) -> Duration {
    named.unwrap_or_default().min(LONGEST_RETRY_AFTER)
}

/// The longest pause after so many failures or reports in a row: 1 s, doubling to 60 s.
pub(super) const fn pause_after(in_a_row: u32) -> Duration {
    doubled(Duration::from_secs(1), in_a_row, Duration::from_secs(60))
}

fn with_jitter(longest: Duration, jitter: f64) -> Duration {
    longest / 2 + (longest / 2).mul_f64(jitter.clamp(0.0, 1.0))
}

/// Before a refused secret is read again.
pub(in crate::token) const LONGEST_READ_PAUSE: Duration = Duration::from_secs(2);
pub(in crate::token) const COOL_DOWN: Duration = Duration::from_secs(60);
