//! [`Service`]: an emulator that is redeployed in the course of the day.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use cg_auth_core::{
    ApiCredential, AuthClient, ClientSecret, UserPrincipalName,
    body::Body,
    testing::ManualClock,
    transport::{HttpTransport, TransportError},
};
use cg_auth_emulator::{Emulator, Operation, ScriptGuard, User};
use cg_auth_hyper::HyperTransport;
use http::{Request, Response, Uri};

use super::timetable::{BUSY_FOR, Incident, LIFETIME};

/// A service of several users, who share a client secret. A new deployment has a new address, and accepts no
/// token of the previous one.
#[derive(Debug)]
pub(crate) struct Service {
    keeps_a_cache: bool,
    clock: ManualClock,
    users: Vec<UserPrincipalName>,
    deployments: Vec<Emulator>,
    address: Arc<Mutex<SocketAddr>>,
    scripts: Vec<ScriptGuard>,
}

impl Service {
    /// A service that caches tokens detects no reuse of refresh tokens; one without a cache does.
    pub(crate) fn new(keeps_a_cache: bool, clock: ManualClock, users: Vec<UserPrincipalName>) -> Self {
        let address = Arc::new(Mutex::new(([127, 0, 0, 1], 0).into()));
        let (deployments, scripts) = (Vec::new(), Vec::new());
        Self { keeps_a_cache, clock, users, deployments, address, scripts }
    }

    pub(crate) async fn deploy(&mut self, secret: &ClientSecret, seed: u64) {
        let mut builder = Emulator::builder()
            .clock(self.clock.clone())
            .seed(seed)
            .token_lifetime(LIFETIME)
            .token_cache(self.keeps_a_cache)
            .reuse_detection(!self.keeps_a_cache);
        for user in &self.users {
            let credential = ApiCredential::new(secret.clone(), user.clone());
            builder = builder.user(User::new(credential).administrator(true));
        }
        let emulator = builder.start().await.unwrap();
        *self.address.lock().unwrap() = emulator.address();
        self.deployments.push(emulator);
    }

    /// Changes the secret of all users, and forgets refresh tokens and cached tokens. Access tokens stay valid.
    pub(crate) async fn replace_secret(&self, secret: &ClientSecret) {
        let emulator = self.emulator();
        for user in emulator.users() {
            emulator.change_user(user.client_secret(secret.clone())).unwrap();
        }
        let client = AuthClient::new(emulator.base_url().clone(), HyperTransport::new().unwrap());
        let administrator = ApiCredential::new(secret.clone(), self.users[0].clone());
        client.delete_token_cache(&administrator).await.unwrap();
    }

    pub(crate) const fn keeps_a_cache(&self) -> bool {
        self.keeps_a_cache
    }

    /// The current deployment.
    pub(crate) fn emulator(&self) -> &Emulator {
        self.deployments.last().unwrap()
    }

    /// The number of requests for `operation` that all deployments have received.
    pub(crate) fn count(&self, operation: Operation) -> u64 {
        self.deployments.iter().map(|emulator| emulator.count(operation)).sum()
    }

    /// Plays `incident` until the next call.
    pub(crate) fn play(&mut self, incident: Option<Incident>) {
        let emulator = self.deployments.last().unwrap();
        let script = |operation| {
            let next = emulator.next(operation).always();
            match (incident?, operation) {
                (Incident::ResourceRefuses, Operation::ProtectedResource) => Some(next.refuse(401)),
                (_, Operation::ProtectedResource) => None,
                (Incident::Busy, _) => Some(next.retry_after(BUSY_FOR).refuse(503)),
                (Incident::ConnectionsDrop, _) => Some(next.drop_connection()),
                (Incident::Slow, _) => Some(next.delay(SLOWLY)),
                _ => None,
            }
        };
        let operations = [
            Operation::GetDelegateAccessToken,
            Operation::RefreshUserAccessToken,
            Operation::ProtectedResource,
        ];
        self.scripts = operations.into_iter().filter_map(script).collect();
    }

    /// `transport`, led to the current deployment.
    pub(crate) fn reached_by<T: HttpTransport>(&self, transport: T) -> Forwarding<T> {
        Forwarding { transport, to: Arc::clone(&self.address) }
    }
}

/// Sends each request to the current deployment, as a name server or a load balancer would.
#[derive(Debug)]
pub(crate) struct Forwarding<T> {
    transport: T,
    to: Arc<Mutex<SocketAddr>>,
}

#[async_trait]
impl<T: HttpTransport> HttpTransport for Forwarding<T> {
    async fn send(&self, mut request: Request<Body>) -> Result<Response<Body>, TransportError> {
        let authority = self.to.lock().unwrap().to_string();
        let mut parts = request.uri().clone().into_parts();
        parts.authority = Some(authority.parse().unwrap());
        *request.uri_mut() = Uri::from_parts(parts).unwrap();
        self.transport.send(request).await
    }
}

/// The delay of a slow answer, in real time.
const SLOWLY: Duration = Duration::from_millis(100);
