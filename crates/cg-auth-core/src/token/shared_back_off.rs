//! [`SharedBackOff`]: what the users of a pool learn from each other about the secret and the service.

mod health;
mod known_secrets;

use std::{mem::take, sync::Arc, time::Duration};

use self::{health::Health, known_secrets::KnownSecrets};
use super::{
    Grant, TokenError,
    sync::{Mutex, lock},
};
use crate::{client::CallError, model::ClientSecret, recovery::Recovery, time::Now};

/// The refusal of each secret and the outage of a service, remembered once for all users of a pool.
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
    secrets: KnownSecrets,
    credential: Health,
    refresh: Health,
    last_probe: u64,
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
        lock(&self.state).secrets.admit(secret, now)
    }

    /// A call with `grant` was answered with a token.
    pub(super) fn succeeded(&self, grant: Grant, secret: &ClientSecret) {
        let mut state = lock(&self.state);
        let refusals = state.secrets.accept(secret);
        let [own, other] = state.healths(grant);
        let errors = (own.recover(), other.reached());
        drop(state);
        // Dropped outside of the lock, because an error may be the program's.
        drop((refusals, errors));
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
            true => {
                let recovered = state.credential.recover();
                let [oldest, refusal] = state.secrets.refuse(user, secret, new_error, now);
                [recovered, oldest, refusal]
            }
            false => {
                let [own, other] = state.healths(grant);
                let fail = |health: &mut Health| {
                    health.fail(user, &new_error, error.retry_after(), probe, jitter, now)
                };
                // A service that is not reached takes no call with the other grant either.
                [fail(own), error.status().is_none().then(|| fail(other)).flatten(), None]
            }
        };
        drop(state);
        drop(before);
    }

    /// Forgets every failure. A secret that was accepted stays accepted.
    pub(super) fn forget_failures(&self) {
        let mut state = lock(&self.state);
        let refusals = state.secrets.forget_refusals();
        let (credential, refresh) = (take(&mut state.credential), take(&mut state.refresh));
        drop(state);
        drop((refusals, credential, refresh));
    }
}

impl State {
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
