//! [`Session`]: every decision about one user's token, without I/O.

mod acquisition;
pub(in crate::token) mod back_off;
pub(in crate::token) mod fleet_member;
mod held_token;
mod in_fleet;
mod provider_state;
mod refresh_grant;
mod report_limit;
mod schedule;
mod service_clock;
mod snapshot;
mod step;

use std::{
    fmt,
    time::{Duration, SystemTime},
};

use self::{
    acquisition::Acquisition,
    back_off::BackOff,
    held_token::HeldToken,
    in_fleet::InFleet,
    refresh_grant::{RefreshFailure, RefreshGrant},
    report_limit::ReportLimit,
    service_clock::ServiceClock,
};
pub use self::{
    acquisition::{AcquisitionId, Call, Next},
    provider_state::{ProviderState, StoreState},
    schedule::Phase,
    snapshot::Snapshot,
    step::Step,
};
use super::{
    DurationUnit, Event, Expiry, Grant, IssuedToken, Reason, TokenError, error::Cause, expiry::second_of,
};
use crate::{
    client::CallError,
    endpoint::Answer,
    model::{ClientSecret, DelegatedAccessToken, UserPrincipalName},
    recovery::Recovery,
    time::{CoarseNow, Now},
};

/// The lifecycle of one user's token as a state machine: times and results go in, decisions come out. The
/// driver reads the clocks, sends, waits and locks; the session does none of that.
///
/// ```text
///               step                          begin                   finish
///   no token  ------> acquisition: Start(id) ------> Call(grant) -----+-----> token held
///      ^                    |                          ^              |
///      |                    | begin: refused secret    | refresh      | failed
///      |                    v unchanged                | refused, lost, or
///      |                    |                          | too early and no  v
///      +----- back-off <----+--------------------------+ token is valid ---+
///
///   age of a held token    step returns
///   fresh                  Serve
///   early                  ServeAndStart, then Serve during the acquisition or back-off
///   margin                 Start, then Wait; Serve during a back-off
///   expired, invalidated   Start, then Wait; Fail during a back-off
/// ```
///
/// A [`seed`](Self::seed), [`clear`](Self::clear) or [`replace_secret`](Self::replace_secret) begins a new
/// generation: an acquisition of the old one can no longer change anything.
///
/// ```
/// use std::time::{Duration, UNIX_EPOCH};
/// use cg_auth_core::{ClientSecret, UserPrincipalName, endpoint::Endpoint, time::Now};
/// use cg_auth_core::token::session::{Next, Session, Step};
///
/// let mut session = Session::new(UserPrincipalName::new("someone@example.com")?);
/// let now = Now::new(Duration::ZERO, UNIX_EPOCH);
/// let Step::Start(id) = session.step(now) else { panic!("there is no token yet") };
/// let secret = Ok(ClientSecret::new("s3cret")?);
/// let Next::Call(call) = session.begin(id, secret, now) else { panic!() };
///
/// // The program sends the request of `call` with its own I/O. This is the answer:
/// let answer = r#"{"value":{"access_token":"eyJ","duration":3600},"isSuccess":true}"#;
/// let answer = call.endpoint().read(http::Response::new(answer.into()))?.sent_at(now);
/// assert!(matches!(session.finish(id, Ok(answer), now), Next::Done(Ok(_))));
/// let Step::Serve(token) = session.step(now) else { panic!("a token is held") };
/// assert_eq!(token.expose_secret(), "eyJ");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Session {
    user_principal_name: UserPrincipalName,
    duration_unit: DurationUnit,
    random: fastrand::Rng,
    generation: u64,
    last_id: u64,
    held: Option<HeldToken>,
    refresh_grant: RefreshGrant,
    acquisition: Option<Acquisition>,
    back_off: BackOff,
    last_error: Option<(TokenError, SystemTime)>,
    report_limit: ReportLimit,
    service_clock: ServiceClock,
    has_reported_mismatch: bool,
    fleet: InFleet,
    events: Vec<Event>,
}

impl Session {
    /// A session of `user_principal_name`, without a token.
    #[must_use]
    pub fn new(user_principal_name: UserPrincipalName) -> Self {
        Self::with_seed(user_principal_name, fastrand::u64(..))
    }

    /// Like [`new`](Self::new), with a fixed jitter seed, so that a run can be reproduced.
    #[must_use]
    pub fn with_seed(user_principal_name: UserPrincipalName, seed: u64) -> Self {
        Self {
            user_principal_name,
            duration_unit: DurationUnit::default(),
            random: fastrand::Rng::with_seed(seed),
            generation: 0,
            last_id: 0,
            held: None,
            refresh_grant: RefreshGrant::default(),
            acquisition: None,
            back_off: BackOff::default(),
            last_error: None,
            report_limit: ReportLimit::default(),
            service_clock: ServiceClock::default(),
            has_reported_mismatch: false,
            fleet: InFleet::default(),
            events: Vec::new(),
        }
    }

    /// Decides what to do for a caller who wants a token at `now`. Only one of several callers is told to
    /// start an acquisition.
    pub fn step(&mut self, now: Now) -> Step {
        let served = self.served(now);
        let mut back_off = self.back_off.error(served.is_some(), now);
        if served.is_none() && self.fleet.may_look(now) {
            back_off = None;
        }
        match (served, back_off) {
            (Some((Phase::Early, token)), None) if self.acquisition.is_none() => {
                Step::ServeAndStart(token, self.start(Reason::Due, now))
            }
            (Some((Phase::Fresh | Phase::Early, token)), _) => Step::Serve(token),
            _ if self.acquisition.is_some() => Step::Wait,
            (Some((_, token)), Some(_)) => Step::Serve(token),
            (Some(_), None) => Step::Start(self.start(Reason::Due, now)),
            (None, Some(error)) => Step::Fail(error),
            (None, None) => {
                let reason = match &self.held {
                    None => Reason::Missing,
                    Some(held) if held.is_invalidated => Reason::Invalidated,
                    Some(_) => Reason::Expired,
                };
                Step::Start(self.start(reason, now))
            }
        }
    }

    /// Continues an acquisition that a step has started, once its client secret was read.
    pub fn begin(&mut self, id: AcquisitionId, secret: Result<ClientSecret, TokenError>, now: Now) -> Next {
        let is_next = |it: &mut Acquisition| it.id == id && it.grant.is_none();
        let Some(acquisition) = self.acquisition.take_if(is_next) else { return Next::Superseded };
        let secret = match secret {
            Ok(secret) => secret,
            Err(error) => return self.fail(&acquisition, error, None, now),
        };
        let jitter = self.random.f64();
        match self.back_off.refuse_again(&secret, jitter, now) {
            Some(error) => Next::Done(Err(error)),
            None => self.call(acquisition, secret, now),
        }
    }

    /// Continues an acquisition after the call that [`Next::Call`] asked for.
    pub fn finish(
        &mut self,
        id: AcquisitionId,
        result: Result<Answer<DelegatedAccessToken>, CallError>,
        now: Now,
    ) -> Next {
        let is_next = |it: &mut Acquisition| it.id == id && it.grant.is_some();
        let Some(mut acquisition) = self.acquisition.take_if(is_next) else { return Next::Superseded };
        let Some((secret, grant)) = acquisition.answered(&result) else { return Next::Superseded };
        let error = match result {
            Ok(answer) => return self.accept(&acquisition, grant, answer, now),
            Err(error) => error,
        };
        if grant == Grant::RefreshToken {
            let failure = RefreshFailure::of(&error);
            self.events.extend(self.refresh_grant.failed(failure));
            match failure {
                RefreshFailure::Unused => {}
                RefreshFailure::Postponed if self.served(now).is_some() => {
                    return self.postpone(&acquisition, error.into(), now);
                }
                RefreshFailure::Postponed => {
                    self.refresh_grant.postpone(error.retry_after(), self.random.f64(), now);
                    return self.call(acquisition, secret, now);
                }
                RefreshFailure::Refused | RefreshFailure::Lost => {
                    return self.call(acquisition, secret, now);
                }
            }
        }
        let is_refused = error.recovery() == Recovery::ReplaceCredential;
        self.fail(&acquisition, error.into(), is_refused.then_some(secret), now)
    }

    /// Ends an acquisition whose driver is gone. That is no failure: the next caller starts another one. A
    /// refresh token that was on the wire is dropped.
    pub fn abandon(&mut self, id: AcquisitionId, now: Now) {
        if let Some(acquisition) = self.acquisition.take_if(|it| it.id == id) {
            self.drop_sent_token(&acquisition);
            self.events.push(acquisition.abandoned(now));
        }
    }

    /// Ends an acquisition whose driver has panicked. That is a failure: the next one may panic too.
    pub fn panicked(&mut self, id: AcquisitionId, now: Now) -> Next {
        let Some(acquisition) = self.acquisition.take_if(|it| it.id == id) else { return Next::Superseded };
        self.drop_sent_token(&acquisition);
        self.fail(&acquisition, Cause::Lost.into(), None, now)
    }

    /// The token, if it may be served at `now`, in any phase.
    #[must_use]
    pub fn valid_token(&mut self, now: Now) -> Option<IssuedToken> {
        self.served(now).map(|(_, token)| token)
    }

    /// Reports that a service refused `token`, so that the next caller gets a new one.
    ///
    /// Returns false if nothing changes: the token was replaced or reported already, or reports follow each
    /// other so fast that a new token would be refused too. Then the token is still served.
    pub fn invalidate(&mut self, token: &IssuedToken, now: Now) -> bool {
        let Some(held) = &mut self.held else { return false };
        if !held.is_valid_issue(token) || !self.report_limit.allows(now) {
            return false;
        }
        held.is_invalidated = true;
        self.fleet.refuse(token.access_token());
        self.events.push(Event::Invalidated);
        true
    }

    /// Replaces everything by a token from elsewhere, such as a store.
    pub fn seed(&mut self, token: DelegatedAccessToken, expiry: Expiry, now: Now) {
        self.clear(now);
        let (access_token, refresh_token) = token.into_tokens();
        self.held = Some(HeldToken::new(IssuedToken::new(&access_token, expiry), now, self.random.f64()));
        self.refresh_grant = RefreshGrant::new(refresh_token.filter(|_| !self.fleet.is_on()));
    }

    /// Forgets everything: tokens, failures and the acquisition in flight.
    pub fn clear(&mut self, now: Now) {
        self.generation += 1;
        self.events.extend(self.acquisition.take().map(|acquisition| acquisition.abandoned(now)));
        if let Some(held) = self.held.take() {
            self.fleet.refuse(held.token.access_token());
        }
        self.refresh_grant = RefreshGrant::default();
        self.back_off = BackOff::default();
        self.last_error = None;
        self.report_limit = ReportLimit::default();
    }

    /// Forgets failures and the acquisition in flight, since the client secret has changed. The token stays.
    pub fn replace_secret(&mut self, now: Now) {
        self.generation += 1;
        self.refresh_grant.forget_refusals();
        self.back_off = BackOff::default();
        self.abandon_current(now);
    }

    /// Hands out the token with its refresh token, for a store, and forgets everything. A token that must not
    /// be served any more is handed out as expired, and only if there is a refresh token.
    pub fn take_tokens(&mut self, now: Now) -> Option<(DelegatedAccessToken, Expiry)> {
        let tokens = self.expose_tokens(now);
        self.clear(now);
        tokens
    }

    /// The token with its refresh token, for a program that keeps them across restarts. The session goes on.
    ///
    /// A token that must not be served any more counts as expired, and there is one only with a refresh token.
    /// A refresh token that is on the wire is left out, since the service may have consumed it.
    ///
    /// Present the refresh token to the service only after this session has ended: the service may refuse the
    /// second use of a refresh token, and then all tokens of the user.
    #[must_use]
    pub fn expose_tokens(&self, now: Now) -> Option<(DelegatedAccessToken, Expiry)> {
        let refresh_token = self.refresh_grant.token.clone().filter(|_| !self.is_refreshing());
        let held = self.held.as_ref()?;
        let expiry = match held.served(now) {
            Some((_, token)) => token.expiry(),
            None if refresh_token.is_some() => Expiry::until(now.wall(), now),
            None => return None,
        };
        Some((DelegatedAccessToken::new(held.token.access_token(), refresh_token), expiry))
    }

    /// Sets the unit of the wire's `duration`. Default: seconds.
    #[must_use]
    pub const fn with_duration_unit(mut self, unit: DurationUnit) -> Self {
        self.duration_unit = unit;
        self
    }

    /// The user of the tokens.
    #[must_use]
    pub const fn user_principal_name(&self) -> &UserPrincipalName {
        &self.user_principal_name
    }

    /// The state at `now`.
    #[must_use]
    pub fn state(&self, now: Now) -> ProviderState {
        let held = self.held.as_ref().filter(|held| !held.is_invalidated);
        let has_token = held.is_some_and(|held| held.phase(now) < Phase::Expired);
        ProviderState {
            user_principal_name: self.user_principal_name.clone(),
            phase: held.map(|held| held.phase(now)),
            expiry: held.map_or(Expiry::UNKNOWN, |held| held.token.expiry()),
            is_acquiring: self.acquisition.is_some(),
            failures: self.back_off.failures,
            last_error: self.last_error.clone(),
            retry_in: self.back_off.error(has_token, now).and_then(|error| error.retry_after()),
            has_refresh_token: self.refresh_grant.is_usable(),
            store: None,
        }
    }

    /// The number of the generation, counted from 0.
    #[must_use]
    pub const fn generation(&self) -> u64 {
        self.generation
    }

    /// A snapshot that serves the token without a [`step`](Self::step), until the session changes.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let Some(held) = self.held.as_ref().filter(|held| !held.is_invalidated) else {
            return Snapshot::default();
        };
        let validity = held.validity(self.acquisition.is_some(), self.back_off.ends());
        let observed_at = CoarseNow::from(held.observed_at);
        // Snapshots that serve nothing are equal, so that only the first one is published.
        if validity.until <= observed_at.monotonic_nanos() {
            return Snapshot::default();
        }
        Snapshot { token: Some(held.token.clone()), validity, drift: observed_at.drift_nanos() }
    }

    /// The events since the last call, in order.
    pub fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    /// Ends an acquisition that sends no request, because the pool knows what the answer would be. That is no
    /// failure of this user: it causes no event and does not count. If the answer `is_of_refresh`, the credential
    /// is used once no token is valid.
    pub(super) fn put_off(
        &mut self,
        id: AcquisitionId,
        error: TokenError,
        longest: Duration,
        is_of_refresh: bool,
        now: Now,
    ) -> Next {
        if self.acquisition.take_if(|it| it.id == id).is_none() {
            return Next::Superseded;
        }
        Next::Done(Err(self.back_off.put_off(error, longest, is_of_refresh, self.random.f64(), now)))
    }

    /// A session of the same user and with the same options, without a token.
    pub(super) fn renewed(&mut self) -> Self {
        let seed = self.random.u64(..);
        Self::with_seed(self.user_principal_name.clone(), seed).with_duration_unit(self.duration_unit)
    }

    /// Abandons the acquisition in flight, whichever it is.
    pub(super) fn abandon_current(&mut self, now: Now) {
        if let Some(id) = self.acquisition.as_ref().map(|acquisition| acquisition.id) {
            self.abandon(id, now);
        }
    }

    /// The grant of the call that an acquisition would make first.
    pub(super) fn next_grant(&self, now: Now) -> Grant {
        if self.refresh_grant.can_send(now) { Grant::RefreshToken } else { Grant::Credential }
    }

    /// How long the next acquisition waits with its request, because the service would hand out an old token.
    pub(super) fn until_replaced(&self, now: Now) -> Duration {
        self.held.as_ref().map_or(Duration::ZERO, |held| held.until_replaced(&self.service_clock, now))
    }

    /// How long to wait before a call is repeated whose token has expired already. `None` if it is not repeated:
    /// its token is valid, the service issued an expired one, or it was a refresh, whose grant is used up.
    pub(super) fn repeats_after(
        &mut self,
        grant: Grant,
        answer: &Answer<DelegatedAccessToken>,
        now: Now,
    ) -> Option<Duration> {
        self.learn_the_time(answer, now);
        // What is known of the clock of the service has just proved wrong, so only this answer counts.
        let expiry = Expiry::of_answer(answer, self.duration_unit);
        let text = answer.value.access_token().expose_secret();
        // It may also end between the decision of the service and its answer.
        let has_ended = || {
            let is_old = self.held.as_ref().is_some_and(|held| held.token.expose_secret() == text);
            (is_old && expiry.is_expired(now)).then_some(Duration::ZERO)
        };
        let wait = expiry.until_replaced(now).or_else(has_ended)?;
        (grant == Grant::Credential).then_some(wait)
    }

    /// The expiry of a token that was just issued. Where the service caches tokens, callers have none between two of
    /// them, so there the expiry is as exact as this session knows the clock of the service.
    fn expiry_of(&self, answer: &Answer<DelegatedAccessToken>) -> Expiry {
        let expiry = Expiry::of_answer(answer, self.duration_unit);
        let text = answer.value.access_token().expose_secret();
        let is_cached =
            self.held.as_ref().is_some_and(|it| it.is_handed_out_again || it.token.expose_secret() == text);
        match second_of(answer).zip(answer.sent).filter(|_| is_cached) {
            Some((second, sent)) => expiry.with_unseen_age(self.service_clock.passed_of(second, sent)),
            None => expiry,
        }
    }

    fn learn_the_time(&mut self, answer: &Answer<DelegatedAccessToken>, now: Now) {
        if let Some((second, sent)) = second_of(answer).zip(answer.sent) {
            self.service_clock.learn(second, sent, now);
        }
    }

    /// Whether a refresh token is on the wire.
    pub(super) fn is_refreshing(&self) -> bool {
        self.acquisition.as_ref().is_some_and(|it| it.grant == Some(Grant::RefreshToken))
    }

    /// The errors that the session holds. A driver keeps a copy while it holds a lock, because an error may be
    /// the program's, and its `Drop` may call the driver.
    pub(super) fn held_errors(&self) -> [Option<TokenError>; 3] {
        let [of_pause, of_refusal] = self.back_off.errors();
        [of_pause, of_refusal, self.last_error.as_ref().map(|(error, _)| error.clone())]
    }

    fn served(&mut self, now: Now) -> Option<(Phase, IssuedToken)> {
        let held = self.held.as_mut()?;
        held.observe(now);
        held.served(now)
    }

    fn start(&mut self, reason: Reason, now: Now) -> AcquisitionId {
        self.last_id += 1;
        let id = AcquisitionId(self.last_id);
        self.acquisition = Some(Acquisition::new(id, reason, now));
        id
    }

    fn call(&mut self, mut acquisition: Acquisition, secret: ClientSecret, now: Now) -> Next {
        let refresh_token = self.refresh_grant.send(now);
        let call = acquisition.call(self.user_principal_name.clone(), secret, refresh_token);
        self.acquisition = Some(acquisition);
        Next::Call(call)
    }

    fn accept(
        &mut self,
        acquisition: &Acquisition,
        grant: Grant,
        answer: Answer<DelegatedAccessToken>,
        now: Now,
    ) -> Next {
        // A driver that does not say when it sent the request must not make a token valid for ever.
        let sent = answer.sent.unwrap_or(acquisition.begun);
        let answer = answer.sent_at(sent);
        self.learn_the_time(&answer, now);
        let expiry = self.expiry_of(&answer);
        if expiry.contradicts_duration() && !std::mem::replace(&mut self.has_reported_mismatch, true) {
            let (duration, lifetime) = (answer.value.duration(), expiry.lifetime());
            self.events.push(Event::DurationMismatch { duration, lifetime });
        }
        let request_id = answer.request_id().map(str::to_owned);
        let (access_token, refresh_token) = answer.value.into_tokens();
        // A refresh token is never shared, so none is presented twice.
        self.refresh_grant.succeeded(grant, refresh_token.filter(|_| !self.fleet.is_on()));
        let token = IssuedToken::new(&access_token, expiry);
        let held = HeldToken::new(token.clone(), now, self.random.f64());
        if held.served(now).is_none() {
            // The token is kept for `take_tokens`, which hands it out with its refresh token.
            self.held.get_or_insert(held);
            return self.fail(acquisition, Cause::ExpiredOnArrival.into(), None, now);
        }
        let before = self.held.take();
        self.held = Some(held.after(before.as_ref(), now));
        let before = before.filter(|before| before.is_invalidated);
        if before.is_some_and(|before| before.token.expose_secret() == token.expose_secret()) {
            self.events.push(Event::SameTokenAgain);
        }
        self.back_off = BackOff::default();
        self.events.push(acquisition.acquired(grant, expiry, request_id, now));
        Next::Done(Ok(token))
    }

    /// `refused` is the secret, if the service refused it.
    fn fail(
        &mut self,
        acquisition: &Acquisition,
        error: TokenError,
        refused: Option<ClientSecret>,
        now: Now,
    ) -> Next {
        let error = self.back_off.failed(error, refused, self.random.f64(), now);
        self.events.push(acquisition.failed(error.clone(), now));
        self.last_error = Some((error.clone(), now.wall()));
        Next::Done(Err(error))
    }

    /// Serves the valid token until the service takes the refresh token.
    fn postpone(&mut self, acquisition: &Acquisition, error: TokenError, now: Now) -> Next {
        let error = self.back_off.postponed(error, self.random.f64(), now);
        self.refresh_grant.pause(error.retry_after().unwrap_or_default(), now);
        self.last_error = Some((error.clone(), now.wall()));
        self.events.push(acquisition.failed(error.clone(), now));
        Next::Done(Err(error))
    }

    fn drop_sent_token(&mut self, acquisition: &Acquisition) {
        if acquisition.grant == Some(Grant::RefreshToken) {
            self.events.extend(self.refresh_grant.failed(RefreshFailure::Lost));
        }
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("user_principal_name", &self.user_principal_name)
            .field("generation", &self.generation)
            .field("held", &self.held)
            .field("has_refresh_token", &self.refresh_grant.token.is_some())
            .field("is_acquiring", &self.acquisition.is_some())
            .field("failures", &self.back_off.failures)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
