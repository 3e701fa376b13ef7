//! [`Session`]: every decision about one user's token, without I/O.

mod acquisition;
mod back_off;
mod held;
mod patience;
mod schedule;
mod snapshot;
mod spare;
mod state;
mod verdict;

use std::fmt;

use self::{acquisition::Attempt, back_off::BackOff, held::Held, patience::Patience, spare::Spare};
pub use self::{
    acquisition::{AcquisitionId, Call, Next},
    schedule::Phase,
    snapshot::Snapshot,
    state::ProviderState,
};
use super::{DurationUnit, Event, Expiry, IssuedToken, Reason, TokenError};
use crate::{
    model::{DelegatedAccessToken, UserPrincipalName},
    time::{CoarseNow, Now},
};

/// The life of one user's token as a state machine: moments and results go in, decisions come out. It reads no
/// clock, sends nothing, waits for nothing and locks nothing; whoever drives it does.
///
/// ```text
///                     step                       begin                     finish
///   nothing to serve ------> attempt: Start(id) ------> Call(grant) ----+----------> token held
///          ^                      |                        ^            |
///          |                      | begin: refused secret  | refresh    | failed
///          |                      v unchanged              | refused or v
///          +---- back-off <-------+------------------------+ lost ------+
///
///   age of a held token    step says
///   fresh                  Serve
///   early                  ServeAndStart, then Serve while the attempt runs or its failure is backed off from
///   margin                 Start, then Wait; Serve while backing off
///   expired, invalidated   Start, then Wait; Fail while backing off
/// ```
///
/// [`seed`](Self::seed), [`clear`](Self::clear) and [`replace_secret`](Self::replace_secret) begin a new generation:
/// an attempt of the old one can bring nothing back.
///
/// ```
/// use std::time::{Duration, UNIX_EPOCH};
///
/// use cg_auth_core::{
///     ClientSecret, UserPrincipalName,
///     endpoint::Endpoint,
///     time::Now,
///     token::session::{Next, Session, Step},
/// };
///
/// let mut session = Session::new(UserPrincipalName::new("someone@example.com")?);
/// let now = Now::new(Duration::ZERO, UNIX_EPOCH);
/// let Step::Start(attempt) = session.step(now) else { panic!("there is nothing to serve yet") };
/// let Next::Call(call) = session.begin(attempt, Ok(ClientSecret::new("s3cret")?), now) else { panic!() };
///
/// // The request travels as the program likes; here it does not travel at all.
/// let answer = r#"{"value":{"access_token":"eyJ","refresh_token":"abc","duration":3600},"isSuccess":true}"#;
/// let answer = call.endpoint().read(http::Response::new(answer.into()))?.sent_at(now);
/// assert!(matches!(session.finish(attempt, Ok(answer), now), Next::Done(Ok(_))));
/// assert!(matches!(session.step(now), Step::Serve(token) if token.expose_secret() == "eyJ"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Session {
    user_principal_name: UserPrincipalName,
    duration_unit: DurationUnit,
    random: fastrand::Rng,
    generation: u64,
    attempts_begun: u64,
    held: Option<Held>,
    spare: Option<Spare>,
    /// Of refresh tokens that had just been issued, one after the other.
    refusals: u8,
    attempt: Option<Attempt>,
    back_off: Option<BackOff>,
    patience: Patience,
    has_told_mismatch: bool,
    events: Vec<Event>,
}

/// What to do for a caller who wants a token now. There will be no other cases: whoever drives a session has an
/// answer to each, and the compiler says so.
#[derive(Debug, Clone)]
#[must_use]
pub enum Step {
    /// Give this one.
    Serve(IssuedToken),
    /// Give this one, and make an attempt to get the next.
    ServeAndStart(IssuedToken, AcquisitionId),
    /// Make an attempt; its outcome is the answer.
    Start(AcquisitionId),
    /// An attempt is being made; its outcome is the answer.
    Wait,
    /// There is none, and it is too early to ask again.
    Fail(TokenError),
}

impl Session {
    /// A session of that user, which holds nothing yet.
    #[must_use]
    pub fn new(user_principal_name: UserPrincipalName) -> Self {
        Self::with_seed(user_principal_name, fastrand::u64(..))
    }

    /// The same with the chance that spreads refreshes and back-offs, so that it can be repeated.
    #[must_use]
    pub fn with_seed(user_principal_name: UserPrincipalName, seed: u64) -> Self {
        Self {
            user_principal_name,
            duration_unit: DurationUnit::default(),
            random: fastrand::Rng::with_seed(seed),
            generation: 0,
            attempts_begun: 0,
            held: None,
            spare: None,
            refusals: 0,
            attempt: None,
            back_off: None,
            patience: Patience::default(),
            has_told_mismatch: false,
            events: Vec::new(),
        }
    }

    /// The same with another unit of the wire's `duration`. Default: seconds.
    #[must_use]
    pub const fn with_duration_unit(mut self, unit: DurationUnit) -> Self {
        self.duration_unit = unit;
        self
    }

    /// On whose behalf the tokens are.
    #[must_use]
    pub const fn user_principal_name(&self) -> &UserPrincipalName {
        &self.user_principal_name
    }

    /// What to do for a caller who wants a token at `now`. Of all callers, one is told to start.
    pub fn step(&mut self, now: Now) -> Step {
        if let Some(held) = &mut self.held {
            held.settle(now);
        }
        let served = self.held.as_ref().and_then(|held| held.served(now));
        let is_busy = self.attempt.is_some();
        let back_off = self.back_off.as_ref().filter(|back_off| !back_off.is_over(now));
        match (served, back_off) {
            (Some((Phase::Fresh, token)), _) => Step::Serve(token),
            (Some((Phase::Early, token)), None) if !is_busy => {
                Step::ServeAndStart(token, self.start(Reason::Due, now))
            }
            (Some((Phase::Early, token)), _) => Step::Serve(token),
            (_, _) if is_busy => Step::Wait,
            (Some((_, token)), Some(_)) => Step::Serve(token),
            (Some(_), None) => Step::Start(self.start(Reason::Due, now)),
            (None, Some(back_off)) => Step::Fail(back_off.error(now)),
            (None, None) => Step::Start(self.start(self.reason(), now)),
        }
    }

    /// The token, if it may still be served at `now`, whether or not it is time for another.
    #[must_use]
    pub fn valid_token(&mut self, now: Now) -> Option<IssuedToken> {
        let held = self.held.as_mut()?;
        held.settle(now);
        held.served(now).map(|(_, token)| token)
    }

    /// Reports that a service refused `token`: it is not served any more, and the next caller gets another. False
    /// where nothing changes: the token has been replaced or reported already, or tokens are being refused so fast
    /// that the next one would fare no better; then it is served on.
    pub fn invalidate(&mut self, token: &IssuedToken, now: Now) -> bool {
        let Some(held) = &mut self.held else { return false };
        if !held.is_valid_issue(token) || !self.patience.bears_another(now) {
            return false;
        }
        held.invalidate();
        self.events.push(Event::Invalidated);
        true
    }

    /// Takes over a token from elsewhere, for instance from a store, in place of what there is.
    pub fn seed(&mut self, token: DelegatedAccessToken, expiry: Expiry, now: Now) {
        self.clear(now);
        let (access_token, refresh_token) = token.into_tokens();
        self.held = Some(Held::new(IssuedToken::new(&access_token, expiry), now, self.random.f64()));
        self.spare = refresh_token.map(|token| Spare { token, is_new: true });
    }

    /// Forgets everything: tokens, failures, the attempt under way.
    pub fn clear(&mut self, now: Now) {
        self.generation += 1;
        if let Some(attempt) = self.attempt.take() {
            self.tell_of_the_end(&attempt, now);
        }
        self.held = None;
        self.spare = None;
        self.refusals = 0;
        self.back_off = None;
        self.patience = Patience::default();
    }

    /// Gives up the attempt under way and the memory of failures, since there is another client secret. A token
    /// that is held stays.
    pub fn replace_secret(&mut self, now: Now) {
        self.generation += 1;
        self.refusals = 0;
        self.back_off = None;
        if let Some(attempt) = self.attempt.take() {
            self.give_up(&attempt, now);
        }
    }

    /// Gives a token away with its refresh token, for a store, and forgets everything. One that must not be served
    /// any more, such as one that had expired when it came, is given for the sake of its refresh token alone, as one
    /// that has expired.
    pub fn release(&mut self, now: Now) -> Option<(DelegatedAccessToken, Expiry)> {
        let held = self.held.take();
        let refresh_token = self.spare.take().map(|spare| spare.token);
        self.clear(now);
        let held = held?;
        let expiry = match held.served(now) {
            Some((_, token)) => token.expiry(),
            None if refresh_token.is_some() => Expiry::until(now.wall(), now),
            None => return None,
        };
        Some((DelegatedAccessToken::new(held.token().access_token(), refresh_token), expiry))
    }

    /// How often everything began anew.
    #[must_use]
    pub const fn generation(&self) -> u64 {
        self.generation
    }

    /// What is enough to serve on without a [`step`](Self::step), as long as nothing happens here, and for a minute
    /// at most: a step then looks at every clock, and what it sees makes another snapshot.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let Some(held) = self.held.as_ref().filter(|held| !held.is_invalidated()) else {
            return Snapshot::default();
        };
        let back_off_ends = self.back_off.as_ref().map(BackOff::ends);
        let settled = CoarseNow::from(held.settled());
        match held.sure(self.attempt.is_some(), back_off_ends) {
            // What serves nothing is the same each time, and so is published once.
            sure if sure.until <= settled.monotonic_nanos() => Snapshot::default(),
            sure => Snapshot { token: Some(held.token().clone()), sure, drift: settled.drift_nanos() },
        }
    }

    /// What has happened since the last time, in order.
    pub fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    fn reason(&self) -> Reason {
        match &self.held {
            None => Reason::Missing,
            Some(held) if held.is_invalidated() => Reason::Invalidated,
            Some(_) => Reason::Expired,
        }
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("user_principal_name", &self.user_principal_name)
            .field("generation", &self.generation)
            .field("held", &self.held)
            .field("has_refresh_token", &self.spare.is_some())
            .field("is_acquiring", &self.attempt.is_some())
            .field("failures", &self.back_off.as_ref().map_or(0, BackOff::failures))
            .finish_non_exhaustive()
    }
}
