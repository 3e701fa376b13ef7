//! [`Service`]: issues each user a token that holds the user's name.

use std::{
    fmt,
    future::poll_fn,
    sync::{Arc, Mutex, MutexGuard},
    task::{Poll, Waker},
};

use async_trait::async_trait;
use cg_auth_core::{
    body::Body,
    transport::{HttpTransport, TransportError},
};
use http::{Request, Response};

use crate::support::{header_text, response};

#[derive(Clone, Default)]
pub(super) struct Service {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    requests: Vec<(String, &'static str)>,
    secrets: Vec<String>,
    in_flight: usize,
    most_in_flight: usize,
    is_closed: bool,
    is_down: bool,
    grant_down: Option<&'static str>,
    /// The status that answers each refresh.
    refresh_status: Option<u16>,
    refused_secret: Option<String>,
    refused_user: Option<String>,
    panics_for: Option<String>,
    wakers: Vec<Waker>,
    tokens: u64,
}

impl Service {
    /// From now on requests arrive and are not answered, until [`open`](Self::open).
    pub(super) fn close(&self) {
        self.state().is_closed = true;
    }

    pub(super) fn open(&self) {
        let mut state = self.state();
        state.is_closed = false;
        let wakers = std::mem::take(&mut state.wakers);
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
    }

    pub(super) fn set_down(&self, is_down: bool) {
        self.state().is_down = is_down;
    }

    /// Answers calls with this grant, `delegate` or `refresh`, as a service that is down.
    pub(super) fn set_grant_down(&self, grant: &'static str) {
        self.state().grant_down = Some(grant);
    }

    pub(super) fn refuse_refresh(&self) {
        self.fail_refresh(400);
    }

    /// Answers each refresh with `status`, which is no success.
    pub(super) fn fail_refresh(&self, status: u16) {
        self.state().refresh_status = Some(status);
    }

    /// Refuses this secret of all users, or none.
    pub(super) fn refuse_secret(&self, secret: Option<&str>) {
        self.state().refused_secret = secret.map(str::to_owned);
    }

    /// Refuses each secret of this user.
    pub(super) fn refuse_user(&self, user: &str) {
        self.state().refused_user = Some(user.to_owned());
    }

    pub(super) fn panic_for(&self, user: &str) {
        self.state().panics_for = Some(user.to_owned());
    }

    /// The user of each request, and `delegate` or `refresh`.
    pub(super) fn requests(&self) -> Vec<(String, &'static str)> {
        self.state().requests.clone()
    }

    /// The client secret of each answered request.
    pub(super) fn secrets(&self) -> Vec<String> {
        self.state().secrets.clone()
    }

    pub(super) fn count(&self) -> usize {
        self.state().requests.len()
    }

    pub(super) fn in_flight(&self) -> usize {
        self.state().in_flight
    }

    pub(super) fn most_in_flight(&self) -> usize {
        self.state().most_in_flight
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    fn answer(&self, user: &str, secret: &str, refresh_token: Option<&str>) -> Response<Body> {
        let mut state = self.state();
        state.secrets.push(secret.to_owned());
        let grant = if refresh_token.is_some() { "refresh" } else { "delegate" };
        if state.is_down || state.grant_down == Some(grant) {
            return response(503, &[], "");
        }
        if state.refused_secret.as_deref() == Some(secret) || state.refused_user.as_deref() == Some(user) {
            return response(401, &[], "");
        }
        if let Some(status) = state.refresh_status.filter(|_| refresh_token.is_some()) {
            return response(status, &[], "");
        }
        state.tokens += 1;
        let number = state.tokens;
        // A refresh token is exchanged for a token of its owner, even if another user sends it.
        let owner = refresh_token.map_or(user, owner);
        let body = format!(
            r#"{{"value":{{"access_token":"access-{number}/{owner}","refresh_token":"refresh-{number}/{owner}","duration":3600}},"isSuccess":true}}"#
        );
        response(200, &[], body)
    }
}

/// The user of a token.
pub(super) fn owner(token: &str) -> &str {
    token.split_once('/').unwrap().1
}

#[async_trait]
impl HttpTransport for Service {
    async fn send(&self, request: Request<Body>) -> Result<Response<Body>, TransportError> {
        let header = |name| header_text(request.headers(), name).map(str::to_owned);
        let user = header("userprincipalname").unwrap();
        let refresh_token = header("refresh_token");
        let _in_flight = InFlight::new(self, &user, refresh_token.is_some());
        let mut is_first_poll = true;
        poll_fn(|context| {
            let mut state = self.state();
            // Each answer takes at least two polls, so that requests overlap.
            if std::mem::take(&mut is_first_poll) {
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            if state.is_closed {
                state.wakers.push(context.waker().clone());
                return Poll::Pending;
            }
            Poll::Ready(())
        })
        .await;
        let panics = self.state().panics_for.as_ref() == Some(&user);
        assert!(!panics, "on purpose");
        Ok(self.answer(&user, &header("clientsecret").unwrap(), refresh_token.as_deref()))
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Service")
    }
}

struct InFlight<'a>(&'a Service);

impl<'a> InFlight<'a> {
    fn new(service: &'a Service, user: &str, is_refresh: bool) -> Self {
        let mut state = service.state();
        state.requests.push((user.to_owned(), if is_refresh { "refresh" } else { "delegate" }));
        state.in_flight += 1;
        state.most_in_flight = state.most_in_flight.max(state.in_flight);
        Self(service)
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.state().in_flight -= 1;
    }
}
