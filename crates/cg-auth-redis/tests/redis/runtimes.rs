//! The runtimes that an operation may meet.

use std::{sync::mpsc, thread, time::Duration};

use cg_auth_core::{time::ThreadRuntime, token::session::StoreState};
use cg_auth_emulator::{Emulator, Operation};
use cg_auth_redis::{RedisStore, Sealed};
use tokio::runtime::{Builder, Runtime};

use super::{
    entries::{FIRST, claim, text},
    providers::provider_over,
    server::{self, PATIENT, Server},
};

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

#[test]
fn outside_of_a_runtime_an_operation_is_an_error() {
    let store = RedisStore::new("redis://localhost:1".parse().unwrap());
    let shown = text(ThreadRuntime::block_on(claim(&store, FIRST)));
    assert!(shown.contains("a store on Redis works within a tokio runtime"), "{shown}");
}

#[test]
fn a_runtime_without_io_is_an_error() {
    let store = RedisStore::new("redis://127.0.0.1:1".parse().unwrap()).with_operation_limit(PATIENT);
    let runtime = Builder::new_current_thread().build().unwrap();
    let shown = text(runtime.block_on(claim(&store, FIRST)));
    assert!(shown.contains("the tokio runtime has no I/O; build it with enable_all()"), "{shown}");
}

#[test]
fn a_runtime_needs_no_timer() {
    if !server::is_there() {
        return;
    }
    let server = Server::start(&[]);
    let runtime = Builder::new_current_thread().enable_io().build().unwrap();
    runtime.block_on(claim(&server.store(), FIRST)).unwrap();
}

#[test]
fn a_store_outlives_the_runtime_of_its_connection() {
    if !server::is_there() {
        return;
    }
    let server = Server::start(&[]);
    let store = server.store();
    for _ in 0..3 {
        runtime().block_on(claim(&store, FIRST)).unwrap();
    }
}

#[test]
fn an_attempt_to_connect_that_ends_with_its_runtime_is_made_again() {
    if !server::is_there() {
        return;
    }
    let server = Server::start(&[]);
    let store = server.store();
    let first = runtime();
    first.block_on(async {
        let mut operation = Box::pin(claim(&store, FIRST));
        std::future::poll_fn(|context| {
            assert!(operation.as_mut().poll(context).is_pending());
            std::task::Poll::Ready(())
        })
        .await;
    });
    drop(first);
    runtime().block_on(claim(&store, FIRST)).unwrap();
}

/// Its first operation cannot know that nothing drives the connection.
#[test]
fn a_connection_whose_runtime_stands_still_costs_one_operation_and_is_replaced() {
    if !server::is_there() {
        return;
    }
    let server = Server::start(&[]);
    let store = RedisStore::new(server.url().parse().unwrap()).with_operation_limit(Duration::from_secs(2));
    let (first, second) = (runtime(), runtime());
    first.block_on(claim(&store, FIRST)).unwrap();
    let shown = text(second.block_on(claim(&store, FIRST)));
    assert!(shown.contains("did not answer within 2s"), "{shown}");
    second.block_on(claim(&store, FIRST)).unwrap();
    // The first runtime uses the connection of the second one, which keeps running.
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let driving = thread::spawn(move || second.block_on(stopped));
    first.block_on(claim(&store, FIRST)).unwrap();
    drop(stop);
    driving.join().unwrap().unwrap_err();
}

#[cfg(unix)]
#[test]
fn an_operation_in_flight_is_made_again_where_the_runtime_of_its_connection_ends() {
    if !server::is_there() {
        return;
    }
    let server = Server::start(&[]);
    let store = server.store();
    let first = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    first.block_on(claim(&store, FIRST)).unwrap();
    server.freeze();
    let (asking, asked) = mpsc::channel();
    let other = thread::spawn(move || {
        runtime().block_on(async {
            let mut operation = Box::pin(claim(&store, FIRST));
            std::future::poll_fn(|context| {
                assert!(operation.as_mut().poll(context).is_pending());
                std::task::Poll::Ready(())
            })
            .await;
            asking.send(()).unwrap();
            operation.await
        })
    });
    asked.recv().unwrap();
    drop(first);
    server.thaw();
    other.join().unwrap().unwrap();
}

#[test]
fn providers_of_two_runtimes_share_a_store_that_outlives_the_runtime_of_its_connection() {
    if !server::is_there() {
        return;
    }
    let (emulator, server) = (Emulator::start_blocking().unwrap(), Server::start(&[]));
    let store = Sealed::new(server.store());
    let multi = || Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (first, second) = (multi(), multi());
    let provider = || provider_over(&emulator, store.clone());
    let token = first.block_on(provider().token()).unwrap();
    let before = provider();
    assert!(second.block_on(before.token()).unwrap().expose_secret() == token.expose_secret());
    drop(first);
    let after = provider();
    assert!(second.block_on(after.token()).unwrap().expose_secret() == token.expose_secret());
    assert_eq!(emulator.count(Operation::GetDelegateAccessToken), 1);
    for provider in [before, after] {
        assert_eq!(provider.state().store, Some(StoreState::Available));
    }
}
