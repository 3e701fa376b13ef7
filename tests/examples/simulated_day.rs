//! The tokens of a simulated day, without a clock, a socket or a runtime: a `Session` receives times and
//! returns decisions. A program with a driver of its own can test it like this.

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

    println!("{} calls, {} of them without a token, {} requests", day.calls, day.failed, day.requests);
    let count = |name| day.events.get(name).copied().unwrap_or(0);
    assert_eq!(day.calls, 22 * 360);
    // One token for each 40 to 50 minutes of 22 hours, one after the invalidation, one after the change of
    // the wall clock.
    assert!((24..=36).contains(&count("token_acquired")), "{:?}", day.events);
    assert_eq!(count("token_invalidated"), 1);
    // The revoked refresh token, and the one that was sent with the old secret.
    assert_eq!(count("refresh_token_dropped"), 2);
    assert_eq!(count("refresh_switched_off"), 0);
    // An hour of 503 and ten minutes with the old secret cause few requests.
    assert!((2..=30).contains(&count("token_failed")), "{:?}", day.events);
    assert!(day.requests <= count("token_acquired") + 30);
    Ok(())
}

struct Day {
    session: Session,
    /// The time since midnight, by a clock that a suspended host does not stop.
    passed: Duration,
    issued: u32,
    calls: u32,
    failed: u32,
    requests: u32,
    has_revoked: bool,
    events: BTreeMap<&'static str, u32>,
}

impl Day {
    fn new() -> Result<Self, Box<dyn Error>> {
        let user = UserPrincipalName::new("someone@example.com")?;
        Ok(Self {
            // A fixed jitter seed, so that the day can be reproduced.
            session: Session::with_seed(user, 2030),
            passed: Duration::ZERO,
            issued: 0,
            calls: 0,
            failed: 0,
            requests: 0,
            has_revoked: false,
            events: BTreeMap::new(),
        })
    }

    /// A call that needs a token, every ten seconds unless the host is suspended.
    fn call(&mut self) -> Result<(), Box<dyn Error>> {
        if self.is_within(9, 11) {
            return Ok(());
        }
        self.calls += 1;
        let now = self.now();
        let served = match self.session.step(now) {
            Step::Serve(token) => Some(token),
            Step::ServeAndStart(token, acquisition) => {
                self.acquire(acquisition)?;
                Some(token)
            }
            Step::Start(acquisition) => {
                self.acquire(acquisition)?;
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
                // The service is down for an hour; after it the session backs off for five minutes at most.
                assert!(self.passed >= HOURS * 3 && self.passed <= HOURS * 4 + Duration::from_secs(300));
                self.failed += 1;
            }
        }
        for event in self.session.take_events() {
            let minutes = self.passed.as_secs() / 60;
            println!("{:02}:{:02} {}", minutes / 60, minutes % 60, line(&event));
            *self.events.entry(event.name()).or_default() += 1;
        }
        Ok(())
    }

    fn acquire(&mut self, acquisition: AcquisitionId) -> Result<(), Box<dyn Error>> {
        let now = self.now();
        // The service replaces the secret at 18:00, and the program reads the new one ten minutes later.
        let is_known = self.passed >= HOURS * 18 + HOURS / 6;
        let secret = ClientSecret::new(if is_known { "new-secret" } else { "old-secret" })?;
        let mut next = self.session.begin(acquisition, Ok(secret), now);
        while let Next::Call(call) = &next {
            let response = self.service(call, is_known);
            let result = call.endpoint().read(response).map(|answer| answer.sent_at(now));
            next = self.session.finish(acquisition, result.map_err(Into::into), now);
        }
        Ok(())
    }

    /// The answer of the service at this time of the day.
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
        // At 6:00 the service revokes all refresh tokens.
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

    /// The host is suspended from 9:00 to 11:00. From 13:00 to 14:00 its wall clock is a year ahead.
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
