//! [`KnownSecrets`]: which secrets the service has accepted, and which it refuses.

use std::{collections::VecDeque, time::Duration};

use super::health::{Failures, USERS_IN_A_ROW};
use crate::{
    model::ClientSecret,
    time::Now,
    token::{
        TokenError,
        session::back_off::{COOL_DOWN, LONGEST_READ_PAUSE},
    },
};

/// What the service has said about each of the last secrets. The users of a pool share one secret, or each
/// tenant has one of its own.
#[derive(Default)]
pub(super) struct KnownSecrets(VecDeque<KnownSecret>);

struct KnownSecret {
    secret: ClientSecret,
    is_accepted: bool,
    refusal: Option<Refusal>,
}

struct Refusal {
    users: Failures,
    error: TokenError,
    /// The moment of the last request with the secret, once it counts as refused.
    since: Option<Now>,
}

/// An error that is no longer needed. It may be the program's, so it is dropped outside of the lock.
pub(super) type Unneeded = Option<TokenError>;

impl KnownSecrets {
    /// Asks whether to send `secret`. An error comes with the longest pause before the user comes back.
    pub(super) fn admit(&mut self, secret: &ClientSecret, now: Now) -> Result<(), (TokenError, Duration)> {
        let known = self.0.iter_mut().find(|known| known.secret == *secret);
        let Some(refusal) = known.and_then(|known| known.refusal.as_mut()) else { return Ok(()) };
        let Some(since) = refusal.since else { return Ok(()) };
        if now.saturating_since(since) < COOL_DOWN {
            return Err((refusal.error.clone(), LONGEST_READ_PAUSE));
        }
        // The others wait for what this user learns.
        refusal.since = Some(now);
        Ok(())
    }

    /// The service has issued a token for `secret`.
    pub(super) fn accept(&mut self, secret: &ClientSecret) -> [Unneeded; 2] {
        let (mut known, unneeded) = self.take(secret);
        known.is_accepted = true;
        let refusal = known.refusal.take();
        self.0.push_back(known);
        [unneeded, refusal.map(|refusal| refusal.error)]
    }

    /// The service has refused `secret` to `user`.
    pub(super) fn refuse(
        &mut self,
        user: usize,
        secret: &ClientSecret,
        error: TokenError,
        now: Now,
    ) -> [Unneeded; 2] {
        let (mut known, unneeded) = self.take(secret);
        let needed = if known.is_accepted { USERS_IN_A_ROW } else { 1 };
        let (before, mut refusal) = match known.refusal.take() {
            Some(Refusal { users, error: before, since }) => (Some(before), Refusal { users, error, since }),
            None => (None, Refusal { users: Failures::default(), error, since: None }),
        };
        if refusal.users.add(user) >= needed || refusal.since.is_some() {
            refusal.since = Some(now);
        }
        known.refusal = Some(refusal);
        self.0.push_back(known);
        [unneeded, before]
    }

    /// Forgets the refusals. A secret that was accepted stays accepted.
    pub(super) fn forget_refusals(&mut self) -> Vec<TokenError> {
        let refusals = self.0.iter_mut().filter_map(|known| known.refusal.take());
        refusals.map(|refusal| refusal.error).collect()
    }

    /// Takes out what is known of `secret`, and what is known of another one if there are too many.
    fn take(&mut self, secret: &ClientSecret) -> (KnownSecret, Unneeded) {
        let place = self.0.iter().position(|known| known.secret == *secret);
        if let Some(known) = place.and_then(|place| self.0.remove(place)) {
            return (known, None);
        }
        let oldest = if self.0.len() < MOST_SECRETS { None } else { self.0.pop_front() };
        let unneeded = oldest.and_then(|known| known.refusal).map(|refusal| refusal.error);
        (KnownSecret { secret: secret.clone(), is_accepted: false, refusal: None }, unneeded)
    }
}

/// How many secrets are remembered: more than most programs have tenants, and few enough to look through.
const MOST_SECRETS: usize = 256;
