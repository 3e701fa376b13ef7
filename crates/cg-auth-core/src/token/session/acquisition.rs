//! One attempt to get a token: the secret, the grant, the answer, and what follows from it.

use std::{fmt, time::Duration};

use super::{Held, Session, back_off::BackOff, verdict::Verdict};
use crate::{
    client::{CallError, CallErrorKind},
    endpoint::{Answer, Endpoint, GetDelegateAccessToken, RefreshUserAccessToken},
    model::{ApiCredential, ClientSecret, DelegatedAccessToken},
    recovery::Recovery,
    time::Now,
    token::{Event, Expiry, Grant, IssuedToken, Reason, TokenError},
};

/// Which attempt it is, of one session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AcquisitionId(u64);

/// What the driver of an attempt does next. There will be no other cases, so that a driver misses none.
#[derive(Debug)]
#[must_use]
pub enum Next {
    /// Make this call, and [`finish`](Session::finish) with its result.
    Call(Call),
    /// Nothing: this is the outcome, which everybody who waits for the attempt gets.
    Done(Result<IssuedToken, TokenError>),
    /// Nothing: the session went on without the attempt. Whoever waits for it asks the session anew.
    Superseded,
}

/// A call to the service.
pub struct Call {
    grant: Grant,
    endpoint: Box<dyn Endpoint<Output = DelegatedAccessToken>>,
}

impl Call {
    /// What it asks with.
    #[must_use]
    pub const fn grant(&self) -> Grant {
        self.grant
    }

    /// The call, for a client or for one's own I/O.
    #[must_use]
    pub fn endpoint(&self) -> &dyn Endpoint<Output = DelegatedAccessToken> {
        &*self.endpoint
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("grant", &self.grant).finish_non_exhaustive()
    }
}

/// The attempt under way.
pub(super) struct Attempt {
    id: AcquisitionId,
    reason: Reason,
    begun: Now,
    requests: u32,
    sent: Option<Sent>,
}

impl Attempt {
    pub(super) fn grant(&self) -> Option<Grant> {
        self.sent.as_ref().map(|sent| sent.grant)
    }
}

/// What the service has been asked with.
#[derive(Clone)]
struct Sent {
    grant: Grant,
    secret: ClientSecret,
    /// Whether the refresh token had never been sent before.
    was_new: bool,
}

impl Session {
    pub(super) fn start(&mut self, reason: Reason, now: Now) -> AcquisitionId {
        self.attempts_begun += 1;
        let id = AcquisitionId(self.attempts_begun);
        self.attempt = Some(Attempt { id, reason, begun: now, requests: 0, sent: None });
        id
    }

    /// Goes on with an attempt that a step has started, once its client secret has been read.
    pub fn begin(&mut self, id: AcquisitionId, secret: Result<ClientSecret, TokenError>, now: Now) -> Next {
        let Some(mut attempt) = self.attempt.take_if(|attempt| attempt.id == id && attempt.sent.is_none())
        else {
            return Next::Superseded;
        };
        let secret = match secret {
            Ok(secret) => secret,
            Err(error) => return self.fail(&attempt, error, None, now),
        };
        let chance = self.random.f64();
        if let Some(back_off) = &self.back_off
            && let Some(longer) = back_off.still_refuses(&secret, chance, now)
        {
            // The refusal has been told.
            let error = longer.error(now);
            self.back_off = Some(longer);
            return Next::Done(Err(error));
        }
        let call = self.call(&mut attempt, secret);
        self.attempt = Some(attempt);
        Next::Call(call)
    }

    /// Goes on with an attempt after the call that it was told to make.
    pub fn finish(
        &mut self,
        id: AcquisitionId,
        result: Result<Answer<DelegatedAccessToken>, CallError>,
        now: Now,
    ) -> Next {
        let Some(mut attempt) = self.attempt.take_if(|attempt| attempt.id == id && attempt.sent.is_some())
        else {
            return Next::Superseded;
        };
        let error = match result {
            Ok(answer) => return self.accept(attempt, answer, now),
            Err(error) => error,
        };
        // Who makes the call without a client does not count requests, but sees whether there was one.
        let is_sent = u32::from(error.kind() != CallErrorKind::Config);
        attempt.requests = attempt.requests.saturating_add(error.attempts().max(is_sent));
        let Some(Sent { grant, secret, was_new }) = attempt.sent.clone() else { return Next::Superseded };
        if grant == Grant::RefreshToken {
            let verdict = Verdict::of_refresh(&error);
            if verdict != Verdict::Keep {
                self.drop_refresh_token(verdict == Verdict::Refused, was_new);
                let call = self.call(&mut attempt, secret);
                self.attempt = Some(attempt);
                return Next::Call(call);
            }
        }
        let is_refused = error.recovery() == Recovery::ReplaceCredential;
        self.fail(&attempt, error.into(), is_refused.then_some(secret), now)
    }

    /// Gives up an attempt that nobody drives any more, without a failure: the next caller starts another. A
    /// refresh token that was on its way is lost.
    pub fn abandon(&mut self, id: AcquisitionId, now: Now) {
        if let Some(attempt) = self.attempt.take_if(|attempt| attempt.id == id) {
            self.give_up(&attempt, now);
        }
    }

    /// The same after a panic, which is a failure: what has panicked once may do so again.
    pub fn lose(&mut self, id: AcquisitionId, now: Now) -> Next {
        match self.attempt.take_if(|attempt| attempt.id == id) {
            Some(attempt) => {
                self.forget_what_was_sent(&attempt);
                self.fail(&attempt, TokenError::lost(), None, now)
            }
            None => Next::Superseded,
        }
    }

    pub(super) fn give_up(&mut self, attempt: &Attempt, now: Now) {
        self.forget_what_was_sent(attempt);
        self.tell_of_the_end(attempt, now);
    }

    /// Of an attempt that nothing comes of.
    pub(super) fn tell_of_the_end(&mut self, attempt: &Attempt, now: Now) {
        self.events.push(Event::Abandoned {
            reason: attempt.reason,
            grant: attempt.grant(),
            attempts: attempt.requests,
            took: now.saturating_since(attempt.begun),
        });
    }

    /// With the refresh token where there is one, else with the credential.
    fn call(&mut self, attempt: &mut Attempt, secret: ClientSecret) -> Call {
        let credential = ApiCredential::new(secret.clone(), self.user_principal_name.clone());
        let uses_refresh_token = !self.is_refresh_switched_off() && !self.is_turn_of_credential();
        match self.spare.as_mut().filter(|_| uses_refresh_token) {
            Some(spare) => {
                let was_new = std::mem::replace(&mut spare.is_new, false);
                let grant = Grant::RefreshToken;
                attempt.sent = Some(Sent { grant, secret, was_new });
                let endpoint = RefreshUserAccessToken::new(credential, spare.token.clone());
                Call { grant, endpoint: Box::new(endpoint) }
            }
            None => {
                let grant = Grant::Credential;
                attempt.sent = Some(Sent { grant, secret, was_new: false });
                Call { grant, endpoint: Box::new(GetDelegateAccessToken::new(credential)) }
            }
        }
    }

    fn accept(&mut self, mut attempt: Attempt, answer: Answer<DelegatedAccessToken>, now: Now) -> Next {
        attempt.requests = attempt.requests.saturating_add(answer.attempts.max(1));
        let expiry = Expiry::of_answer(&answer, self.duration_unit);
        self.tell_mismatch(&answer.value, expiry);
        let Some(grant) = attempt.grant() else { return Next::Superseded };
        let request_id = answer.request_id().map(str::to_owned);
        let (access_token, refresh_token) = answer.value.into_tokens();
        self.keep_for_next_time(refresh_token, grant);
        let token = IssuedToken::new(&access_token, expiry);
        let held = Held::new(token.clone(), now, self.random.f64());
        if held.served(now).is_none() {
            // It goes with the refresh token that came with it, for a store.
            self.held.get_or_insert(held);
            return self.fail(&attempt, TokenError::expired_on_arrival(), None, now);
        }
        let before = self.held.replace(held);
        if before.is_some_and(|held| {
            held.is_invalidated() && held.token().expose_secret() == token.expose_secret()
        }) {
            self.events.push(Event::SameTokenAgain);
        }
        self.back_off = None;
        self.events.push(Event::Acquired {
            reason: attempt.reason,
            grant,
            attempts: attempt.requests,
            took: now.saturating_since(attempt.begun),
            lifetime: expiry.lifetime(),
            expiry_source: expiry.source(),
            request_id,
        });
        Next::Done(Ok(token))
    }

    fn tell_mismatch(&mut self, token: &DelegatedAccessToken, expiry: Expiry) {
        if expiry.contradicts_duration() && !self.has_told_mismatch {
            self.has_told_mismatch = true;
            let (duration, lifetime) = (token.duration(), expiry.lifetime());
            self.events.push(Event::DurationMismatch { duration, lifetime });
        }
    }

    fn fail(
        &mut self,
        attempt: &Attempt,
        error: TokenError,
        refused: Option<ClientSecret>,
        now: Now,
    ) -> Next {
        let chance = self.random.f64();
        let back_off = BackOff::after(self.back_off.as_ref(), error, chance, now);
        let back_off = match refused {
            Some(secret) => back_off.refusing(secret, chance),
            None => back_off,
        };
        let error = back_off.error(now);
        self.events.push(Event::Failed {
            reason: attempt.reason,
            grant: attempt.grant(),
            attempts: attempt.requests,
            took: now.saturating_since(attempt.begun),
            error: error.clone(),
            retry_in: error.retry_after().unwrap_or(Duration::ZERO),
        });
        self.back_off = Some(back_off);
        Next::Done(Err(error))
    }
}
