use std::{future::poll_fn, net::TcpListener, pin::pin, task::Poll};

use cg_auth_transport_util::TlsSettings;
use tokio::runtime::{Builder, Runtime};

use super::*;

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn shared(listener: &TcpListener, runtime: Option<Handle>) -> SharedConnection {
    let url = format!("redis://{}", listener.local_addr().unwrap()).parse().unwrap();
    SharedConnection::new(Connector::new(url, TlsSettings::default()), runtime)
}

/// Begins an attempt on `runtime`, which then stands still.
fn begin(shared: &SharedConnection, runtime: &Runtime) -> watch::Receiver<()> {
    runtime.block_on(async {
        let mut connection = pin!(shared.get());
        poll_fn(|context| {
            assert!(connection.as_mut().poll(context).is_pending());
            Poll::Ready(())
        })
        .await;
    });
    match shared.next_step() {
        Ok(Step::Wait(end)) => end,
        _ => panic!("there is no attempt"),
    }
}

#[test]
fn an_attempt_whose_runtime_stands_still_is_given_up_and_changes_nothing_later() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let shared = shared(&listener, None);
    let (first, second) = (runtime(), runtime());
    let mut end = begin(&shared, &first);
    match &mut shared.state().phase {
        Phase::Connecting(attempt) => {
            assert!(attempt.given_up > now() + CONNECT_LIMIT - GRACE, "given up too early");
            attempt.given_up = now();
        }
        _ => panic!("there is no attempt"),
    }
    assert_eq!(second.block_on(shared.get()).unwrap().number, 2);

    first.block_on(async { end.changed().await.unwrap_err() });
    shared.lose(1, &StoreError::new("an operation of the first connection comes late"));
    assert_eq!(second.block_on(shared.get()).unwrap().number, 2);
}

#[test]
fn an_attempt_that_ends_with_its_runtime_is_made_again() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let shared = shared(&listener, None);
    let first = runtime();
    begin(&shared, &first);
    drop(first);
    assert_eq!(runtime().block_on(shared.get()).unwrap().number, 2);
}

#[test]
fn a_connection_lives_on_the_runtime_that_the_store_names() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let named = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let shared = shared(&listener, Some(named.handle().clone()));
    let elsewhere = runtime();
    let OpenConnection { connection, .. } = elsewhere.block_on(shared.get()).unwrap();
    drop(elsewhere);
    assert!(!connection.is_over());
    named.shutdown_timeout(CONNECT_LIMIT);
    assert!(connection.is_over());
}
