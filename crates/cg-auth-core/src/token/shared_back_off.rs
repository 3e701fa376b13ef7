//! [`SharedBackOff`]: what the users of a pool learn from each other about the secret and the service.

mod health;

use std::{sync::Arc, time::Duration};

use self::health::{Failures, Health, USERS_IN_A_ROW};
use super::{
    Grant, TokenError,
    session::back_off::{COOL_DOWN, LONGEST_READ_PAUSE},
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
/// user at a time probes it, after pauses that double from 1 s to 60 s, until it answers. Each grant has a count
/// of its own, because the service may answer one and not the other. A user without a valid token is put off
/// only if no grant is left to it.
#[derive(Default)]
pub(super) struct SharedBackOff {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    accepted: Option<ClientSecret>,
    refusal: Option<Refusal>,
    credential: Health,
    refresh: Health,
    last_probe: u64,
}

struct Refusal {
    secret: ClientSecret,
    users: Failures,
    error: TokenError,
    /// The moment of the last request with the secret, once it counts as refused.
    since: Option<Now>,
}

/// What an acquisition may do.
pub(super) enum Admission {
    Go(Option<Probe>),
    /// Fail with this error, and come back after at most so long.
    PutOff(TokenError, Duration),
}

/// A call that has failed, and who made it.
pub(super) struct FailedCall<'a> {
    pub(super) user: usize,
    pub(super) grant: Grant,
    pub(super) secret: &'a ClientSecret,
    pub(super) error: &'a CallError,
    pub(super) probe: Option<&'a Probe>,
}

/// The right to probe the service. Dropping it lets the next user do so.
pub(super) struct Probe {
    back_off: Arc<SharedBackOff>,
    number: u64,
}

impl SharedBackOff {
    /// Asks whether to call the service with `grant` first. Without a valid token the acquisition may use the
    /// credential after a refresh. A probe that takes longer than `limit` counts as lost.
    pub(super) fn admit(
        self: &Arc<Self>,
        grant: Grant,
        has_token: bool,
        limit: Duration,
        now: Now,
    ) -> Admission {
        let mut state = lock(&self.state);
        let State { credential, refresh, last_probe, .. } = &mut *state;
        let health = match grant {
            Grant::RefreshToken if has_token => refresh,
            Grant::RefreshToken if !refresh.is_down() => refresh,
            Grant::RefreshToken | Grant::Credential => credential,
        };
        match health.admit(last_probe, limit, now) {
            Ok(None) => Admission::Go(None),
            Ok(Some(number)) => Admission::Go(Some(Probe { back_off: Arc::clone(self), number })),
            Err((error, wait)) => Admission::PutOff(error, wait),
        }
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

    /// A call with `grant` was answered with a token.
    pub(super) fn succeeded(&self, grant: Grant, secret: &ClientSecret) {
        let mut state = lock(&self.state);
        let refusal = state.refusal.take_if(|refusal| refusal.secret == *secret);
        let [own, other] = state.healths(grant);
        let errors = (own.recover(), other.reached());
        if state.accepted.as_ref() != Some(secret) {
            state.accepted = Some(secret.clone());
        }
        drop(state);
        // Dropped outside of the lock, because an error may be the program's.
        drop((refusal, errors));
    }

    /// Learns from a failed call. `jitter` is between 0 and 1.
    pub(super) fn failed(&self, call: &FailedCall<'_>, jitter: f64, now: Now) {
        let FailedCall { user, grant, secret, error, probe } = *call;
        let is_refused = error.recovery() == Recovery::ReplaceCredential;
        let is_about_the_request = error
            .status()
            .is_some_and(|status| status.is_client_error() && !matches!(status.as_u16(), 408 | 425 | 429));
        if is_about_the_request && !is_refused {
            return;
        }
        let new_error = TokenError::from(error.clone());
        let probe = probe.map(|probe| probe.number);
        let mut state = lock(&self.state);
        let before = match is_refused {
            true => [state.credential.recover(), state.refuse(user, secret, new_error, now)],
            false => {
                let [own, other] = state.healths(grant);
                let fail = |health: &mut Health| {
                    health.fail(user, &new_error, error.retry_after(), probe, jitter, now)
                };
                // A service that is not reached takes no call with the other grant either.
                [fail(own), error.status().is_none().then(|| fail(other)).flatten()]
            }
        };
        drop(state);
        drop(before);
    }

    /// Forgets every failure. A secret that was accepted stays accepted.
    pub(super) fn forget_failures(&self) {
        let mut state = lock(&self.state);
        let (accepted, last_probe) = (state.accepted.take(), state.last_probe);
        let before = std::mem::replace(&mut *state, State { accepted, last_probe, ..State::default() });
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

    /// The health by calls with `grant`, and that by calls with the other one.
    const fn healths(&mut self, grant: Grant) -> [&mut Health; 2] {
        match grant {
            Grant::Credential => [&mut self.credential, &mut self.refresh],
            Grant::RefreshToken => [&mut self.refresh, &mut self.credential],
        }
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        let mut state = lock(&self.back_off.state);
        state.credential.give_back(self.number);
        state.refresh.give_back(self.number);
    }
}

#[cfg(test)]
#[cfg(not(shuttle))]
mod tests;
