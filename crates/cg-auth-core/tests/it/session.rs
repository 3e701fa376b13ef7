//! `Session`: every decision, without I/O.

mod back_off;
mod clocks;
mod events;
mod generations;
mod invalidation;
mod lifetimes;
mod model;
mod recovery;
mod token_errors;
mod transitions;

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use cg_auth_core::{
    CallError, ClientSecret, IssuedToken, UserPrincipalName,
    body::Body,
    endpoint::Answer,
    model::DelegatedAccessToken,
    testing::ManualClock,
    time::{Now, Runtime},
    token::{
        Event, Expiry,
        session::{AcquisitionId, Call, Next, Session, Step},
    },
    transport::TransportError,
};
use http::{HeaderMap, Response};

use crate::support::{SECRET, USER, base, response};

/// A session and its clock.
struct Rig {
    session: Session,
    clock: ManualClock,
}

/// The answer to a call.
#[derive(Debug, Clone)]
enum Reply {
    /// A token: its text, its `duration` and a refresh token.
    Issued(&'static str, i64, Option<&'static str>),
    /// A failure: its status and `Retry-After`.
    Status(u16, Option<&'static str>),
    /// Status, headers and body.
    Whole(u16, Vec<(&'static str, String)>, String),
    Unsent(TransportError),
}

impl Rig {
    fn new() -> Self {
        Self::on(ManualClock::new(), 7)
    }

    /// A rig with a boot clock.
    fn with_boot_clock() -> Self {
        Self::on(ManualClock::new().with_boot_clock(), 7)
    }

    fn on(clock: ManualClock, seed: u64) -> Self {
        let user = UserPrincipalName::new(USER).unwrap();
        Self { session: Session::with_seed(user, seed), clock }
    }

    fn now(&self) -> Now {
        self.clock.now()
    }

    fn advance(&self, seconds: f64) {
        self.clock.advance(Duration::from_secs_f64(seconds));
    }

    fn step(&mut self) -> Step {
        self.session.step(self.clock.now())
    }

    /// The name of the next step.
    fn stepped(&mut self) -> &'static str {
        outcome(&self.step())
    }

    /// Starts the acquisition that a step asks for.
    fn start(&mut self) -> AcquisitionId {
        match self.step() {
            Step::Start(id) | Step::ServeAndStart(_, id) => id,
            step => panic!("the step starts no acquisition: {step:?}"),
        }
    }

    fn begin(&mut self, id: AcquisitionId) -> Next {
        self.begin_with(id, SECRET)
    }

    fn begin_with(&mut self, id: AcquisitionId, text: &str) -> Next {
        self.session.begin(id, Ok(secret(text)), self.clock.now())
    }

    fn call(&mut self, id: AcquisitionId) -> Call {
        called(self.begin(id))
    }

    /// Answers a call at once.
    fn finish(&mut self, id: AcquisitionId, call: &Call, reply: &Reply) -> Next {
        let now = self.now();
        self.session.finish(id, answer(call, reply, now), now)
    }

    /// A whole acquisition with one call.
    fn acquisition(&mut self, reply: &Reply) -> Next {
        let id = self.start();
        let call = self.call(id);
        self.finish(id, &call, reply)
    }

    fn acquire(&mut self, reply: &Reply) -> IssuedToken {
        match self.acquisition(reply) {
            Next::Done(Ok(token)) => token,
            next => panic!("no token: {next:?}"),
        }
    }

    fn panicked(&mut self, id: AcquisitionId) -> Next {
        self.session.panicked(id, self.clock.now())
    }

    fn invalidate(&mut self, token: &IssuedToken) -> bool {
        self.session.invalidate(token, self.clock.now())
    }

    fn abandon(&mut self, id: AcquisitionId) {
        self.session.abandon(id, self.clock.now());
    }

    fn clear(&mut self) {
        self.session.clear(self.clock.now());
    }

    fn replace_secret(&mut self) {
        self.session.replace_secret(self.clock.now());
    }

    fn valid_token(&mut self) -> Option<IssuedToken> {
        self.session.valid_token(self.clock.now())
    }

    fn take_tokens(&mut self) -> Option<(DelegatedAccessToken, Expiry)> {
        self.session.take_tokens(self.clock.now())
    }

    /// The text of the token that a snapshot serves now.
    fn snapshot_serves(&self) -> Option<String> {
        self.session.snapshot().token(self.now().into()).map(|token| token.expose_secret().to_owned())
    }

    fn event_names(&mut self) -> Vec<&'static str> {
        self.session.take_events().iter().map(Event::name).collect()
    }
}

fn answer(call: &Call, reply: &Reply, sent: Now) -> Result<Answer<DelegatedAccessToken>, CallError> {
    let response = match reply {
        Reply::Issued(text, duration, refresh_token) => issued(text, *duration, *refresh_token),
        Reply::Status(status, None) => response(*status, &[], ""),
        Reply::Status(status, Some(after)) => response(*status, &[("retry-after", after)], ""),
        Reply::Whole(status, headers, body) => {
            let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
            response(*status, &headers, body.clone())
        }
        Reply::Unsent(error) => return Err(error.clone().into()),
    };
    Ok(call.endpoint().read(response)?.sent_at(sent))
}

fn issued(text: &str, duration: i64, refresh_token: Option<&str>) -> Response<Body> {
    response(200, &[], issued_body(text, duration, refresh_token))
}

fn issued_body(text: &str, duration: i64, refresh_token: Option<&str>) -> String {
    let refresh_token = refresh_token.map_or("null".to_owned(), |token| format!("{token:?}"));
    format!(
        r#"{{"value":{{"access_token":"{text}","refresh_token":{refresh_token},"duration":{duration}}},"isSuccess":true}}"#
    )
}

/// A token whose claims say that it expired in January 1970, a long time before the answer.
fn expired_on_arrival(refresh_token: Option<&str>) -> Reply {
    let body = issued_body(&jwt(0, 3600), 3600, refresh_token);
    Reply::Whole(200, vec![("date", "Tue, 01 Jan 2030 00:00:00 GMT".to_owned())], body)
}

fn jwt(issued_at: i64, expires_at: i64) -> String {
    let claims = format!(r#"{{"iat":{issued_at},"exp":{expires_at}}}"#);
    format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims))
}

fn secret(text: &str) -> ClientSecret {
    ClientSecret::new(text).unwrap()
}

fn called(next: Next) -> Call {
    match next {
        Next::Call(call) => call,
        next => panic!("no call: {next:?}"),
    }
}

/// The refresh token that a call sends.
fn sent_refresh_token(call: &Call) -> Option<String> {
    let headers: HeaderMap =
        call.endpoint().to_request(&base(), &Default::default()).unwrap().headers().clone();
    headers.get("refresh_token").map(|value| value.to_str().unwrap().to_owned())
}

fn outcome(step: &Step) -> &'static str {
    match step {
        Step::Serve(_) => "serve",
        Step::ServeAndStart(..) => "serve and start",
        Step::Start(_) => "start",
        Step::Wait => "wait",
        Step::Fail(_) => "fail",
    }
}

fn came_to(next: &Next) -> String {
    match next {
        Next::Call(call) => format!("call {}", call.grant()),
        Next::Done(Ok(_)) => "token".to_owned(),
        Next::Done(Err(error)) => error.kind().as_str().to_owned(),
        Next::Superseded => "superseded".to_owned(),
    }
}

/// A token that lives for an hour, without a refresh token.
const HOUR: Reply = Reply::Issued("first", 3600, None);

/// The answer of an overloaded service.
const BUSY: Reply = Reply::Status(503, None);

/// The answer of a service that refuses the secret.
const REFUSED: Reply = Reply::Status(401, None);
