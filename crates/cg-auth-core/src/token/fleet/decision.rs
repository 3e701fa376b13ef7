//! [`decide`]: what a process does after it has asked the store.

use std::time::Duration;

use super::health::STORE_PAUSE;
use crate::{
    client::CallError,
    doubling::doubled,
    recovery::Recovery,
    token::{
        TokenError,
        store::{Claimed, CoolDown, Lease, SharedFailure, StoreError, StoredToken},
    },
};

/// What a session knows when it asks the store.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::token) struct Standing {
    /// `None` if no token is valid.
    pub(in crate::token) token: Option<TokenAge>,
    /// Whether the process cannot acquire now, because it backs off or has no secret. It only looks for a token.
    pub(in crate::token) stays_out: bool,
    /// Whether its last own acquisition has failed.
    pub(in crate::token) has_failed: bool,
    /// For how long the acquisition has been asking the store.
    pub(in crate::token) waited: Duration,
}

/// How far a valid token is from its phases. A token of unknown lifetime is far from all of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::token) struct TokenAge {
    /// Until it expires.
    pub(in crate::token) left: Duration,
    /// Until callers would wait for the next token.
    pub(in crate::token) before_margin: Duration,
    /// Until the last half of the early window, in which a process acquires by itself if the store is down.
    pub(in crate::token) before_last_half: Duration,
}

/// What the process does next.
#[derive(Debug)]
pub(in crate::token) enum Decision {
    Adopt(StoredToken),
    /// Acquire, as the holder of the lease.
    Acquire(Lease),
    /// Acquire without a lease: the store has failed, or other processes fail one after the other.
    AcquireAlone(Option<StoreError>),
    /// Serve the valid token, and ask again after that time.
    ServeOn(Duration, Pause),
    /// There is no valid token: ask again after that time.
    AskAgain(Duration, Pause),
    /// There is no valid token, and the fleet is in a cool-down: fail.
    Fail(CoolDown),
    /// There is nothing to adopt, and the process cannot acquire.
    StayOut,
}

/// Why a process does not acquire.
#[derive(Debug, Clone)]
pub(in crate::token) enum Pause {
    HeldElsewhere,
    CoolingDown(SharedFailure),
    NothingNewer,
    Unavailable(StoreError),
}

/// The next step after the store has answered. `jitter` is between 0 and 1.
pub(in crate::token) fn decide(
    claimed: Result<Claimed, StoreError>,
    standing: Standing,
    jitter: f64,
) -> Decision {
    let Standing { token, stays_out, has_failed, waited } = standing;
    match (claimed, token) {
        (Ok(Claimed::Token(token)), _) => Decision::Adopt(token),
        (Ok(Claimed::Won(lease)), _) => Decision::Acquire(lease),
        (Ok(Claimed::Held(left)), token) => {
            let left = left.min(LONGEST_BELIEVED);
            match token {
                Some(age) => Decision::ServeOn(look_again(age, jitter), Pause::HeldElsewhere),
                None => {
                    let wait = POLL.mul_f64(0.5 + jitter).min(left).max(SHORTEST_POLL);
                    Decision::AskAgain(wait, Pause::HeldElsewhere)
                }
            }
        }
        (Ok(Claimed::CoolingDown(cool_down)), token) => {
            let left = cool_down.left.min(LONGEST_BELIEVED);
            match token {
                Some(_) => {
                    let wait = left + POLL.mul_f64(jitter);
                    Decision::ServeOn(wait, Pause::CoolingDown(cool_down.failure))
                }
                // The other process cannot reach the service, and this one may be able to.
                None if !has_failed && !cool_down.failure.is_of_service() => match waited < LONGEST_COOL_DOWN
                {
                    true => {
                        let wait = left + POLL.mul_f64(jitter);
                        Decision::AskAgain(wait, Pause::CoolingDown(cool_down.failure))
                    }
                    false if !stays_out => Decision::AcquireAlone(None),
                    false => Decision::Fail(CoolDown { left, ..cool_down }),
                },
                None => Decision::Fail(CoolDown { left, ..cool_down }),
            }
        }
        (Ok(Claimed::NothingNewer), Some(age)) => Decision::ServeOn(age.left, Pause::NothingNewer),
        (Ok(Claimed::NothingNewer), None) => {
            Decision::AskAgain(POLL.mul_f64(0.5 + jitter), Pause::NothingNewer)
        }
        (Ok(Claimed::Free), _) => Decision::StayOut,
        (Err(_), _) if stays_out => Decision::StayOut,
        (Err(error), Some(age)) if !age.before_last_half.is_zero() => {
            let wait = age.before_last_half.min(STORE_PAUSE.mul_f64(1.0 + jitter / 10.0));
            Decision::ServeOn(wait, Pause::Unavailable(error))
        }
        (Err(error), _) => Decision::AcquireAlone(Some(error)),
    }
}

/// A quarter of the time before the margin, so that a process asks a few times before its callers would wait.
fn look_again(age: TokenAge, jitter: f64) -> Duration {
    let quarter = age.before_margin / 4;
    quarter.mul_f64(0.75 + jitter / 2.0).clamp(SHORTEST_LOOK, LONGEST_LOOK)
}

/// The cool-down of the fleet after an acquisition has failed. `failures` is the count before it.
pub(in crate::token) fn cool_down_after(error: &TokenError, failures: u32) -> CoolDown {
    let call = error.as_call();
    let status = call.and_then(CallError::status).map(|status| status.as_u16());
    let kind = call.map_or(error.kind().as_str(), |call| call.kind().as_str());
    let failure = SharedFailure::new(kind, error.recovery(), status);
    if !failure.is_of_service() {
        return CoolDown { left: SHORTEST_COOL_DOWN, failures, failure };
    }
    let failures = failures.saturating_add(1);
    let named = call.and_then(CallError::retry_after).filter(|named| *named <= LONGEST_BELIEVED);
    let left = match error.recovery() {
        Recovery::ReplaceCredential => LONGEST_BELIEVED,
        _ => doubled(SHORTEST_COOL_DOWN, failures, LONGEST_COOL_DOWN).max(named.unwrap_or_default()),
    };
    CoolDown { left, failures, failure }
}

/// The longest time for which a process honours a lease or a cool-down.
pub(in crate::token) const LONGEST_BELIEVED: Duration = Duration::from_secs(60);
/// How often a process without a token asks while another one acquires.
const POLL: Duration = Duration::from_millis(250);
/// Keeps a process from asking without a pause while a lease is about to end.
const SHORTEST_POLL: Duration = Duration::from_millis(10);
const SHORTEST_LOOK: Duration = Duration::from_millis(100);
const LONGEST_LOOK: Duration = Duration::from_secs(10);
const SHORTEST_COOL_DOWN: Duration = Duration::from_secs(1);
const LONGEST_COOL_DOWN: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests;
