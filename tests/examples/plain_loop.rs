//! A program with a loop and a blocking client (`ureq`): a `Session` caches its token and keeps it valid
//! without async, threads or locks.
//!
//! This is for a program that starts no threads. In `blocking_loop` a `BlockingTokenProvider` does the same.
//!
//! The time is the emulator's, so that an hour passes at once. A real program uses `Now::system`.

#![allow(clippy::print_stdout)] // a program that shows something

use std::{error::Error, time::Duration};

use cg_auth_core::{
    BaseUrl, ClientSecret, IssuedToken,
    body::Body,
    endpoint::{Answer, Endpoint, RequestOptions},
    model::DelegatedAccessToken,
    testing::ManualClock,
    time::{Now, Runtime},
    token::session::{Next, Session, Step},
    transport::TransportError,
};
use cg_auth_emulator::{Emulator, Operation};
use http::{Request, Response, StatusCode, header::AUTHORIZATION};

fn main() -> Result<(), Box<dyn Error>> {
    let clock = ManualClock::new().with_boot_clock();
    let lifetime = Duration::from_secs(10 * 60);
    let emulator = Emulator::builder().clock(clock.clone()).token_lifetime(lifetime).start_blocking()?;
    let credential = emulator.credential();
    let mut tokens = Tokens {
        session: Session::new(credential.user_principal_name().clone()),
        secret: credential.client_secret().clone(),
        base_url: emulator.base_url().clone(),
        agent: agent(),
        clock: clock.clone(),
    };

    // The service refuses three refreshes. No call fails, since the current token is still valid.
    let busy = emulator.next(Operation::RefreshUserAccessToken).times(3).refuse(503);
    for call in 0..360 {
        let token = tokens.token()?;
        let request = Request::get(emulator.protected_url());
        let request = request.header(AUTHORIZATION, token.authorization()).body(Vec::new())?;
        let status = tokens.agent.run(request)?.status();
        assert_eq!(status, StatusCode::OK, "call {call}");
        for event in tokens.session.take_events() {
            println!("after {} s: {}, {:?}", 10 * call, event.name(), event.fields());
        }
        clock.advance(Duration::from_secs(10));
    }

    let count = |operation| emulator.count(operation);
    let refreshes = count(Operation::RefreshUserAccessToken);
    println!("{} calls, 1 delegation, {refreshes} refreshes", count(Operation::ProtectedResource));
    assert_eq!(busy.hits(), 3);
    assert_eq!((count(Operation::GetDelegateAccessToken), count(Operation::ProtectedResource)), (1, 360));
    assert!((3 + 6..=3 + 9).contains(&refreshes), "{refreshes}");
    Ok(())
}

/// The session, and everything that it needs from the program.
struct Tokens {
    session: Session,
    secret: ClientSecret,
    base_url: BaseUrl,
    agent: ureq::Agent,
    clock: ManualClock,
}

impl Tokens {
    /// A valid token. Most calls return at once. A call that finds the token due for renewal renews it first.
    fn token(&mut self) -> Result<IssuedToken, Box<dyn Error>> {
        let now = self.now();
        let acquisition = match self.session.step(now) {
            Step::Serve(token) => return Ok(token),
            Step::Fail(error) => return Err(error.into()),
            Step::Start(acquisition) | Step::ServeAndStart(_, acquisition) => acquisition,
            Step::Wait => return Err("an acquisition was left unfinished".into()),
        };
        let mut next = self.session.begin(acquisition, Ok(self.secret.clone()), now);
        while let Next::Call(call) = &next {
            let result = self.send(call.endpoint());
            next = self.session.finish(acquisition, result, self.now());
        }
        match (self.session.valid_token(self.now()), next) {
            // After a failed refresh the current token may still be valid.
            (Some(token), _) => Ok(token),
            (None, Next::Done(Err(error))) => Err(error.into()),
            (None, _) => Err("the token expired on its way".into()),
        }
    }

    fn send(
        &self,
        endpoint: &dyn Endpoint<Output = DelegatedAccessToken>,
    ) -> Result<Answer<DelegatedAccessToken>, cg_auth_core::CallError> {
        let request = endpoint.to_request(&self.base_url, &RequestOptions::new())?;
        let sent = self.now();
        let response = exchange(&self.agent, request)?;
        Ok(endpoint.read(response)?.sent_at(sent))
    }

    fn now(&self) -> Now {
        self.clock.now()
    }
}

/// The error must say whether the request may have been sent: if so, the refresh token cannot be used again.
fn exchange(agent: &ureq::Agent, request: Request<Body>) -> Result<Response<Body>, TransportError> {
    let failed = |error| match error {
        error @ (ureq::Error::HostNotFound | ureq::Error::ConnectionFailed) => TransportError::connect(error),
        error => TransportError::closed(error),
    };
    let (head, body) = agent.run(request.map(|body| body.as_bytes().to_vec())).map_err(failed)?.into_parts();
    let body = body.into_with_config().limit(Body::DEFAULT_LIMIT as u64).read_to_vec().map_err(failed)?;
    Ok(Response::from_parts(head, body.into()))
}

/// Follows no redirect, since a request carries a secret. The endpoint checks the status.
fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .max_redirects(0)
        .http_status_as_error(false)
        .proxy(None)
        .timeout_global(Some(Duration::from_secs(100)))
        .build()
        .new_agent()
}
