//! [`run`]: the program of one process.

use std::{
    env,
    io::Read as _,
    process, str,
    sync::{Arc, Mutex, MutexGuard},
    thread,
    time::{Duration, UNIX_EPOCH},
};

use async_trait::async_trait;
use cg_auth_core::{
    AuthClient, BaseUrl, ClientSecret, TokenProvider, UserPrincipalName,
    body::Body,
    causes::cause_chain,
    model::decode_base64url,
    time::Now,
    token::{Event, store::TokenStore},
    transport::{HttpTransport, TransportError},
};
use cg_auth_hyper::HyperTransport;
use cg_auth_redis::redis_store;
use cg_auth_reqwest::ReqwestTransport;
use cg_auth_store::file_store;
use http::{HeaderValue, Request, Response, header::USER_AGENT};
use serde_json::Value;
use tokio::{sync::watch, time::sleep};

use super::Report;

/// Asks for the token every few milliseconds and reports on standard output, until standard input ends.
///
/// The variables of [`Member::start`](super::Member::start) say for whom, over which transport and with which store.
#[tokio::main(flavor = "current_thread")]
pub async fn run() {
    let variable = |name: &str| env::var(name).unwrap_or_else(|_| panic!("{name} is not set"));
    let transport: Arc<dyn HttpTransport> = match &*variable("FLEET_TRANSPORT") {
        "hyper" => Arc::new(HyperTransport::new().unwrap()),
        "reqwest" => Arc::new(ReqwestTransport::new().unwrap()),
        other => panic!("no transport {other}"),
    };
    let base_url = BaseUrl::parse(&variable("CG_AUTH_BASE_URL")).unwrap();
    let client = AuthClient::new(base_url, Named { transport, name: process::id().to_string() });
    let user = UserPrincipalName::new(variable("CG_AUTH_USER_PRINCIPAL_NAME")).unwrap();
    let secret = ClientSecret::new(variable("CG_AUTH_CLIENT_SECRET")).unwrap();
    let provider = TokenProvider::new(client, user, secret).with_store(store(&variable("FLEET_STORE")));
    let seen = Seen::default();
    let observer = seen.clone();
    provider.on_event(move |event| observer.event(event));

    let (stop, stopped) = watch::channel(());
    thread::spawn(move || {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        drop(stop);
    });
    tokio::spawn(seen.clone().report_again_and_again());
    while stopped.has_changed().is_ok() {
        seen.call(&provider).await;
        sleep(BETWEEN_CALLS).await;
    }
    seen.print();
    provider.shutdown().await;
}

/// The store in a folder, or the one at a `redis:` URL.
fn store(place: &str) -> Arc<dyn TokenStore> {
    match place.starts_with("redis:") {
        true => Arc::new(redis_store(place).unwrap()),
        false => Arc::new(file_store(place)),
    }
}

#[derive(Debug, Clone, Default)]
struct Seen(Arc<Mutex<Report>>);

impl Seen {
    async fn call(&self, provider: &TokenProvider) {
        let begun = Now::system();
        let result = provider.token().await;
        let waited = Now::system().saturating_since(begun);
        let mut report = self.report();
        report.longest_wait = report.longest_wait.max(waited);
        match result {
            Ok(token) => {
                report.served += 1;
                report.expired += u64::from(end(token.expose_secret()) <= since_1970(begun));
            }
            Err(error) => {
                report.failed += 1;
                report.last_error = cause_chain(&error).to_string();
                drop(report);
                self.print();
            }
        }
    }

    fn event(&self, event: &Event) {
        let mut report = self.report();
        match event {
            Event::Acquired { .. } => report.acquired += 1,
            Event::Adopted { .. } => report.adopted += 1,
            Event::StoreUnavailable { .. } => report.store_unavailable.push(since_1970(Now::system())),
            _ => {}
        }
    }

    async fn report_again_and_again(self) {
        loop {
            let begun = Now::system();
            sleep(BETWEEN_REPORTS).await;
            let now = Now::system();
            if now.saturating_since(begun) > BETWEEN_REPORTS + STALL {
                self.report().stalls.push(since_1970(now));
            }
            self.print();
        }
    }

    #[allow(clippy::print_stdout)] // the parent reads it
    fn print(&self) {
        println!("{}", self.report().to_line());
    }

    fn report(&self) -> MutexGuard<'_, Report> {
        self.0.lock().unwrap()
    }
}

/// A transport that tells the service which process asks.
#[derive(Debug)]
struct Named {
    transport: Arc<dyn HttpTransport>,
    name: String,
}

#[async_trait]
impl HttpTransport for Named {
    async fn send(&self, mut request: Request<Body>) -> Result<Response<Body>, TransportError> {
        request.headers_mut().insert(USER_AGENT, HeaderValue::from_str(&self.name).unwrap());
        self.transport.send(request).await
    }
}

/// The `exp` of a JWT.
fn end(token: &str) -> Duration {
    let claims = decode_base64url(token.split('.').nth(1).unwrap()).unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    Duration::from_secs(claims["exp"].as_u64().unwrap())
}

fn since_1970(now: Now) -> Duration {
    now.wall().duration_since(UNIX_EPOCH).unwrap()
}

const BETWEEN_CALLS: Duration = Duration::from_millis(5);
const BETWEEN_REPORTS: Duration = Duration::from_millis(100);
/// What a process waits for its turn at most, unless the machine has too much to do.
const STALL: Duration = Duration::from_millis(300);
