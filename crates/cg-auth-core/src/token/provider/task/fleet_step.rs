//! [`FleetStep`]: what an acquisition asks the store before it calls the service, and what it shares afterwards.

use std::{sync::Weak, time::Duration};

use super::task_permit::TaskPermit;
use crate::{
    client::AuthClient,
    time::Now,
    token::{
        fleet::{Decision, Entry, HeldLease, Pause, PendingClaim, cool_down_after, decide},
        provider::shared::Shared,
        session::{AcquisitionId, Next, Session, fleet_member::FleetMember},
        store::{Holder, Publication, Published, StoreError, StoredToken},
    },
};

/// An acquisition, as the store that processes share sees it.
pub(super) struct FleetStep<'a> {
    pub(super) shared: &'a Weak<Shared>,
    pub(super) client: &'a AuthClient,
    pub(super) id: AcquisitionId,
}

/// What an acquisition does after it has asked the store.
pub(super) enum Asked {
    /// It acquires: with the lease, or without one if the store is unavailable.
    Acquire(Option<HeldLease>),
    Done(Next),
    /// It has found no token to adopt, and may not acquire.
    StayOut,
}

impl FleetStep<'_> {
    /// Asks the store, and asks again for as long as the decision says so. `None` once the provider is dropped.
    pub(super) async fn ask(&self, entry: &Entry, stays_out: bool, permit: &mut TaskPermit) -> Option<Asked> {
        let runtime = self.client.runtime();
        let holder = Holder::random();
        let begun = runtime.now();
        let mut has_waited = false;
        let mut ended_tokens = 0;
        loop {
            let asked = runtime.now();
            let claim = |session: &mut Session, now: Now| {
                FleetMember::of(session).claim(holder, stays_out, now.saturating_since(begun), now)
            };
            let (claim, standing) = self.shared.upgrade()?.with_session_quietly(claim);
            let (claimed, lease) = match ended_tokens < MOST_ENDED_TOKENS {
                true => PendingClaim::new(entry, claim).await,
                false => {
                    let problem = "the store hands out one token after the other that has ended";
                    (Err(StoreError::new(problem)), None)
                }
            };
            let shared = self.shared.upgrade()?;
            let believed = |session: &mut Session, now| FleetMember::of(session).believed(claimed, now);
            let decision = decide(shared.with_session_quietly(believed), standing, fastrand::f64());
            let next = shared.with_session_quietly(|session, now| match decision {
                Decision::Adopt(token) => {
                    let adopted = FleetMember::of(session).adopt(self.id, &token, asked, now);
                    ended_tokens += usize::from(adopted.is_none());
                    adopted.map(Asked::Done).ok_or(Duration::ZERO)
                }
                Decision::Acquire(won) => {
                    if won.is_unreadable {
                        FleetMember::of(session).report_unreadable_entry();
                    }
                    Ok(Asked::Acquire(lease))
                }
                Decision::AcquireAlone(error) => {
                    if let Some(error) = error {
                        FleetMember::of(session).report(Duration::ZERO, &Pause::Unavailable(error), now);
                    }
                    Ok(Asked::Acquire(None))
                }
                Decision::ServeOn(wait, pause) => {
                    Ok(Asked::Done(FleetMember::of(session).serve_on(self.id, wait, &pause, now)))
                }
                Decision::Fail(cool_down) => {
                    Ok(Asked::Done(FleetMember::of(session).cool_down(self.id, &cool_down, now)))
                }
                Decision::StayOut => Ok(Asked::StayOut),
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
                    permit.release();
                    runtime.sleep(wait).await;
                    permit.acquire().await;
                }
            }
        }
    }

    /// Looks for the token of another process during a back-off.
    pub(super) async fn look(&self, entry: &Entry, permit: &mut TaskPermit) -> Option<Next> {
        match self.ask(entry, true, permit).await? {
            Asked::Done(next) => Some(next),
            Asked::Acquire(_) | Asked::StayOut => self.stay_out(),
        }
    }

    /// Ends the acquisition without a token: the back-off goes on.
    pub(super) fn stay_out(&self) -> Option<Next> {
        let stay_out = |session: &mut Session, now| FleetMember::of(session).stay_out(self.id, now);
        Some(self.shared.upgrade()?.with_session_quietly(stay_out))
    }

    /// Shares the outcome. Callers get the new token already while this runs.
    pub(super) async fn publish(&self, lease: HeldLease, next: &Next) {
        let publication = match next {
            Next::Done(Ok(token)) => Publication::Token(StoredToken {
                access_token: token.access_token(),
                lifetime: token.expiry().served_life(),
                left: token.expiry().remaining(self.client.runtime().now()),
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
}

/// How many tokens that end on the way an acquisition takes from the store before it goes on without one.
const MOST_ENDED_TOKENS: usize = 4;
