//! [`AcquisitionTask`]: drives one acquisition to its end, whatever happens to the task that it runs in.

use std::{
    sync::{Arc, Weak},
    thread,
    time::Duration,
};

use http::StatusCode;

use super::shared::Shared;
use crate::{
    client::{AuthClient, CallError},
    endpoint::Answer,
    model::DelegatedAccessToken,
    time::Now,
    token::{
        Grant, TokenError,
        fleet::{Decision, Entry, HeldLease, Pause, cool_down_after, decide},
        flight::{Flight, Outcome, Permit},
        secret_source::read_secret,
        session::{AcquisitionId, Call, Next, Session, fleet_member::FleetMember},
        shared_back_off::{Admission, FailedCall, SharedBackOff},
        store::{Holder, Publication, Published, StoreError, StoredToken},
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

/// What an acquisition does after it has asked the store.
enum Entered {
    /// It acquires: with the lease, or without one if the store is unavailable.
    Acquire(Option<HeldLease>),
    Done(Next),
    /// It has found nothing, and may not acquire.
    StayOut,
}

impl AcquisitionTask {
    pub(super) fn new(shared: Weak<Shared>, flight: Weak<Flight>, id: AcquisitionId) -> Self {
        Self { shared, flight, id, is_complete: false }
    }

    pub(super) async fn run(mut self) {
        let mut permit = self.acquire_permit().await;
        let next = self.drive(&mut permit).await;
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
    async fn drive(&self, permit: &mut Option<Permit>) -> Option<Next> {
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
        if let Some(fleet) = fleet.as_ref().filter(|_| only_looks) {
            // The secret is not read for a look.
            let entry = fleet.entry(&user, None);
            return match entry {
                Some(entry) => self.look(&entry, permit, &client).await,
                None => self.stay_out(),
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
            Some(entry) => match self.enter(&entry, stays_out, permit, &client).await? {
                Entered::Acquire(lease) => lease,
                Entered::Done(next) => return Some(next),
                Entered::StayOut => None,
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
            self.publish(lease, &next, &client).await;
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

    /// Asks the store again and again, until the decision is anything but to ask again.
    async fn enter(
        &self,
        entry: &Entry,
        stays_out: bool,
        permit: &mut Option<Permit>,
        client: &AuthClient,
    ) -> Option<Entered> {
        let holder = Holder::random();
        let begun = client.runtime().now();
        let mut has_waited = false;
        let mut ended_tokens = 0;
        loop {
            let asked = client.runtime().now();
            let claim = |session: &mut Session, now: Now| {
                FleetMember::of(session).claim(holder, stays_out, now.saturating_since(begun), now)
            };
            let (claim, standing) = self.shared.upgrade()?.with_session_quietly(claim);
            let claimed = match ended_tokens < MOST_ENDED_TOKENS {
                true => entry.claim(&claim).await,
                false => Err(StoreError::new("the store hands out one token after the other that has ended")),
            };
            let shared = self.shared.upgrade()?;
            let believed = |session: &mut Session, now| FleetMember::of(session).believed(claimed, now);
            let decision = decide(shared.with_session_quietly(believed), standing, fastrand::f64());
            let next = shared.with_session_quietly(|session, now| match decision {
                Decision::Adopt(token) => {
                    let adopted = FleetMember::of(session).adopt(self.id, &token, asked, now);
                    ended_tokens += usize::from(adopted.is_none());
                    adopted.map(Entered::Done).ok_or(Duration::ZERO)
                }
                Decision::Acquire(lease) => {
                    if lease.is_unreadable {
                        FleetMember::of(session).report_unreadable_entry();
                    }
                    let lease = HeldLease::new(entry.clone(), holder, lease);
                    Ok(Entered::Acquire(Some(lease)))
                }
                Decision::AcquireAlone(error) => {
                    if let Some(error) = error {
                        FleetMember::of(session).report(Duration::ZERO, &Pause::Unavailable(error), now);
                    }
                    Ok(Entered::Acquire(None))
                }
                Decision::ServeOn(wait, pause) => {
                    Ok(Entered::Done(FleetMember::of(session).serve_on(self.id, wait, &pause, now)))
                }
                Decision::Fail(cool_down) => {
                    Ok(Entered::Done(FleetMember::of(session).cool_down(self.id, &cool_down, now)))
                }
                Decision::StayOut => Ok(Entered::StayOut),
                Decision::AskAgain(wait, pause) => {
                    if !std::mem::replace(&mut has_waited, true) {
                        FleetMember::of(session).report(wait, &pause, now);
                    }
                    Err(wait)
                }
            });
            match next {
                Ok(entered) => return Some(entered),
                Err(wait) => {
                    shared.observers.notify();
                    drop(shared);
                    // Other users may acquire while this one waits for another process.
                    drop(permit.take());
                    client.runtime().sleep(wait).await;
                    *permit = self.acquire_permit().await;
                }
            }
        }
    }

    /// Looks for the token of another process during a back-off.
    async fn look(&self, entry: &Entry, permit: &mut Option<Permit>, client: &AuthClient) -> Option<Next> {
        match self.enter(entry, true, permit, client).await? {
            Entered::Done(next) => Some(next),
            Entered::Acquire(_) | Entered::StayOut => self.stay_out(),
        }
    }

    fn stay_out(&self) -> Option<Next> {
        let stay_out = |session: &mut Session, now| FleetMember::of(session).stay_out(self.id, now);
        Some(self.shared.upgrade()?.with_session_quietly(stay_out))
    }

    /// Shares the outcome. Callers get the new token already while this runs.
    async fn publish(&self, lease: HeldLease, next: &Next, client: &AuthClient) {
        let publication = match next {
            Next::Done(Ok(token)) => Publication::Token(StoredToken {
                access_token: token.access_token(),
                lifetime: token.expiry().served_life(),
                left: token.expiry().remaining(client.runtime().now()),
            }),
            Next::Done(Err(error)) => Publication::CoolDown(cool_down_after(error, lease.failures())),
            _ => Publication::Released,
        };
        let published = lease.publish(&publication).await;
        let Some(shared) = self.shared.upgrade() else { return };
        shared.with_session_quietly(|session, now| match (published, next) {
            (Ok(Published::NothingNewer), Next::Done(Ok(token))) => {
                let left = token.expiry().remaining(now).unwrap_or_default();
                FleetMember::of(session).pause(left, &Pause::NothingNewer, now);
            }
            (Err(error), _) => {
                FleetMember::of(session).report(Duration::ZERO, &Pause::Unavailable(error), now);
            }
            _ => {}
        });
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

/// Runs `work`, and extends the lease meanwhile if there is one.
async fn extended<T>(lease: Option<&HeldLease>, work: impl Future<Output = T>) -> T {
    match lease {
        Some(lease) => lease.extended_during(work).await,
        None => work.await,
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

/// How many tokens that end on the way an acquisition takes from the store before it goes on without one.
const MOST_ENDED_TOKENS: usize = 4;
