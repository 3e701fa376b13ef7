//! What a session may do, without its rules: only what callers, services and operators rely on.

mod calls;
mod held;

use std::{
    collections::HashSet,
    time::{Duration, UNIX_EPOCH},
};

use cg_auth_core::{
    IssuedToken, Recovery, TokenError, UserPrincipalName,
    causes::cause_chain,
    model::{AccessToken, DelegatedAccessToken, RefreshToken},
    testing::ManualClock,
    time::{Now, Runtime as _},
    token::{
        Expiry,
        session::{AcquisitionId, Call, Session, Snapshot, Step},
    },
};

use self::held::Held;
use super::given::{Ending, Event, Given, TokenKind};

/// A session, its clocks, and what is known about it.
///
/// - It never serves a token that has expired by any clock, or by the service's own.
/// - It serves a valid token, whatever fails.
/// - At most one acquisition is in flight, and none begins during a pause. Pauses grow and are bounded.
/// - It presents no refresh token twice after the service may have consumed it.
/// - A caller gets a token once the service gives one.
/// - Nothing that it shows holds a secret.
pub(super) struct Model {
    session: Session,
    clock: ManualClock,
    has_boot_clock: bool,
    /// How often the wall clock was set.
    wall_sets: u32,
    /// How much time has passed for the service.
    elapsed: Duration,
    /// How much time has passed if each jump of the wall clock counts.
    longest: Duration,
    published: Snapshot,
    held: Option<Held>,
    tokens: Vec<IssuedToken>,
    current: Option<Acquisition>,
    ended: Vec<Acquisition>,
    ids: HashSet<AcquisitionId>,
    count: u32,
    /// The refresh token that the session may present.
    refresh_token: Option<String>,
    spent: HashSet<String>,
    pause: Option<Pause>,
}

struct Acquisition {
    id: AcquisitionId,
    call: Option<Sent>,
}

/// A call in flight.
struct Sent {
    call: Call,
    at: Now,
    elapsed: Duration,
    longest: Duration,
    wall_sets: u32,
    refresh_token: Option<String>,
}

struct Pause {
    begun: Duration,
    wait: Duration,
    /// Whether it ends with the token, because the service only asks for a later refresh.
    is_of_refresh: bool,
}

impl Model {
    pub(super) fn new(seed: u64, has_boot_clock: bool) -> Self {
        let clock = ManualClock::new();
        let user = UserPrincipalName::new("someone@example.com").unwrap();
        Self {
            session: Session::with_seed(user, seed),
            clock: if has_boot_clock { clock.with_boot_clock() } else { clock },
            has_boot_clock,
            wall_sets: 0,
            elapsed: Duration::ZERO,
            longest: Duration::ZERO,
            published: Snapshot::default(),
            held: None,
            tokens: Vec::new(),
            current: None,
            ended: Vec::new(),
            ids: HashSet::new(),
            count: 0,
            refresh_token: None,
            spent: HashSet::new(),
            pause: None,
        }
    }

    pub(super) fn put(&mut self, event: &Event) {
        self.hit();
        match event {
            Event::Advance(by) => self.pass(Duration::from_millis(by.count()), false),
            Event::Suspend(by) => self.pass(Duration::from_millis(by.count()), true),
            Event::SetWall(by) => self.set_wall(*by),
            Event::Step => drop(self.step()),
            Event::Begin(secret) => self.begin(secret.text()),
            Event::Finish(ending) => self.finish(ending),
            Event::Abandon => self.abandon(),
            Event::Panic => self.panic(),
            Event::Late => self.come_late(),
            Event::Invalidate(is_newest) => self.invalidate(*is_newest),
            Event::Seed { left, has_refresh_token } => self.seed(*left, *has_refresh_token),
            Event::Clear => self.clear(),
            Event::ReplaceSecret => self.replace_secret(),
            Event::TakeTokens => self.take_tokens(),
        }
        self.look();
    }

    /// The service answers from now on, so a caller gets a token.
    pub(super) fn find_the_way_out(&mut self) {
        for _ in 0..4 {
            if let Step::Serve(_) = self.step() {
                return;
            }
            if self.current.is_none() {
                self.pass(Duration::from_secs(3601), false);
                continue;
            }
            self.begin(Some("CANARY-s3cret-3"));
            for _ in 0..2 {
                let (kind, refresh_token) = (TokenKind::Opaque, Given::None);
                self.finish(&Ending::Issued { kind, lifetime: 3600, refresh_token });
            }
            self.look();
        }
        panic!("no caller gets a token");
    }

    fn now(&self) -> Now {
        self.clock.now()
    }

    fn pass(&mut self, time: Duration, is_suspended: bool) {
        if is_suspended {
            self.clock.suspend(time);
        } else {
            self.clock.advance(time);
        }
        self.elapsed += time;
        self.longest += time;
    }

    fn set_wall(&mut self, seconds: i32) {
        let by = Duration::from_secs(seconds.unsigned_abs().into());
        let wall = self.now().wall();
        let wall = if seconds < 0 { wall - by } else { wall + by };
        // The nanoseconds of a coarse clock end in the year 2262.
        if wall < UNIX_EPOCH || wall > UNIX_EPOCH + A_CENTURY * 2 {
            return;
        }
        self.clock.set_wall(wall);
        self.wall_sets += 1;
        self.longest += if seconds < 0 { Duration::ZERO } else { by };
    }

    fn step(&mut self) -> Step {
        let now = self.now();
        let step = self.session.step(now);
        self.held.iter_mut().for_each(|held| held.observe(now));
        let is_valid = self.is_surely_valid();
        match &step {
            Step::Serve(token) => self.assert_may_serve(token),
            Step::ServeAndStart(token, id) => {
                self.assert_may_serve(token);
                self.start(*id, is_valid);
            }
            Step::Start(id) => self.start(*id, is_valid),
            Step::Wait => assert!(self.current.is_some(), "a caller waits for nothing"),
            Step::Fail(error) => {
                assert!(!is_valid, "a valid token is served, whatever fails");
                let pause = self.pause.as_ref().expect("a caller fails without a failure");
                let left = pause.wait.saturating_sub(now.monotonic() - pause.begun);
                assert!(left > Duration::ZERO && error.retry_after() == Some(left), "{left:?} {error:?}");
            }
        }
        step
    }

    fn start(&mut self, id: AcquisitionId, is_valid: bool) {
        assert!(self.current.is_none(), "two acquisitions in flight");
        assert!(self.ids.insert(id), "an id comes back");
        if let Some(pause) = &self.pause {
            let passed = self.now().monotonic() - pause.begun;
            assert!(passed >= pause.wait || (pause.is_of_refresh && !is_valid), "a request during a pause");
        }
        self.current = Some(Acquisition { id, call: None });
    }

    fn invalidate(&mut self, is_newest: bool) {
        let Some(token) = self.tokens.iter().rev().nth(usize::from(!is_newest)).cloned() else { return };
        if self.session.invalidate(&token, self.now()) {
            let held = self.held.as_mut().expect("a token is held");
            assert!(held.token.is_same_issue(&token) && !held.is_invalidated);
            held.is_invalidated = true;
        }
    }

    fn seed(&mut self, left: u16, has_refresh_token: bool) {
        self.count += 1;
        let now = self.now();
        let text = format!("CANARY-t{}", self.count);
        let refresh_token = has_refresh_token.then(|| format!("CANARY-r{}", self.count));
        let token = DelegatedAccessToken::new(
            AccessToken::new(text).unwrap(),
            refresh_token.clone().map(|text| RefreshToken::new(text).unwrap()),
        );
        let left = Duration::from_secs(left.into());
        self.session.seed(token, Expiry::until(now.wall() + left, now), now);
        self.forget();
        self.refresh_token = refresh_token;
        self.held = None;
        if let Some(token) = self.session.valid_token(now) {
            self.tokens.push(token.clone());
            let mut held = Held::new(token, now, self.longest, self.wall_sets);
            (held.lifetime, held.at_least) = (Some(left), Some(left));
            self.held = Some(held);
        }
    }

    fn clear(&mut self) {
        self.session.clear(self.now());
        self.forget();
    }

    /// Nothing of before counts any more.
    fn forget(&mut self) {
        self.end_without_result();
        (self.held, self.refresh_token, self.pause) = (None, None, None);
    }

    fn replace_secret(&mut self) {
        self.session.replace_secret(self.now());
        self.end_without_result();
        self.pause = None;
    }

    fn take_tokens(&mut self) {
        let released = self.session.take_tokens(self.now());
        let is_on_the_wire =
            self.current.iter().flat_map(|it| &it.call).any(|sent| sent.refresh_token.is_some());
        if let Some((token, expiry)) = released {
            let refresh_token = token.refresh_token().map(RefreshToken::expose_secret);
            assert!(refresh_token.is_none() || refresh_token == self.refresh_token.as_deref());
            assert!(
                refresh_token.is_none() || !is_on_the_wire,
                "it may be consumed when it is presented again"
            );
            let is_valid = self.is_surely_valid();
            assert!(!is_valid || !expiry.is_expired(self.now()), "a valid token is handed out as valid");
        }
        self.forget();
    }

    fn assert_may_serve(&self, token: &IssuedToken) {
        let held = self.held.as_ref().expect("a token is served that the service did not issue");
        assert!(held.token.is_same_issue(token), "an old token is served");
        held.assert_may_be_served(self.now());
        if held.wall_sets == self.wall_sets || self.has_boot_clock {
            assert!(held.ends.is_none_or(|end| self.elapsed < end), "a token is served past its exp");
        }
    }

    fn is_surely_valid(&self) -> bool {
        self.held.as_ref().is_some_and(|held| held.is_surely_valid(self.longest))
    }

    /// Reads the last snapshot, as most callers do.
    fn hit(&self) {
        if let Some(token) = self.published.token(self.now().into()) {
            self.assert_may_serve(token);
        }
    }

    /// Checks what is visible between two events.
    fn look(&mut self) {
        let now = self.now();
        self.published = self.session.snapshot();
        self.hit();
        let state = self.session.state(now);
        assert_eq!(state.is_acquiring, self.current.is_some());
        assert!(state.retry_in.is_none_or(|left| self.pause.as_ref().is_some_and(|it| left <= it.wait)));
        assert!(!state.has_refresh_token || self.refresh_token.is_some());
        let mut shown = format!("{state:?} {:?} {:?} ", self.session, self.published);
        for event in self.session.take_events() {
            shown.push_str(&format!("{event:?} {:?} ", event.name()));
        }
        shown.extend(state.last_error.map(|(error, _)| cause_chain(&error)));
        assert!(!shown.contains("CANARY"), "{shown}");
    }

    /// An acquisition has ended in a failure, and a pause begins.
    fn pause(&mut self, error: &TokenError, named: Option<u16>, is_of_refresh: bool) {
        let wait = error.retry_after().expect("a failure says how long the pause is");
        let named = Duration::from_secs(named.unwrap_or(0).into()).min(Duration::from_secs(3600));
        assert!(wait >= Duration::from_millis(500) && wait <= named.max(Duration::from_secs(60)), "{wait:?}");
        assert!(wait >= named, "the service asks for {named:?}");
        if error.recovery() != Recovery::ReplaceCredential {
            let failures = self.session.state(self.now()).failures;
            let longest = 2_u64.saturating_pow(failures.saturating_sub(1)).min(60);
            assert!(wait >= Duration::from_secs(longest) / 2, "pauses grow: {failures} {wait:?}");
        }
        self.pause = Some(Pause { begun: self.now().monotonic(), wait, is_of_refresh });
    }
}

const A_CENTURY: Duration = Duration::from_secs(3_155_760_000);
