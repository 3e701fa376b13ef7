//! [`FleetMember`]: the decisions of a session whose token several processes share.

use std::time::Duration;

use super::{
    AcquisitionId, Next, Session,
    back_off::{BackOff, LONGEST_READ_PAUSE},
    held_token::HeldToken,
    in_fleet::InFleet,
    refresh_grant::RefreshGrant,
};
use crate::{
    recovery::Recovery,
    time::Now,
    token::{
        Event, Expiry, IssuedToken, JwtClaims,
        error::Cause,
        fleet::{LEASE, Pause, Standing},
        store::{Claim, Claimed, CoolDown, Holder, SharedFailure, StoreError, StoredToken},
    },
};

/// A session as a member of a fleet: what it asks the store, and what it makes of the answer.
pub(in crate::token) struct FleetMember<'a> {
    session: &'a mut Session,
}

impl<'a> FleetMember<'a> {
    pub(in crate::token) const fn of(session: &'a mut Session) -> Self {
        Self { session }
    }

    /// From now on the token is shared in a store, and acquired with the credential only.
    pub(in crate::token) fn join(&mut self) {
        self.session.fleet = InFleet::on();
        self.session.refresh_grant = RefreshGrant::default();
    }

    /// Whether the session backs off, so that an acquisition only looks at the store.
    pub(in crate::token) fn only_looks(&mut self, now: Now) -> bool {
        let has_token = self.session.served(now).is_some();
        let only_looks = self.session.fleet.is_on() && self.session.back_off.error(has_token, now).is_some();
        if only_looks {
            self.session.fleet.looks(now);
        }
        only_looks
    }

    /// The claim of an acquisition that has asked for as long as `waited`, and what decides about the answer. One
    /// that `stays_out` only looks.
    pub(in crate::token) fn claim(
        &mut self,
        holder: Holder,
        stays_out: bool,
        waited: Duration,
        now: Now,
    ) -> (Claim, Standing) {
        let token = self.session.served(now).map(|(_, token)| token);
        let age = self.session.held.as_ref().filter(|_| token.is_some()).map(|held| held.token_age(now));
        let claim = Claim {
            held: token.map(|token| (token.access_token(), token.expiry().remaining(now))),
            unwanted: self.session.fleet.unwanted(),
            lease: (!stays_out).then_some(LEASE),
            ..Claim::new(holder)
        };
        let has_failed = self.session.back_off.failures > 0;
        (claim, Standing { token: age, stays_out, has_failed, waited })
    }

    /// The answer to a claim, as far as it can be believed.
    pub(in crate::token) fn believed(
        &mut self,
        claimed: Result<Claimed, StoreError>,
        now: Now,
    ) -> Result<Claimed, StoreError> {
        self.session.fleet.believed(claimed, now)
    }

    /// Ends an acquisition with the token of another process, whose life was told at `asked`. `None` if it has ended
    /// on the way: then the store is asked for another one.
    pub(in crate::token) fn adopt(
        &mut self,
        id: AcquisitionId,
        stored: &StoredToken,
        asked: Now,
        now: Now,
    ) -> Option<Next> {
        let expiry = Expiry::of_store(stored.lifetime, stored.left, asked);
        let token = IssuedToken::new(&stored.access_token, expiry);
        let end = JwtClaims::read(token.expose_secret()).and_then(JwtClaims::end);
        if let Some((end, left)) = end.zip(stored.left) {
            self.session.service_clock.learn_of_store(end, left, asked, now);
        }
        let held = HeldToken::new(token.clone(), now, self.session.random.f64());
        if held.served(now).is_none() {
            self.session.fleet.refuse(stored.access_token.clone());
            return None;
        }
        let Some(acquisition) = self.session.acquisition.take_if(|it| it.id == id) else {
            return Some(Next::Superseded);
        };
        self.session.held = Some(held.after(self.session.held.as_ref(), now));
        self.session.back_off = BackOff::default();
        self.session.events.push(acquisition.adopted(expiry.remaining(now), now));
        Some(Next::Done(Ok(token)))
    }

    /// Ends an acquisition without a request: the valid token is served on, and the store is asked again after
    /// `wait`.
    pub(in crate::token) fn serve_on(
        &mut self,
        id: AcquisitionId,
        wait: Duration,
        pause: &Pause,
        now: Now,
    ) -> Next {
        if self.session.acquisition.take_if(|it| it.id == id).is_none() {
            return Next::Superseded;
        }
        self.pause(wait, pause, now);
        match self.session.valid_token(now) {
            Some(token) => Next::Done(Ok(token)),
            None => Next::Superseded,
        }
    }

    /// Tells of a pause once, and serves the valid token for `wait`.
    pub(in crate::token) fn pause(&mut self, wait: Duration, pause: &Pause, now: Now) {
        self.report(wait, pause, now);
        if let (Pause::NothingNewer, Some(held)) = (pause, &mut self.session.held) {
            held.is_handed_out_again = true;
        }
        let failure = SharedFailure::new("pause", Recovery::Retry, None);
        self.session.back_off.wait(Cause::Shared(failure).into(), wait, true, now);
    }

    /// Tells why the process does not acquire, or acquires alone.
    pub(in crate::token) fn report(&mut self, wait: Duration, pause: &Pause, now: Now) {
        let event = self.session.fleet.event(pause, wait, now);
        self.session.events.extend(event);
    }

    /// Reports a token in the store that could not be read.
    pub(in crate::token) fn report_unreadable_entry(&mut self) {
        self.session.events.push(Event::StoreEntryUnreadable);
    }

    /// Ends an acquisition without a request: another process has failed, and this one fails alike until the
    /// cool-down is over.
    pub(in crate::token) fn cool_down(&mut self, id: AcquisitionId, cool_down: &CoolDown, now: Now) -> Next {
        if self.session.acquisition.take_if(|it| it.id == id).is_none() {
            return Next::Superseded;
        }
        if let Some(error) = self.session.back_off.error(false, now) {
            return Next::Done(Err(error));
        }
        self.report(cool_down.left, &Pause::CoolingDown(cool_down.failure.clone()), now);
        let error = Cause::Shared(cool_down.failure.clone()).into();
        let Session { back_off, random, .. } = &mut *self.session;
        let is_refused = cool_down.failure.recovery() == Recovery::ReplaceCredential;
        Next::Done(Err(match is_refused && cool_down.left > LONGEST_READ_PAUSE {
            // Another secret ends it, so the secret is read again soon.
            true => back_off.put_off(error, LONGEST_READ_PAUSE, false, random.f64(), now),
            false => back_off.wait(error, cool_down.left, false, now),
        }))
    }

    /// Ends an acquisition that has only looked and found nothing: the back-off goes on.
    pub(in crate::token) fn stay_out(&mut self, id: AcquisitionId, now: Now) -> Next {
        if self.session.acquisition.take_if(|it| it.id == id).is_none() {
            return Next::Superseded;
        }
        match self.session.back_off.error(false, now) {
            Some(error) => Next::Done(Err(error)),
            None => Next::Superseded,
        }
    }
}
