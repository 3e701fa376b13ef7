//! [`BackOff`]: the time after a failure in which nobody asks.

use std::time::Duration;

use crate::{client::CallError, model::ClientSecret, time::Now, token::TokenError};

/// After the first failure in a row up to a second, doubling to a minute; longer where the service says so. After a
/// secret was refused once more it is a second or two: the secret is read then, and sent if it is another one.
#[derive(Debug)]
pub(super) struct BackOff {
    begun: Now,
    wait: Duration,
    /// By the service.
    named: Duration,
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
        let named = error.as_call().and_then(CallError::retry_after).unwrap_or_default();
        let named = named.min(LONGEST_RETRY_AFTER);
        let wait = wait_after(failures, chance).max(named);
        let refused = before.and_then(|before| before.refused.clone());
        Self { begun: now, wait, named, failures, error, refused }
    }

    /// The same, because `secret` has just been refused.
    pub(super) fn refusing(mut self, secret: ClientSecret, chance: f64) -> Self {
        if self.refused.as_ref().is_some_and(|refused| refused.secret == secret) {
            self.wait = until_another_look(chance).max(self.named);
        }
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

    /// The refusal once more, without a request and without another failure: `secret` is the one that was refused
    /// not long ago.
    pub(super) fn still_refuses(&self, secret: &ClientSecret, chance: f64, now: Now) -> Option<Self> {
        let refused = self.refused.as_ref()?;
        if *secret != refused.secret || now.saturating_since(refused.since) >= COOL_DOWN {
            return None;
        }
        Some(Self {
            begun: now,
            wait: until_another_look(chance),
            named: Duration::ZERO,
            failures: self.failures,
            error: refused.error.clone(),
            refused: Some(refused.clone()),
        })
    }
}

fn wait_after(failures: u32, chance: f64) -> Duration {
    let doubled = 1_u64.checked_shl(failures.saturating_sub(1)).unwrap_or(u64::MAX);
    let longest = Duration::from_secs(doubled).min(LONGEST);
    longest / 2 + (longest / 2).mul_f64(chance.clamp(0.0, 1.0))
}

/// At a secret, which may have been replaced.
fn until_another_look(chance: f64) -> Duration {
    SHORTEST_LOOK + SHORTEST_LOOK.mul_f64(chance.clamp(0.0, 1.0))
}

const SHORTEST_LOOK: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(60);
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(60 * 60);
const COOL_DOWN: Duration = Duration::from_secs(60);
