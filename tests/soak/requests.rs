//! [`Ledger`] and [`Counted`]: the client's calls and their requests.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use async_trait::async_trait;
use cg_auth_core::{
    body::Body,
    transport::{HttpTransport, TransportError},
};
use http::{Request, Response};

/// Counts the calls of a client and the requests that it handed to its transport.
///
/// The retries of a call go to the same path, and the acquisitions of a user follow each other. So the first
/// request of an acquisition to a path is a call, and the others are its retries.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    calls: AtomicU64,
    requests: AtomicU64,
    /// Per user, how many calls of the current acquisition were to the two token operations.
    current: Mutex<HashMap<String, [bool; 2]>>,
}

impl Ledger {
    /// The acquisition or the call of `user` has ended.
    pub(crate) fn end(&self, user: &str) {
        if let Some(current) = self.current.lock().unwrap().get_mut(user) {
            *current = [false; 2];
        }
    }

    pub(crate) fn calls(&self) -> u64 {
        self.calls.load(Relaxed)
    }

    pub(crate) fn requests(&self) -> u64 {
        self.requests.load(Relaxed)
    }

    fn record(&self, request: &Request<Body>) {
        self.requests.fetch_add(1, Relaxed);
        let user = request.headers()["userprincipalname"].to_str().unwrap();
        let is_refresh = request.uri().path().ends_with("/refresh");
        let mut users = self.current.lock().unwrap();
        let current = match users.get_mut(user) {
            Some(current) => current,
            None => users.entry(user.to_owned()).or_default(),
        };
        let seen = &mut current[usize::from(is_refresh)];
        self.calls.fetch_add((!*seen).into(), Relaxed);
        *seen = true;
    }
}

/// A transport whose requests a [`Ledger`] counts.
#[derive(Debug)]
pub(crate) struct Counted {
    pub(crate) transport: Arc<dyn HttpTransport>,
    pub(crate) ledger: Arc<Ledger>,
}

#[async_trait]
impl HttpTransport for Counted {
    async fn send(&self, request: Request<Body>) -> Result<Response<Body>, TransportError> {
        self.ledger.record(&request);
        self.transport.send(request).await
    }
}
