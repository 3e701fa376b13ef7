//! [`AcquisitionTask`]: drives one acquisition to its end, whatever happens to the task that it runs in.

use std::{
    sync::{Arc, Weak},
    thread,
    time::Duration,
};

use http::StatusCode;

use super::shared::Shared;
use crate::token::{
    Grant, TokenError,
    flight::{Flight, Outcome, Permit},
    secret_source::read_secret,
    session::{AcquisitionId, Next, Session},
    shared_back_off::{Admission, FailedCall, SharedBackOff},
    sync::lock,
};

/// Reads the secret, makes the calls that the session asks for and passes it the results. Holds weak
/// references only: the flight may hold this future, and dropping the provider must end the acquisition.
pub(super) struct AcquisitionTask {
    shared: Weak<Shared>,
    flight: Weak<Flight>,
    id: AcquisitionId,
    is_complete: bool,
}

impl AcquisitionTask {
    pub(super) fn new(shared: Weak<Shared>, flight: Weak<Flight>, id: AcquisitionId) -> Self {
        Self { shared, flight, id, is_complete: false }
    }

    pub(super) async fn run(mut self) {
        let permit = self.acquire_permit().await;
        let next = self.drive().await;
        // The permit is given back before a waiter is woken or an observer is notified.
        drop(permit);
        if let (Some(next), Some(shared)) = (next, self.shared.upgrade()) {
            self.complete(&shared, next, Outcome::Superseded);
        }
    }

    /// Waits for a permit of the pool. A parked acquisition takes none: its waiters may never poll it again.
    async fn acquire_permit(&self) -> Option<Permit> {
        let semaphore = self.shared.upgrade()?.semaphore.clone()?;
        let deadline = {
            let flight = self.flight.upgrade()?;
            flight.is_in_background().then(|| Arc::clone(flight.deadline()))?
        };
        Some(semaphore.acquire_permit(deadline, self.shared.clone()).await)
    }

    /// The outcome, or `None` once the provider is dropped.
    async fn drive(&self) -> Option<Next> {
        // The flight is gone if the acquisition was superseded while it waited for its permit.
        let shared = self.flight.upgrade().and(self.shared.upgrade())?;
        let (source, client) = (shared.secret_source(), shared.client.clone());
        let (back_off, user) = (shared.back_off.clone(), Arc::as_ptr(&shared).addr());
        let limit = shared.acquisition_limit();
        let (grant, has_token, user_principal_name) = shared.with_session_quietly(|session, now| {
            let has_token = session.valid_token(now).is_some();
            (session.next_grant(now), has_token, session.user_principal_name().clone())
        });
        drop(shared);
        let admit = |it: &Arc<SharedBackOff>| it.admit(grant, has_token, limit, client.runtime().now());
        let probe = match back_off.as_ref().map(admit) {
            None => None,
            Some(Admission::Go(probe)) => probe,
            Some(Admission::PutOff(error, longest)) => return self.put_off(Some(grant), error, longest),
        };
        let secret = read_secret(&*source, &user_principal_name, &client).await;
        if let (Some(back_off), Ok(secret)) = (&back_off, &secret)
            && let Err((error, longest)) = back_off.admit_secret(secret, client.runtime().now())
        {
            return self.put_off(None, error, longest);
        }
        // Copies, because the session drops what it does not keep, and an error may be the program's.
        let (sent, kept) = (secret.as_ref().ok().cloned(), secret.clone());
        let begin = |session: &mut Session, now| session.begin(self.id, secret, now);
        let mut next = self.shared.upgrade()?.with_session_quietly(begin);
        drop(kept);
        while let Next::Call(call) = next {
            self.shared.upgrade()?.observers.notify();
            let grant = call.grant();
            let result = client.call(call.endpoint()).await;
            let error = result.as_ref().err().cloned();
            let finish = |session: &mut Session, now| session.finish(self.id, result, now);
            next = self.shared.upgrade()?.with_session_quietly(finish);
            let (Some(back_off), Some(secret)) = (&back_off, &sent) else { continue };
            let now = client.runtime().now();
            match &error {
                None => back_off.succeeded(grant, secret),
                Some(_) if matches!(next, Next::Superseded) => {}
                // A refusal or a limit of refreshes says nothing about the service.
                Some(error)
                    if grant == Grant::RefreshToken
                        && error.status().is_some_and(|status| !status.is_server_error()) => {}
                // Nor does a refresh token that is lost. The credential will tell.
                Some(error)
                    if matches!(next, Next::Call(_))
                        && error.status() != Some(StatusCode::SERVICE_UNAVAILABLE) => {}
                Some(error) => {
                    let failed = FailedCall { user, grant, secret, error, probe: probe.as_ref() };
                    back_off.failed(&failed, fastrand::f64(), now);
                }
            }
        }
        Some(next)
    }

    /// `grant` is the one that fails for other users; `None` if the secret does.
    fn put_off(&self, grant: Option<Grant>, error: TokenError, longest: Duration) -> Option<Next> {
        let kept = error.clone();
        let is_of_refresh = grant == Some(Grant::RefreshToken);
        let put_off =
            |session: &mut Session, now| session.put_off(self.id, error, longest, is_of_refresh, now);
        let next = self.shared.upgrade()?.with_session_quietly(put_off);
        drop(kept);
        Some(next)
    }

    fn complete(&mut self, shared: &Shared, next: Next, otherwise: Outcome) {
        self.is_complete = true;
        let outcome = match next {
            Next::Done(result) => Outcome::Ended(result),
            _ => otherwise,
        };
        if let Some(flight) = self.flight.upgrade() {
            lock(&shared.inner).flight.take_if(|current| Arc::ptr_eq(current, &flight));
            flight.end(outcome);
        }
        shared.observers.notify();
    }
}

/// Completes an acquisition whose task is dropped early: its runtime was shut down, or it has panicked.
impl Drop for AcquisitionTask {
    fn drop(&mut self) {
        let Some(shared) = self.shared.upgrade().filter(|_| !self.is_complete) else { return };
        let next = shared.with_session_quietly(|session, now| {
            if thread::panicking() {
                return session.panicked(self.id, now);
            }
            session.abandon(self.id, now);
            Next::Superseded
        });
        self.complete(&shared, next, Outcome::Dropped);
    }
}
