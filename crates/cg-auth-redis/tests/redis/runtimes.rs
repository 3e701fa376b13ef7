//! The runtimes that an operation may meet.

use cg_auth_core::time::ThreadRuntime;
use cg_auth_redis::RedisStore;
use tokio::runtime::Builder;

use super::{
    entries::{FIRST, claim, text},
    server::{self, PATIENT, Server},
};

#[test]
fn outside_of_a_runtime_an_operation_is_an_error() {
    let store = RedisStore::new("redis://localhost:1".parse().unwrap());
    let shown = text(ThreadRuntime::block_on(claim(&store, FIRST)));
    assert!(shown.contains("a store on Redis works within a tokio runtime only"), "{shown}");
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
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(claim(&store, FIRST)).unwrap();
    }
}

#[test]
fn an_attempt_to_connect_that_ends_with_its_runtime_is_made_again() {
    if !server::is_there() {
        return;
    }
    let server = Server::start(&[]);
    let store = server.store();
    let first = Builder::new_current_thread().enable_all().build().unwrap();
    first.block_on(async {
        let mut operation = Box::pin(claim(&store, FIRST));
        std::future::poll_fn(|context| {
            assert!(operation.as_mut().poll(context).is_pending());
            std::task::Poll::Ready(())
        })
        .await;
    });
    drop(first);
    let second = Builder::new_current_thread().enable_all().build().unwrap();
    second.block_on(claim(&store, FIRST)).unwrap();
}
