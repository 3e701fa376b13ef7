//! [`SharedBackOff`]: what the users of a pool learn from each other about the secret and the service.

use std::{sync::Arc, time::Duration};

use super::{
    TokenError,
    session::back_off::{COOL_DOWN, LONGEST_READ_PAUSE, pause},
    sync::{Mutex, lock},
};
use crate::{client::CallError, model::ClientSecret, recovery::Recovery, time::Now};

/// The refusal of a shared secret and the outage of a service, remembered once for all users of a pool.
///
/// **Secret.** A secret that the service refused is sent again by one user a minute, or at once if a user gets
/// a token with it. If it has been accepted before, three users in a row have to be refused: one user alone
/// may be refused for a reason of its own.
///
/// **Service.** Once calls of three users in a row have failed, the service counts as down. From then on one
/// user at a time probes it, after pauses that double from 1 s to 60 s, until it answers.
#[derive(Default)]
pub(super) struct SharedBackOff {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    accepted: Option<ClientSecret>,
    refusal: Option<Refusal>,
    failed: Failures,
    outage: Option<Outage>,
    last_probe: u64,
}

struct Refusal {
    secret: ClientSecret,
    users: Failures,
    error: TokenError,
    /// The moment of the last request with the secret, once it counts as refused.
    since: Option<Now>,
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
struct Failures(Vec<usize>);

/// What an acquisition may do.
pub(super) enum Admission {
    Go(Option<Probe>),
    /// Fail with this error, and come back after at most so long.
    PutOff(TokenError, Duration),
}

/// The right to probe the service. Dropping it lets the next user do so.
pub(super) struct Probe {
    back_off: Arc<SharedBackOff>,
    number: u64,
}

impl SharedBackOff {
    /// Asks whether to call the service. A probe that takes longer than `limit` counts as lost.
    pub(super) fn admit(self: &Arc<Self>, limit: Duration, now: Now) -> Admission {
        let mut state = lock(&self.state);
        let State { outage: Some(outage), last_probe, .. } = &mut *state else { return Admission::Go(None) };
        let left = outage.wait.saturating_sub(now.saturating_since(outage.begun));
        let is_probed = outage.probe.is_some_and(|(_, since)| now.saturating_since(since) < limit);
        if !left.is_zero() || is_probed {
            return Admission::PutOff(outage.error.clone(), left.max(PROBE_PAUSE));
        }
        *last_probe += 1;
        outage.probe = Some((*last_probe, now));
        Admission::Go(Some(Probe { back_off: Arc::clone(self), number: *last_probe }))
    }

    /// Asks whether to send `secret`.
    pub(super) fn admit_secret(&self, secret: &ClientSecret, now: Now) -> Result<(), (TokenError, Duration)> {
        let mut state = lock(&self.state);
        let Some(refusal) = state.refusal.as_mut().filter(|it| it.secret == *secret) else { return Ok(()) };
        let Some(since) = refusal.since else { return Ok(()) };
        if now.saturating_since(since) < COOL_DOWN {
            return Err((refusal.error.clone(), LONGEST_READ_PAUSE));
        }
        // The others wait for what this user learns.
        refusal.since = Some(now);
        Ok(())
    }

    /// A call of `user` was answered with a token.
    pub(super) fn succeeded(&self, secret: &ClientSecret) {
        let mut state = lock(&self.state);
        let refusal = state.refusal.take_if(|refusal| refusal.secret == *secret);
        let outage = state.outage.take();
        state.failed = Failures::default();
        if state.accepted.as_ref() != Some(secret) {
            state.accepted = Some(secret.clone());
        }
        drop(state);
        // Dropped outside of the lock, because an error may be the program's.
        drop((refusal, outage));
    }

    /// An acquisition of `user` has failed with `error`, the last one by a call with the credential or not.
    pub(super) fn failed(
        &self,
        user: usize,
        secret: &ClientSecret,
        error: &CallError,
        probe: Option<&Probe>,
        jitter: f64,
        now: Now,
    ) {
        let is_refused = error.recovery() == Recovery::ReplaceCredential;
        let is_about_the_request = error
            .status()
            .is_some_and(|status| status.is_client_error() && !matches!(status.as_u16(), 408 | 425 | 429));
        if is_about_the_request && !is_refused {
            return;
        }
        let new_error = TokenError::from(error.clone());
        let mut state = lock(&self.state);
        let before = match is_refused {
            true => {
                (state.outage.take().map(|outage| outage.error), state.refuse(user, secret, new_error, now))
            }
            false => (state.fail(user, new_error, error.retry_after(), probe, jitter, now), None),
        };
        drop(state);
        drop(before);
    }

    /// Forgets everything.
    pub(super) fn clear(&self) {
        let mut state = lock(&self.state);
        let last_probe = state.last_probe;
        let before = std::mem::replace(&mut *state, State { last_probe, ..State::default() });
        drop(state);
        drop(before);
    }
}

impl State {
    /// Returns the error that `error` replaces, or `error` itself, to be dropped outside of the lock.
    fn refuse(
        &mut self,
        user: usize,
        secret: &ClientSecret,
        error: TokenError,
        now: Now,
    ) -> Option<TokenError> {
        self.failed = Failures::default();
        let needed = if self.accepted.as_ref() == Some(secret) { USERS_IN_A_ROW } else { 1 };
        let before = match self.refusal.as_mut().filter(|it| it.secret == *secret) {
            Some(refusal) => Some(std::mem::replace(&mut refusal.error, error)),
            None => {
                let secret = secret.clone();
                let refusal = Refusal { secret, users: Failures::default(), error, since: None };
                self.refusal.replace(refusal).map(|refusal| refusal.error)
            }
        };
        if let Some(refusal) = &mut self.refusal
            && (refusal.users.add(user) >= needed || refusal.since.is_some())
        {
            refusal.since = Some(now);
        }
        before
    }

    fn fail(
        &mut self,
        user: usize,
        error: TokenError,
        named: Option<Duration>,
        probe: Option<&Probe>,
        jitter: f64,
        now: Now,
    ) -> Option<TokenError> {
        let failures = match &self.outage {
            Some(outage) if probe.is_some_and(|probe| outage.is_probed_by(probe)) => {
                outage.failures.saturating_add(1)
            }
            // A call that was under way when the outage began says nothing new.
            Some(_) => return Some(error),
            None if self.failed.add(user) < USERS_IN_A_ROW => return Some(error),
            None => 1,
        };
        let wait = pause(failures, named.map(|named| named.min(LONGEST_PAUSE)), jitter);
        let outage = Outage { error, failures, begun: now, wait, probe: None };
        self.outage.replace(outage).map(|outage| outage.error)
    }
}

impl Outage {
    fn is_probed_by(&self, probe: &Probe) -> bool {
        self.probe.is_some_and(|(number, _)| number == probe.number)
    }
}

impl Failures {
    /// Adds `user`; returns how many users there are.
    fn add(&mut self, user: usize) -> usize {
        if self.0.len() < USERS_IN_A_ROW && !self.0.contains(&user) {
            self.0.push(user);
        }
        self.0.len()
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        if let Some(outage) = &mut lock(&self.back_off.state).outage {
            outage.probe.take_if(|(number, _)| *number == self.number);
        }
    }
}

/// How many users have to fail in a row, so that it is no matter of one user.
const USERS_IN_A_ROW: usize = 3;
/// The longest pause of a user who may not probe the service now.
const PROBE_PAUSE: Duration = Duration::from_secs(1);
/// Even if one answer names a longer one, because it may concern one user only.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

#[cfg(test)]
#[cfg(not(shuttle))]
mod tests;
