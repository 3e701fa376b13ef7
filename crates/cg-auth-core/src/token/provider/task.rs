//! [`AcquisitionTask`]: drives one acquisition to its end, whatever happens to the task that it runs in.

mod fleet_step;
mod task_permit;

use std::{
    sync::{Arc, Weak},
    thread,
    time::Duration,
};

use http::StatusCode;

use self::{
    fleet_step::{Asked, FleetStep},
    task_permit::TaskPermit,
};
use super::shared::Shared;
use crate::{
    client::{AuthClient, CallError},
    endpoint::Answer,
    model::DelegatedAccessToken,
    token::{
        Grant, TokenError,
        fleet::HeldLease,
        flight::{Flight, Outcome},
        secret_source::read_secret,
        session::{AcquisitionId, Call, Next, Session, fleet_member::FleetMember},
        shared_back_off::{Admission, FailedCall, SharedBackOff},
        sync::lock,
    },
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
        let mut permit = TaskPermit::new(self.shared.clone(), self.flight.clone());
        permit.acquire().await;
        let next = self.drive(&mut permit).await;
        // The permit is given back before a waiter is woken or an observer is notified.
        drop(permit);
        if let (Some(next), Some(shared)) = (next, self.shared.upgrade()) {
            self.complete(&shared, next, Outcome::Superseded);
        }
    }

    /// The outcome, or `None` once the provider is dropped.
    async fn drive(&self, permit: &mut TaskPermit) -> Option<Next> {
        // The flight is gone if the acquisition was superseded while it waited for its permit.
        let shared = self.flight.upgrade().and(self.shared.upgrade())?;
        let (source, client) = (shared.secret_source(), shared.client.clone());
        let (back_off, address) = (shared.back_off.clone(), Arc::as_ptr(&shared).addr());
        let (fleet, limit) = (shared.fleet.clone(), shared.acquisition_limit());
        let (grant, has_token, user, only_looks) = shared.with_session_quietly(|session, now| {
            let has_token = session.valid_token(now).is_some();
            let user = session.user_principal_name().clone();
            (session.next_grant(now), has_token, user, FleetMember::of(session).only_looks(now))
        });
        drop(shared);
        let step = FleetStep { shared: &self.shared, client: &client, id: self.id };
        if let Some(fleet) = fleet.as_ref().filter(|_| only_looks) {
            // To look at the store, the entry of the last secret is enough.
            let entry = fleet.entry(&user, None);
            return match entry {
                Some(entry) => step.look(&entry, permit).await,
                None => step.stay_out(),
            };
        }
        let admit = |it: &Arc<SharedBackOff>| it.admit(grant, has_token, limit, client.runtime().now());
        let (probe, put_off) = match back_off.as_ref().map(admit) {
            None => (None, None),
            Some(Admission::Go(probe)) => (probe, None),
            Some(Admission::PutOff(error, longest)) if fleet.is_none() => {
                return self.put_off(Some(grant), error, longest);
            }
            Some(Admission::PutOff(error, longest)) => (None, Some((Some(grant), error, longest))),
        };
        let secret = read_secret(&*source, &user, &client).await;
        let mut obstacle = put_off;
        if let (Some(back_off), Ok(secret)) = (&back_off, &secret)
            && let Err((error, longest)) = back_off.admit_secret(secret, client.runtime().now())
        {
            obstacle = Some((None, error, longest));
        }
        let entry = fleet.and_then(|fleet| fleet.entry(&user, secret.as_ref().ok()));
        let stays_out = secret.is_err() || obstacle.is_some();
        let lease = match entry {
            None => None,
            Some(entry) => match step.ask(&entry, stays_out, permit).await? {
                Asked::Acquire(lease) => lease,
                Asked::Done(next) => return Some(next),
                Asked::StayOut => None,
            },
        };
        if let Some((grant, error, longest)) = obstacle {
            return self.put_off(grant, error, longest);
        }
        let wait = self.shared.upgrade()?.with_session_quietly(|session, now| session.until_replaced(now));
        if !wait.is_zero() {
            extended(lease.as_ref(), client.runtime().sleep(wait)).await;
        }
        // Copies, because the session drops what it does not keep, and an error may be the program's.
        let (sent, kept) = (secret.as_ref().ok().cloned(), secret.clone());
        let begin = |session: &mut Session, now| session.begin(self.id, secret, now);
        let mut next = self.shared.upgrade()?.with_session_quietly(begin);
        drop(kept);
        // The retry budgets of a fleet would multiply the load on a service that is down.
        let is_probe = lease.as_ref().is_some_and(|lease| lease.failures() > 0);
        let caller = if is_probe { client.probing() } else { client.clone() };
        while let Next::Call(call) = next {
            self.shared.upgrade()?.observers.notify();
            let grant = call.grant();
            let result = extended(lease.as_ref(), self.call(&caller, &call)).await?;
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
                // Neither does a lost refresh token. The call with the credential will show it.
                Some(error)
                    if matches!(next, Next::Call(_))
                        && error.status() != Some(StatusCode::SERVICE_UNAVAILABLE) => {}
                Some(error) => {
                    let failed = FailedCall { user: address, grant, secret, error, probe: probe.as_ref() };
                    back_off.failed(&failed, fastrand::f64(), now);
                }
            }
        }
        if let Some(lease) = lease {
            step.publish(lease, &next).await;
        }
        Some(next)
    }

    /// Makes the call. It is made once more if its token expires before it can be served: the process has stood still,
    /// or the service has handed out a token of its cache in the last second. `None` once the provider is dropped.
    async fn call(
        &self,
        client: &AuthClient,
        call: &Call,
    ) -> Option<Result<Answer<DelegatedAccessToken>, CallError>> {
        let answer = match client.call(call.endpoint()).await {
            Ok(answer) => answer,
            error => return Some(error),
        };
        let repeats = |session: &mut Session, now| session.repeats_after(call.grant(), &answer, now);
        let Some(wait) = self.shared.upgrade()?.with_session_quietly(repeats) else {
            return Some(Ok(answer));
        };
        let requests = answer.attempts;
        client.runtime().sleep(wait).await;
        let mut repeated = client.call(call.endpoint()).await;
        if let Ok(answer) = &mut repeated {
            answer.attempts += requests;
        }
        Some(repeated)
    }

    /// Ends the acquisition without a request. `grant` fails for other users too; with `None` the secret is refused.
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

/// Runs `work`, and extends the lease, if there is one, until `work` ends.
async fn extended<T>(lease: Option<&HeldLease>, work: impl Future<Output = T>) -> T {
    match lease {
        Some(lease) => lease.extended_during(work).await,
        None => work.await,
    }
}
