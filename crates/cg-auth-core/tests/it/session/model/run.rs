//! [`Run`]: a session and the reference side by side.

use std::time::Duration;

use cg_auth_core::{
    CallError, IssuedToken, TokenError,
    model::{AccessToken, DelegatedAccessToken, RefreshToken},
    testing::ManualClock,
    time::Now,
    token::{
        Event, Expiry,
        session::{AcquisitionId, Call, Next, Snapshot, Step},
    },
    transport::TransportError,
};

use super::{
    Ending, Given, Op,
    reference::{Expected, Reference},
};
use crate::session::{Reply, Rig, answer, outcome, secret, sent_refresh_token};

pub(super) struct Run {
    rig: Rig,
    reference: Reference,
    /// The snapshot after the last input.
    published: Snapshot,
    tokens: Vec<IssuedToken>,
    current: Option<Acquisition>,
    old: Vec<Acquisition>,
    given: u32,
    ended: usize,
}

struct Acquisition {
    id: AcquisitionId,
    call: Option<(Call, Now)>,
}

impl Run {
    pub(super) fn new(has_boot_clock: bool, seed: u64) -> Self {
        let clock = ManualClock::new();
        let rig = Rig::on(if has_boot_clock { clock.with_boot_clock() } else { clock }, seed);
        Self {
            published: rig.session.snapshot(),
            rig,
            reference: Reference::new(has_boot_clock),
            tokens: Vec::new(),
            current: None,
            old: Vec::new(),
            given: 0,
            ended: 0,
        }
    }

    pub(super) fn put(&mut self, op: &Op) {
        match op {
            Op::Advance(time) => {
                self.rig.clock.advance(*time);
                return self.reference.pass(*time);
            }
            Op::Age(thousandths) => {
                let time = self.reference.until_aged(*thousandths);
                self.rig.clock.advance(time);
                return self.reference.pass(time);
            }
            Op::Suspend(time) => {
                self.rig.clock.suspend(*time);
                return self.reference.suspend(*time);
            }
            Op::SetWallByYears(years) => {
                let time = Duration::from_secs(365 * 86_400) * years.unsigned_abs();
                let wall = self.rig.now().wall();
                self.rig.clock.set_wall(if *years > 0 { wall + time } else { wall - time });
                return self.reference.set_wall();
            }
            Op::Step => drop(self.step()),
            Op::Begin(secret) => self.begin(*secret),
            Op::Finish(ending) => self.finish(ending),
            Op::Abandon => {
                if let Some(id) = self.current.as_ref().map(|acquisition| acquisition.id) {
                    self.rig.abandon(id);
                    self.supersede();
                    self.reference.abandon();
                }
            }
            Op::Panic => {
                if let Some(acquisition) = self.current.take() {
                    let next = self.rig.panicked(acquisition.id);
                    self.old.push(acquisition);
                    self.reference.abandon();
                    self.end(next, Expected::Failure(None));
                }
            }
            Op::Late => self.come_late(),
            Op::InvalidateNewest => self.invalidate(self.tokens.last().cloned()),
            Op::InvalidateOldest => self.invalidate(self.tokens.first().cloned()),
            Op::Seed(left, refreshes) => self.seed(*left, *refreshes),
            Op::Clear => {
                self.rig.clear();
                self.supersede();
                self.reference.clear();
            }
            Op::RenewSecret => {
                self.rig.replace_secret();
                self.supersede();
                self.reference.replace_secret();
            }
        }
        self.published = self.rig.session.snapshot();
        let events = self.rig.session.take_events();
        let ends = events.iter().filter(|event| {
            matches!(event, Event::Acquired { .. } | Event::Failed { .. } | Event::Abandoned { .. })
        });
        assert_eq!(ends.count(), std::mem::take(&mut self.ended), "one event for each acquisition");
        let state = self.rig.session.state(self.rig.now());
        assert_eq!(state.failures, self.reference.failures());
    }

    /// Asserts that time and successful acquisitions lead from this state to a token.
    pub(super) fn find_the_way_out(&mut self, secret: &'static str) {
        let begun = self.rig.now();
        for _ in 0..100 {
            match self.step() {
                Step::Serve(_) => {
                    let waited = self.rig.now().saturating_since(begun);
                    return assert!(waited <= Duration::from_secs(3600 + 120), "{waited:?}");
                }
                Step::Fail(error) => self.put(&Op::Advance(error.retry_after().unwrap())),
                Step::ServeAndStart(..) | Step::Start(_) | Step::Wait => {
                    self.put(&Op::Begin(Some(secret)));
                    self.put(&Op::Finish(Ending::Issued { lifetime: 3600, refresh_token: Given::Another }));
                }
            }
        }
        panic!("the session never gets a token");
    }

    fn step(&mut self) -> Step {
        let hit = self.published.token(self.rig.now().into()).cloned();
        if let Some(hit) = &hit {
            let valid = self.rig.valid_token().expect("a hit is valid");
            assert!(valid.is_same_issue(hit));
            assert!(self.reference.may_serve(), "a hit serves an expired token");
        }
        let step = self.rig.step();
        let allowed = self.reference.allowed();
        assert!(allowed.contains(&outcome(&step)), "{step:?} instead of {allowed:?}");
        let served = match &step {
            Step::Serve(token) | Step::ServeAndStart(token, _) => Some(token),
            Step::Start(_) | Step::Wait | Step::Fail(_) => None,
        };
        if let Some(token) = served {
            assert!(self.tokens.last().is_some_and(|newest| newest.is_same_issue(token)));
        }
        if !self.reference.has_missed_a_suspension() {
            assert!(hit.is_none() || matches!(step, Step::Serve(_)), "a step would not serve a hit");
        }
        self.reference.look_closer();
        if self.reference.is_surely_fresh() {
            assert!(
                self.rig.session.snapshot().token(self.rig.now().into()).is_some(),
                "the snapshot serves no token"
            );
        }
        if let Step::ServeAndStart(_, id) | Step::Start(id) = step {
            assert!(self.current.is_none(), "two acquisitions at once");
            assert!(self.old.iter().all(|old| old.id != id));
            self.current = Some(Acquisition { id, call: None });
            self.reference.start();
        }
        step
    }

    fn begin(&mut self, text: Option<&'static str>) {
        let Some(mut acquisition) = self.current.take() else { return };
        let now = self.rig.now();
        let given = text.map(secret).ok_or_else(|| TokenError::secret("none"));
        let next = self.rig.session.begin(acquisition.id, given, now);
        if acquisition.call.is_some() {
            assert!(matches!(next, Next::Superseded));
            self.current = Some(acquisition);
            return;
        }
        let expected = self.reference.begin(text);
        acquisition.call = self.go_on(acquisition.id, next, expected).map(|call| (call, now));
        if acquisition.call.is_some() { self.current = Some(acquisition) } else { self.old.push(acquisition) }
    }

    fn finish(&mut self, ending: &Ending) {
        let Some(mut acquisition) = self.current.take() else { return };
        let now = self.rig.now();
        let Some((call, sent)) = acquisition.call.take() else {
            assert!(matches!(self.rig.session.finish(acquisition.id, unsent(), now), Next::Superseded));
            self.current = Some(acquisition);
            return;
        };
        self.given += 1;
        let (reply, refresh_token) = ending.reply(self.given, &call);
        let next = self.rig.session.finish(acquisition.id, answer(&call, &reply, sent), now);
        let expected = self.reference.finish(ending, refresh_token);
        acquisition.call = self.go_on(acquisition.id, next, expected).map(|call| (call, now));
        if acquisition.call.is_some() {
            self.current = Some(acquisition);
        } else {
            acquisition.call = Some((call, sent));
            self.old.push(acquisition);
        }
    }

    /// Compares the outcome with the reference; returns the next call.
    fn go_on(&mut self, id: AcquisitionId, next: Next, expected: Expected) -> Option<Call> {
        match (next, expected) {
            (Next::Call(call), Expected::Call(refresh_token)) => {
                assert_eq!(sent_refresh_token(&call), refresh_token, "{id:?}");
                Some(call)
            }
            (Next::Call(_), expected) => panic!("a call instead of {expected:?}"),
            (next, expected) => {
                self.end(next, expected);
                None
            }
        }
    }

    fn end(&mut self, next: Next, expected: Expected) {
        self.ended += usize::from(!matches!(expected, Expected::SameRefusal { was_sent: false }));
        match (next, expected) {
            (Next::Done(Ok(token)), Expected::Token(held) | Expected::TokenUnlessClocksSayNo(held)) => {
                self.tokens.push(token);
                self.reference.hold(held);
            }
            (Next::Done(Err(error)), Expected::Failure(named)) => {
                self.reference.fail(error.retry_after().unwrap(), named);
            }
            (Next::Done(Err(error)), Expected::TokenUnlessClocksSayNo(_)) => {
                self.reference.fail(error.retry_after().unwrap(), None);
            }
            (Next::Done(Err(error)), Expected::SameRefusal { was_sent }) => {
                self.reference.refuse_again(error.retry_after().unwrap(), was_sent);
            }
            (next, expected) => panic!("{next:?} instead of {expected:?}"),
        }
    }

    /// Ends the acquisition in flight without an outcome.
    fn supersede(&mut self) {
        self.ended += usize::from(self.current.is_some());
        self.old.extend(self.current.take());
    }

    fn come_late(&mut self) {
        let Some(Acquisition { id, call }) = self.old.last() else { return };
        let now = self.rig.now();
        let result = match call {
            Some((call, _)) => answer(call, &Reply::Issued("late", 3600, Some("late")), now),
            None => unsent(),
        };
        let session = &mut self.rig.session;
        assert!(matches!(session.begin(*id, Ok(secret("late")), now), Next::Superseded));
        assert!(matches!(session.finish(*id, result, now), Next::Superseded));
        assert!(matches!(session.panicked(*id, now), Next::Superseded));
        session.abandon(*id, now);
    }

    fn invalidate(&mut self, token: Option<IssuedToken>) {
        let Some(token) = token else { return };
        let is_newest = self.tokens.last().is_some_and(|newest| newest.is_same_issue(&token));
        if self.rig.invalidate(&token) {
            assert!(is_newest && self.reference.holds_a_valid_one(), "the new token is not held");
            self.reference.invalidate();
        }
    }

    fn seed(&mut self, left: u64, refreshes: bool) {
        self.given += 1;
        let refresh_token = refreshes.then(|| format!("r{}", self.given));
        let now = self.rig.now();
        let token = DelegatedAccessToken::new(
            AccessToken::new(format!("t{}", self.given)).unwrap(),
            refresh_token.clone().map(|text| RefreshToken::new(text).unwrap()),
        );
        let expiry = Expiry::until(now.wall() + Duration::from_secs(left), now);
        self.rig.session.seed(token, expiry, now);
        self.supersede();
        self.reference.seed(left, refresh_token);
        // The test learns the issued token only once the session serves it.
        self.tokens.extend(self.rig.session.valid_token(now));
    }
}

fn unsent<T>() -> Result<T, CallError> {
    Err(TransportError::connect("x").into())
}
