//! [`BackOff`]: the time after a failure in which nobody asks.

use std::time::Duration;

use crate::{client::Error, model::ClientSecret, time::Now, token::TokenError};

/// After the first failure in a row up to a second, doubling to a minute; longer where the service says so.
#[derive(Debug)]
pub(super) struct BackOff {
    begun: Now,
    wait: Duration,
    failures: u32,
    error: TokenError,
    refused: Option<Refused>,
}

/// A client secret that the service does not take.
#[derive(Debug, Clone)]
struct Refused {
    secret: ClientSecret,
    since: Now,
    error: TokenError,
}

impl BackOff {
    /// After `error`, which came after the failure before it, if there was one; `chance` is a number from 0 to 1.
    pub(super) fn after(before: Option<&Self>, error: TokenError, chance: f64, now: Now) -> Self {
        let failures = before.map_or(0, Self::failures).saturating_add(1);
        let named = error.as_call().and_then(Error::retry_after).unwrap_or_default();
        let wait = wait_after(failures, chance).max(named.min(LONGEST_RETRY_AFTER));
        let refused = before.and_then(|before| before.refused.clone());
        Self { begun: now, wait, failures, error, refused }
    }

    /// The same, because `secret` has just been refused.
    pub(super) fn refusing(mut self, secret: ClientSecret) -> Self {
        self.refused = Some(Refused { secret, since: self.begun, error: self.error.clone() });
        self
    }

    pub(super) const fn failures(&self) -> u32 {
        self.failures
    }

    pub(super) fn is_over(&self, now: Now) -> bool {
        now.saturating_since(self.begun) >= self.wait
    }

    /// By the monotonic clock.
    pub(super) const fn ends(&self) -> Duration {
        self.begun.monotonic().saturating_add(self.wait)
    }

    /// What went wrong, with what is left to wait.
    pub(super) fn error(&self, now: Now) -> TokenError {
        let left = self.wait.saturating_sub(now.saturating_since(self.begun));
        self.error.clone().with_retry_after(left)
    }

    /// The refusal once more, without a request: `secret` is the one that was refused not long ago.
    pub(super) fn still_refuses(&self, secret: &ClientSecret, chance: f64, now: Now) -> Option<Self> {
        let refused = self.refused.as_ref()?;
        if *secret != refused.secret || now.saturating_since(refused.since) >= COOL_DOWN {
            return None;
        }
        let (error, failures) = (refused.error.clone(), self.failures.saturating_add(1));
        Some(Self {
            begun: now,
            wait: wait_after(failures, chance),
            failures,
            error,
            refused: Some(refused.clone()),
        })
    }
}

fn wait_after(failures: u32, chance: f64) -> Duration {
    let doubled = 1_u64.checked_shl(failures.saturating_sub(1)).unwrap_or(u64::MAX);
    let longest = Duration::from_secs(doubled).min(LONGEST);
    longest / 2 + (longest / 2).mul_f64(chance.clamp(0.0, 1.0))
}

const LONGEST: Duration = Duration::from_secs(60);
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(60 * 60);
const COOL_DOWN: Duration = Duration::from_secs(60);
