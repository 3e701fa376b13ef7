//! [`Health`]: whether the service answers calls with one grant.

use std::time::Duration;

use crate::{
    client::CallError,
    time::Now,
    token::{TokenError, session::back_off::pause},
};

/// What the calls of a pool's users with one grant have shown.
#[derive(Default)]
pub(super) struct Health {
    failed: Failures,
    outage: Option<Outage>,
}

struct Outage {
    error: TokenError,
    failures: u32,
    begun: Now,
    wait: Duration,
    /// The number of the probe under way and its start.
    probe: Option<(u64, Now)>,
}

/// The users that failed in a row, as far as they need to be counted.
#[derive(Default)]
pub(super) struct Failures(Vec<usize>);

impl Health {
    /// The number of the probe if the call is one. Otherwise the error to fail with, and the pause after which
    /// to come back at the latest.
    pub(super) fn admit(
        &mut self,
        last_probe: &mut u64,
        limit: Duration,
        now: Now,
    ) -> Result<Option<u64>, (TokenError, Duration)> {
        let Some(outage) = &mut self.outage else { return Ok(None) };
        let left = outage.wait.saturating_sub(now.saturating_since(outage.begun));
        let is_probed = outage.probe.is_some_and(|(_, since)| now.saturating_since(since) < limit);
        if !left.is_zero() || is_probed {
            return Err((outage.error.clone(), left.max(PROBE_PAUSE)));
        }
        *last_probe += 1;
        outage.probe = Some((*last_probe, now));
        Ok(Some(*last_probe))
    }

    /// Counts a failure. Returns the error that is no longer needed, to be dropped outside of the lock.
    pub(super) fn fail(
        &mut self,
        user: usize,
        error: &TokenError,
        named: Option<Duration>,
        probe: Option<u64>,
        jitter: f64,
        now: Now,
    ) -> Option<TokenError> {
        let failures = match &self.outage {
            Some(Outage { probe: Some((number, _)), failures, .. }) if probe == Some(*number) => {
                failures.saturating_add(1)
            }
            // A call that was under way when the outage began says nothing new.
            Some(_) => return None,
            None if self.failed.add(user) < USERS_IN_A_ROW => return None,
            None => 1,
        };
        let wait = pause(failures, named.map(|named| named.min(LONGEST_PAUSE)), jitter);
        let outage = Outage { error: error.clone(), failures, begun: now, wait, probe: None };
        self.outage.replace(outage).map(|outage| outage.error)
    }

    /// Ends the outage, because the service has answered. Returns its error, to be dropped outside of the lock.
    pub(super) fn recover(&mut self) -> Option<TokenError> {
        self.failed = Failures::default();
        self.outage.take().map(|outage| outage.error)
    }

    /// Ends an outage in which the service was not reached, because it was reached with another grant.
    pub(super) fn reached(&mut self) -> Option<TokenError> {
        let is_unreached = |outage: &Outage| outage.error.as_call().and_then(CallError::status).is_none();
        if self.outage.as_ref().is_some_and(is_unreached) { self.recover() } else { None }
    }

    /// The probe has ended. The next user may probe.
    pub(super) fn give_back(&mut self, number: u64) {
        if let Some(outage) = &mut self.outage {
            outage.probe.take_if(|(current, _)| *current == number);
        }
    }

    pub(super) const fn is_down(&self) -> bool {
        self.outage.is_some()
    }
}

impl Failures {
    /// Adds `user`; returns how many users there are.
    pub(super) fn add(&mut self, user: usize) -> usize {
        if self.0.len() < USERS_IN_A_ROW && !self.0.contains(&user) {
            self.0.push(user);
        }
        self.0.len()
    }
}

/// How many users have to fail in a row, so that it is no matter of one user.
pub(super) const USERS_IN_A_ROW: usize = 3;
/// The longest pause of a user who may not probe the service now.
const PROBE_PAUSE: Duration = Duration::from_secs(1);
/// Even if one answer names a longer one, because it may concern one user only.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
