//! A hit allocates nothing, whichever way it is had.

#![allow(clippy::unwrap_used)]

mod counting_allocator;

use std::{
    pin::pin,
    task::{Context, Poll, Waker},
};

use cg_auth_benches::subjects::provider;
use cg_auth_core::TokenSource;

use self::counting_allocator::allocations_in;

#[test]
fn a_hit_allocates_nothing() {
    let provider = provider();
    let source: &dyn TokenSource = &provider;
    // Thread-locals of the lock-free swap are made at the first look.
    assert!(provider.peek().is_some());
    for (name, hit) in [
        ("token", &(|| drop(ready(provider.token()).unwrap())) as &dyn Fn()),
        ("peek", &|| drop(provider.peek().unwrap())),
        ("with_token", &|| {
            ready(provider.with_token(|token| assert!(!token.expose_secret().is_empty()))).unwrap();
        }),
        ("authorization", &|| drop(ready(provider.authorization()).unwrap())),
        ("token of a dyn TokenSource", &|| drop(ready(source.token()).unwrap())),
        ("peek of a dyn TokenSource", &|| drop(source.peek().unwrap())),
    ] {
        assert_eq!(allocations_in(hit), 0, "{name}");
    }
    assert!(allocations_in(|| drop(Box::new(1_u8))) > 0, "nothing is counted");
}

fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => panic!("it is no hit"),
    }
}
