//! A call over loopback, 16 at once: `AuthClient` over each transport, beside the HTTP library alone. The floor
//! sends the same request and reads the whole body, which nothing parses.
//!
//! Rounds alternate. Of each round this takes the rate and the processor time per call, both relative to the floor
//! of the same round, and shows the medians. `-- --rounds 400` takes more rounds, `-- --only reqwest` one library,
//! `-- --workers 2` a runtime with more threads. `-- --alone "AuthClient over HyperTransport"` runs one contestant,
//! for a profiler.

#![allow(missing_docs, clippy::unwrap_used)] // a bench may panic

use std::{
    env,
    future::Future,
    pin::Pin,
    time::{Duration, Instant},
};

use bytes::Bytes;
use cg_auth_benches::{
    endpoint_floor::{Credential, delegate_request, read_token},
    loopback_server::{LoopbackServer, serve_if_started},
};
use cg_auth_core::{
    ApiCredential, AuthClient, BaseUrl, ClientSecret, UserPrincipalName,
    endpoint::{Endpoint, GetDelegateAccessToken, RequestOptions},
    transport::HttpTransport,
};
use cg_auth_hyper::HyperTransport;
use cg_auth_reqwest::ReqwestTransport;
use http::Response;
use http_body_util::{BodyExt, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use rustix::time::{ClockId, clock_gettime};
use tokio::runtime::Builder;

fn main() {
    serve_if_started();
    let rounds = argument("--rounds").map_or(101, |rounds| rounds.parse().unwrap());
    let only = argument("--only").unwrap_or_default();
    let alone = argument("--alone");
    let server = LoopbackServer::start();
    let base = format!("http://{}", server.address());
    let workers = argument("--workers").map_or(1, |workers| workers.parse().unwrap());
    let runtime = Builder::new_multi_thread().worker_threads(workers).enable_all().build().unwrap();
    let _entered = runtime.enter();
    for (library, mut contestants) in [("hyper-util", hyper(&base)), ("reqwest", reqwest(&base))] {
        contestants.retain(|(name, _)| alone.as_deref().is_none_or(|alone| *name == alone));
        if library.contains(&only) && !contestants.is_empty() {
            compare(library, &contestants, rounds, &runtime);
        }
    }
}

type Call = Box<dyn Fn() -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;
type Contestant = (&'static str, std::sync::Arc<Call>);

fn contestant<F: Future<Output = ()> + Send + 'static>(
    name: &'static str,
    call: impl Fn() -> F + Send + Sync + 'static,
) -> Contestant {
    (name, std::sync::Arc::new(Box::new(move || Box::pin(call()))))
}

fn hyper(base: &str) -> Vec<Contestant> {
    let client: Client<HttpConnector, Full<Bytes>> = {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Client::builder(TokioExecutor::new()).build(connector)
    };
    let transport = HyperTransport::builder().no_proxy().build().unwrap();
    let (floor, base_of_floor) = (client.clone(), base.to_owned());
    let (with_json, base_of_json) = (client, base.to_owned());
    vec![
        contestant("hyper-util's client", move || {
            let (client, request) = (floor.clone(), delegate_request(&base_of_floor, &CREDENTIAL).unwrap());
            async move {
                let answer = client.request(request.map(Full::new)).await.unwrap();
                assert!(answer.into_body().collect().await.unwrap().to_bytes().len() > 1000);
            }
        }),
        contestant("hyper-util's client, and serde_json", move || {
            let (client, request) =
                (with_json.clone(), delegate_request(&base_of_json, &CREDENTIAL).unwrap());
            async move {
                let answer = client.request(request.map(Full::new)).await.unwrap();
                let body = answer.into_body().collect().await.unwrap().to_bytes();
                read_token(&Response::new(body)).unwrap();
            }
        }),
        transport_alone("HyperTransport", base, transport.clone()),
        auth_client("AuthClient over HyperTransport", base, transport),
    ]
}

fn reqwest(base: &str) -> Vec<Contestant> {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let transport = ReqwestTransport::builder().no_proxy().build().unwrap();
    let url = format!("{base}/auth/token/delegate");
    vec![
        contestant("reqwest", move || {
            let credential = serde_json::to_vec(&CREDENTIAL).unwrap();
            let request = client
                .post(&url)
                .header("accept", "application/json")
                .header("user-agent", "floor/1.0")
                .header("content-type", "application/json")
                .header("clientsecret", CREDENTIAL.client_secret)
                .header("userprincipalname", CREDENTIAL.user_principal_name)
                .body(credential);
            async move {
                let answer = request.send().await.unwrap();
                assert!(answer.bytes().await.unwrap().len() > 1000);
            }
        }),
        transport_alone("ReqwestTransport", base, transport.clone()),
        auth_client("AuthClient over ReqwestTransport", base, transport),
    ]
}

fn auth_client(name: &'static str, base: &str, transport: impl HttpTransport + 'static) -> Contestant {
    let client = AuthClient::new(BaseUrl::parse(base).unwrap(), transport);
    let credential = credential();
    contestant(name, move || {
        let (client, credential) = (client.clone(), credential.clone());
        async move {
            client.get_delegate_access_token(&credential).await.unwrap();
        }
    })
}

/// A transport without the client: no deadline, no retries, and nothing reads the body.
fn transport_alone(
    name: &'static str,
    base: &str,
    transport: impl HttpTransport + Clone + 'static,
) -> Contestant {
    let (base, endpoint) = (BaseUrl::parse(base).unwrap(), GetDelegateAccessToken::new(credential()));
    let options = RequestOptions::new();
    contestant(name, move || {
        let (transport, request) = (transport.clone(), endpoint.to_request(&base, &options).unwrap());
        async move {
            assert!(transport.send(request).await.unwrap().body().len() > 1000);
        }
    })
}

/// What one turn of a contestant took.
struct Turn {
    time: Duration,
    processor: Duration,
}

#[allow(clippy::print_stdout)] // a benchmark prints
fn compare(library: &str, contestants: &[Contestant], rounds: usize, runtime: &tokio::runtime::Runtime) {
    let mut turns: Vec<Vec<Turn>> = contestants.iter().map(|_| Vec::with_capacity(rounds)).collect();
    for round in 0..=rounds {
        for ((_, call), turns) in contestants.iter().zip(&mut turns) {
            let turn = runtime.block_on(turn(call));
            // The first round opens the connections.
            if round > 0 {
                turns.push(turn);
            }
        }
    }
    println!("\n{library}, {CONCURRENCY} calls at once, {rounds} rounds: medians [quartiles]");
    println!(
        "  {:<38} {:>8} {:>22} {:>9} {:>18}",
        "", "calls/s", "rate, of the floor's", "CPU/call", "over the floor"
    );
    for ((name, _), own) in contestants.iter().zip(&turns) {
        let floor = &turns[0];
        let micros = |turn: &Turn| turn.processor.as_secs_f64() * 1e6 / CALLS as f64;
        let rate = quartiles(own.iter().map(|turn| CALLS as f64 / turn.time.as_secs_f64()));
        let share = quartiles(
            own.iter().zip(floor).map(|(own, floor)| floor.time.as_secs_f64() / own.time.as_secs_f64()),
        );
        let processor = quartiles(own.iter().map(micros));
        let more = quartiles(own.iter().zip(floor).map(|(own, floor)| micros(own) - micros(floor)));
        println!(
            "  {name:<38} {:>8.0} {:>8.2} [{:.2}, {:.2}]  {:>6.1} µs {:>+6.1} [{:+.1}, {:+.1}]",
            rate[1], share[1], share[0], share[2], processor[1], more[1], more[0], more[2]
        );
    }
}

#[allow(clippy::disallowed_methods)] // a benchmark reads the clock
async fn turn(call: &std::sync::Arc<Call>) -> Turn {
    let (begun, processor) = (Instant::now(), processor_time());
    let tasks: Vec<_> = (0..CONCURRENCY)
        .map(|_| {
            let call = call.clone();
            tokio::spawn(async move {
                for _ in 0..CALLS / CONCURRENCY {
                    call().await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    Turn { time: begun.elapsed(), processor: processor_time() - processor }
}

/// The processor time of this process, which is the client's, user and system together.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.try_into().unwrap(), time.tv_nsec.try_into().unwrap())
}

fn quartiles(values: impl Iterator<Item = f64>) -> [f64; 3] {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    [1, 2, 3].map(|part| values[(values.len() - 1) * part / 4])
}

fn credential() -> ApiCredential {
    let secret = ClientSecret::new(CREDENTIAL.client_secret).unwrap();
    ApiCredential::new(secret, UserPrincipalName::new(CREDENTIAL.user_principal_name).unwrap())
}

fn argument(name: &str) -> Option<String> {
    let mut arguments = env::args().skip_while(|argument| argument != name);
    arguments.nth(1)
}

const CREDENTIAL: Credential<'static> =
    Credential { client_secret: "dGVzdC1vbmx5LXNlY3JldA==", user_principal_name: "someone@example.com" };
const CONCURRENCY: usize = 16;
/// A turn is short, so that other load of the machine meets the turns of a round alike.
const CALLS: usize = 800;
