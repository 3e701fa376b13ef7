//! Rule 13: the transport makes calls at the same time, and each gets its own answer.

use std::sync::Arc;

use cg_auth_core::transport::HttpTransport;
use tokio::{sync::Barrier, task::JoinSet};

use crate::{
    exchange::get,
    failure::{Failure, ensure},
    servers::{
        listener::{Connection, Listener, ok},
        serve_http2::serve,
    },
    settings::Settings,
    subject::Subject,
};

/// No call waits for another one: the server answers once it has read the requests of all. Each call gets the
/// answer to its own request.
pub async fn each_of_many_calls_gets_its_own_answer(subject: &dyn Subject) -> Result<(), Failure> {
    make_many_calls(subject, Settings::default(), |connection, all_read| {
        Box::pin(echo_over_http1(connection, all_read))
    })
    .await
}

/// The same over HTTP/2, where the calls may share a connection.
pub async fn each_of_many_calls_gets_its_own_answer_over_http_2(
    subject: &dyn Subject,
) -> Result<(), Failure> {
    let settings = Settings { http2_prior_knowledge: true, ..Settings::default() };
    make_many_calls(subject, settings, |connection, all_read| {
        Box::pin(serve(connection, move |request| {
            let all_read = all_read.clone();
            async move {
                all_read.wait().await;
                request.uri().path().to_owned()
            }
        }))
    })
    .await
}

const CALLS: usize = 32;

type Serving = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;

async fn make_many_calls(
    subject: &dyn Subject,
    settings: Settings,
    echo: impl Fn(Connection, Arc<Barrier>) -> Serving,
) -> Result<(), Failure> {
    let (listener, all_read) = (Listener::bind().await, Arc::new(Barrier::new(CALLS)));
    let (transport, base) = (subject.transport(&settings), listener.base_url().as_str().to_owned());
    let mut calls = JoinSet::new();
    for number in 0..CALLS {
        calls.spawn(call(transport.clone(), base.clone(), number));
    }
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            ended = calls.join_next() => match ended {
                Some(Ok(answered)) => answered?,
                Some(Err(_)) => return Err(Failure::new("a call panicked")),
                None => return Ok(()),
            },
            connection = listener.accept() => {
                connections.spawn(echo(connection, all_read.clone()));
            }
        }
    }
}

async fn call(transport: Arc<dyn HttpTransport>, base: String, number: usize) -> Result<(), Failure> {
    let response = transport.send(get(&format!("{base}/{number}"))?).await?;
    let path = String::from_utf8_lossy(response.body().as_bytes()).into_owned();
    ensure!(path == format!("/{number}"), "the call of /{number} got the answer to {path:?}");
    Ok(())
}

/// Answers each request with its own path, once `all_read`.
async fn echo_over_http1(mut connection: Connection, all_read: Arc<Barrier>) {
    while let Some(request) = connection.receive().await {
        all_read.wait().await;
        let path = request.line().split(' ').nth(1).unwrap_or_default();
        connection.write_in_vain(&ok(path)).await;
    }
}
