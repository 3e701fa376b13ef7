//! A day in the life of a token, without a clock, a socket or a runtime: moments go into a `Session`, decisions
//! come out. This is how a program tests what its own driver makes of bad days.

#![allow(clippy::print_stdout)] // a program that shows something

use std::{
    collections::BTreeMap,
    error::Error,
    time::{Duration, UNIX_EPOCH},
};

use cg_auth_core::{
    ClientSecret, UserPrincipalName,
    body::Body,
    time::Now,
    token::{
        Event, Grant,
        session::{AcquisitionId, Call, Next, Session, Step},
    },
};
use http::{HeaderValue, Response, StatusCode, header::RETRY_AFTER};

fn main() -> Result<(), Box<dyn Error>> {
    let mut day = Day::new()?;
    while day.passed < HOURS * 24 {
        day.call()?;
        day.passed += Duration::from_secs(10);
    }

    println!("{} calls, {} of them in vain, {} requests", day.calls, day.in_vain, day.requests);
    let told = |name| day.told.get(name).copied().unwrap_or(0);
    assert_eq!(day.calls, 22 * 360);
    // One token for each 40 to 50 minutes of the 22 hours awake, one for the report, one for the wall clock.
    assert!((24..=36).contains(&told("token_acquired")), "{:?}", day.told);
    assert_eq!(told("token_invalidated"), 1);
    // The revoked one, and the one that was sent with the old secret.
    assert_eq!(told("refresh_token_dropped"), 2);
    assert_eq!(told("refresh_switched_off"), 0);
    // An hour of 503 and ten minutes of an old secret come to a few requests.
    assert!((2..=30).contains(&told("token_failed")), "{:?}", day.told);
    assert!(day.requests <= told("token_acquired") + 30);
    Ok(())
}

struct Day {
    session: Session,
    /// Since midnight, by the clock that nothing stops.
    passed: Duration,
    issued: u32,
    calls: u32,
    in_vain: u32,
    requests: u32,
    has_revoked: bool,
    told: BTreeMap<&'static str, u32>,
}

impl Day {
    fn new() -> Result<Self, Box<dyn Error>> {
        let user = UserPrincipalName::new("someone@example.com")?;
        Ok(Self {
            // The same chance each time, so that the same day passes.
            session: Session::with_seed(user, 2030),
            passed: Duration::ZERO,
            issued: 0,
            calls: 0,
            in_vain: 0,
            requests: 0,
            has_revoked: false,
            told: BTreeMap::new(),
        })
    }

    /// A call that needs a token, every ten seconds unless the host sleeps.
    fn call(&mut self) -> Result<(), Box<dyn Error>> {
        if self.is_within(9, 11) {
            return Ok(());
        }
        self.calls += 1;
        let now = self.now();
        let served = match self.session.step(now) {
            Step::Serve(token) => Some(token),
            Step::ServeAndStart(token, attempt) => {
                self.attempt(attempt)?;
                Some(token)
            }
            Step::Start(attempt) => {
                self.attempt(attempt)?;
                self.session.valid_token(now)
            }
            Step::Wait | Step::Fail(_) => None,
        };
        match served {
            // An API refuses a token that has not expired.
            Some(token) if self.passed == HOURS * 15 => {
                self.session.invalidate(&token, now);
            }
            Some(token) => assert!(!token.expiry().is_expired(now)),
            None => {
                // The service is away, and then backed off from for five minutes at most.
                assert!(self.passed >= HOURS * 3 && self.passed <= HOURS * 4 + Duration::from_secs(300));
                self.in_vain += 1;
            }
        }
        for event in self.session.take_events() {
            let minutes = self.passed.as_secs() / 60;
            println!("{:02}:{:02} {}", minutes / 60, minutes % 60, line(&event));
            *self.told.entry(event.name()).or_default() += 1;
        }
        Ok(())
    }

    fn attempt(&mut self, attempt: AcquisitionId) -> Result<(), Box<dyn Error>> {
        let now = self.now();
        // At six in the evening the secret is replaced; the program learns of it ten minutes later.
        let is_known = self.passed >= HOURS * 18 + HOURS / 6;
        let secret = ClientSecret::new(if is_known { "new-secret" } else { "old-secret" })?;
        let mut next = self.session.begin(attempt, Ok(secret), now);
        while let Next::Call(call) = &next {
            let response = self.service(call, is_known);
            let result = call.endpoint().read(response).map(|answer| answer.sent_at(now));
            next = self.session.finish(attempt, result.map_err(Into::into), now);
        }
        Ok(())
    }

    /// What the service says at this time of the day.
    fn service(&mut self, call: &Call, is_new_secret: bool) -> Response<Body> {
        self.requests += 1;
        if self.is_within(3, 4) {
            let mut busy = status(StatusCode::SERVICE_UNAVAILABLE);
            busy.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("300"));
            return busy;
        }
        if self.passed >= HOURS * 18 && !is_new_secret {
            return status(StatusCode::UNAUTHORIZED);
        }
        // What was issued before six in the morning is revoked.
        if call.grant() == Grant::RefreshToken && self.passed >= HOURS * 6 && !self.has_revoked {
            self.has_revoked = true;
            return status(StatusCode::BAD_REQUEST);
        }
        self.issued += 1;
        let n = self.issued;
        Response::new(Body::from(format!(
            r#"{{"value":{{"access_token":"token-{n}","refresh_token":"refresh-{n}","duration":3600}},"isSuccess":true}}"#
        )))
    }

    /// The host sleeps from nine to eleven, and from one to two its wall clock is a year ahead.
    fn now(&self) -> Now {
        let asleep = self.passed.saturating_sub(HOURS * 9).min(HOURS * 2);
        let ahead = if self.is_within(13, 14) { HOURS * 24 * 365 } else { Duration::ZERO };
        Now::new(self.passed - asleep, UNIX_EPOCH + MIDNIGHT + self.passed + ahead).with_boot(self.passed)
    }

    fn is_within(&self, from: u32, to: u32) -> bool {
        (HOURS * from..HOURS * to).contains(&self.passed)
    }
}

fn line(event: &Event) -> String {
    let fields = event.fields().into_iter().map(|(name, value)| format!(" {name}={value}"));
    event.name().to_owned() + &fields.collect::<String>()
}

fn status(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

const HOURS: Duration = Duration::from_secs(60 * 60);

/// 2030-01-01 00:00:00 UTC.
const MIDNIGHT: Duration = Duration::from_secs(1_893_456_000);
