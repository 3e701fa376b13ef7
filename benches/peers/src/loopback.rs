//! Calls over loopback, 16 at once, to a server in a process of its own: the rate and the processor time per call,
//! beside the HTTP client alone, which sends a request like cg-auth's and reads the whole body.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use cg_auth_core::{AuthClient, BaseUrl};
use cg_auth_hyper::HyperTransport;
use cg_auth_reqwest::ReqwestTransport;
use http_body_util::{BodyExt, Full};
use rustix::time::{ClockId, clock_gettime};
use tokio::runtime::Builder;

use crate::{
    connectors::loopback_client,
    effort::Effort,
    endpoint_floor::{Credential, delegate_request},
    loopback_server::LoopbackServer,
    peers::{azure::Azure, cg_auth, huskarl, oauth2, oauth2::OAuth2, tame, yup::Yup},
    subject::Subject,
    table::{Row, median},
};

type Call = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = usize> + Send>> + Send + Sync>;

struct Turn {
    time: Duration,
    processor: Duration,
}

pub fn measure(effort: Effort) -> Vec<Row> {
    let server = LoopbackServer::start();
    // The server has the other processor.
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let mut rows = Vec::new();
    for (keys, what, contestants) in [
        (["loopback", "loopback, processor"], "hyper-util's client", runtime.block_on(over_hyper(&server))),
        (
            ["loopback, reqwest", "loopback, reqwest, processor"],
            "reqwest",
            runtime.block_on(over_reqwest(&server)),
        ),
    ] {
        let mut turns: Vec<Vec<Turn>> = contestants.iter().map(|_| Vec::new()).collect();
        for round in 0..=effort.rounds(21) {
            for ((_, call), turns) in contestants.iter().zip(&mut turns) {
                let turn = runtime.block_on(turn(call));
                // The first round opens the connections.
                if round > 0 {
                    turns.push(turn);
                }
            }
        }
        let mut rate = Row::new(keys[0], "loopback", format!("rate of calls over {what}"));
        let mut processor = Row::new(keys[1], "loopback", format!("processor time of a call over {what}"));
        for ((subject, _), own) in contestants.iter().zip(&turns) {
            let pairs = || own.iter().zip(&turns[0]);
            let share = median(pairs().map(|(own, floor)| floor.time.as_secs_f64() / own.time.as_secs_f64()));
            rate.set(*subject, share, format!("{share:.2}"));
            let micros = |turn: &Turn| turn.processor.as_secs_f64() * 1e6 / CALLS as f64;
            let more = median(pairs().map(|(own, floor)| micros(own) - micros(floor)));
            let text = if *subject == Subject::Floor { "0".to_owned() } else { format!("{more:+.1} µs") };
            processor.set(*subject, more, text);
        }
        rows.extend([rate, processor]);
    }
    rows
}

async fn over_hyper(server: &LoopbackServer) -> Vec<(Subject, Call)> {
    let base = format!("http://{}", server.address());
    let client = loopback_client(server.address());
    let floor = {
        let client = client.clone();
        call(move || {
            let answer = client.request(delegate_request(&base, &CREDENTIAL).unwrap().map(Full::new));
            async move { answer.await.unwrap().into_body().collect().await.unwrap().to_bytes().len() }
        })
    };
    let transport = HyperTransport::builder().no_proxy().build().unwrap();
    let huskarl = Arc::new(huskarl::Grant::over(client.clone()));
    let yup = Arc::new(Yup::over_loopback(server.address()).await);
    let tame = Arc::new(tame::Wire::new());
    let oauth2 = Arc::new(OAuth2::new());
    let client_of_tame = client.clone();
    let client_of_oauth2 = client.clone();
    // A credential asks under a lock, so each call at a time has its own.
    let idle: Vec<_> = (0..CONCURRENCY).map(|_| Azure::over_loopback(client.clone())).collect();
    let idle = Arc::new(Mutex::new(idle));
    vec![
        (Subject::Floor, floor),
        (Subject::CgAuth, auth_client(server, transport)),
        (
            Subject::Huskarl,
            call(move || {
                let huskarl = Arc::clone(&huskarl);
                async move { huskarl.call().await }
            }),
        ),
        (
            Subject::Tame,
            call(move || {
                let (tame, client) = (Arc::clone(&tame), client_of_tame.clone());
                async move { tame.call(&client).await }
            }),
        ),
        (
            Subject::Yup,
            call(move || {
                let yup = Arc::clone(&yup);
                async move { yup.call().await }
            }),
        ),
        (
            Subject::Azure,
            call(move || {
                let idle = Arc::clone(&idle);
                async move {
                    let azure = idle.lock().unwrap().pop().unwrap();
                    let length = azure.call().await;
                    idle.lock().unwrap().push(azure);
                    length
                }
            }),
        ),
        (
            Subject::OAuth2,
            call(move || {
                let (oauth2, client) = (Arc::clone(&oauth2), client_of_oauth2.clone());
                async move {
                    oauth2
                        .call(|request| {
                            let client = client.clone();
                            async move { oauth2::send(&client, request).await }
                        })
                        .await
                }
            }),
        ),
    ]
}

async fn over_reqwest(server: &LoopbackServer) -> Vec<(Subject, Call)> {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let transport = ReqwestTransport::builder().no_proxy().build().unwrap();
    let url = format!("http://{}/auth/token/delegate", server.address());
    let floor = call(move || {
        let request = client
            .post(&url)
            .header("accept", "application/json")
            .header("user-agent", "floor/1.0")
            .header("content-type", "application/json")
            .header("clientsecret", CREDENTIAL.client_secret)
            .header("userprincipalname", CREDENTIAL.user_principal_name)
            .body(serde_json::to_vec(&CREDENTIAL).unwrap());
        async move { request.send().await.unwrap().bytes().await.unwrap().len() }
    });
    vec![(Subject::Floor, floor), (Subject::CgAuth, auth_client(server, transport))]
}

fn auth_client(
    server: &LoopbackServer,
    transport: impl cg_auth_core::transport::HttpTransport + 'static,
) -> Call {
    let base = BaseUrl::parse(&format!("http://{}", server.address())).unwrap();
    let client = AuthClient::new(base, transport);
    let credential = cg_auth::credential();
    call(move || {
        let (client, credential) = (client.clone(), credential.clone());
        async move {
            let answer = client.get_delegate_access_token(&credential).await.unwrap();
            answer.value.access_token().expose_secret().len()
        }
    })
}

fn call<F: Future<Output = usize> + Send + 'static>(call: impl Fn() -> F + Send + Sync + 'static) -> Call {
    Arc::new(move || Box::pin(call()))
}

async fn turn(call: &Call) -> Turn {
    let (begun, processor) = (Instant::now(), processor_time());
    let tasks: Vec<_> = (0..CONCURRENCY)
        .map(|_| {
            let call = Arc::clone(call);
            tokio::spawn(async move {
                for _ in 0..CALLS / CONCURRENCY {
                    assert!(call().await > 999, "the answer is whole");
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    Turn { time: begun.elapsed(), processor: processor_time() - processor }
}

/// The processor time of this process, user and system together.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.try_into().unwrap(), time.tv_nsec.try_into().unwrap())
}

const CREDENTIAL: Credential<'static> =
    Credential { client_secret: "dGVzdC1vbmx5LXNlY3JldA==", user_principal_name: "someone@example.com" };
const CONCURRENCY: usize = 16;
const CALLS: usize = 2_000;
