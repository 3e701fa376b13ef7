//! One operation, a hundred times, for callgrind to count: `instructions OPERATION`. Without an operation, the
//! names of all.
//!
//! benches/README.md shows how to count.

#![allow(clippy::print_stdout, clippy::unwrap_used)] // it prints the names, and may panic

use std::{
    hint::black_box,
    pin::pin,
    process::ExitCode,
    task::{Context, Poll, Waker},
};

use cg_auth_benches::{
    endpoint_floor::{Credential, delegate_request, read_token},
    subjects::{self, BASE_URL, SECRET, USER},
};
use cg_auth_core::{
    TokenProvider,
    endpoint::{Endpoint, RequestOptions},
};
use http::Response;

/// An operation's name, and what prepares it. The closure that this makes runs it once.
type Operation = (&'static str, fn() -> Box<dyn FnMut()>);

const OPERATIONS: [Operation; 7] = [
    ("hit", hit),
    ("pool-hit", pool_hit),
    ("build", build),
    ("read", read),
    ("exchange", exchange),
    ("build-floor", build_floor),
    ("read-floor", read_floor),
];

fn main() -> ExitCode {
    let Some(wanted) = std::env::args().nth(1) else {
        println!("{}", OPERATIONS.map(|(name, _)| name).join("\n"));
        return ExitCode::SUCCESS;
    };
    let Some((_, prepare)) = OPERATIONS.iter().find(|(name, _)| *name == wanted) else {
        return ExitCode::FAILURE;
    };
    let mut run = prepare();
    // The first runs create thread-locals and the allocator's lists.
    for _ in 0..10 {
        run();
    }
    for _ in 0..100 {
        measured_operation(&mut *run);
    }
    ExitCode::SUCCESS
}

/// Callgrind counts what happens between the call of this function and its return.
#[inline(never)]
fn measured_operation(run: &mut dyn FnMut()) {
    run();
}

fn hit() -> Box<dyn FnMut()> {
    let provider = subjects::provider();
    Box::new(move || read_cached(&provider))
}

fn pool_hit() -> Box<dyn FnMut()> {
    let user = subjects::users(1).remove(0);
    let pool = subjects::pool(std::slice::from_ref(&user));
    Box::new(move || read_cached(&pool.for_user(&user)))
}

fn build() -> Box<dyn FnMut()> {
    let (base, options, endpoint) = (subjects::base_url(), RequestOptions::new(), subjects::endpoint());
    Box::new(move || drop(black_box(endpoint.to_request(&base, &options).unwrap())))
}

fn read() -> Box<dyn FnMut()> {
    let (endpoint, body) = (subjects::endpoint(), subjects::answer_body());
    Box::new(move || drop(black_box(endpoint.read(Response::new(body.clone())).unwrap())))
}

fn exchange() -> Box<dyn FnMut()> {
    let (mut build, mut read) = (build(), read());
    Box::new(move || {
        build();
        read();
    })
}

fn build_floor() -> Box<dyn FnMut()> {
    let credential = Credential { client_secret: SECRET, user_principal_name: USER };
    Box::new(move || drop(black_box(delegate_request(black_box(BASE_URL), &credential).unwrap())))
}

fn read_floor() -> Box<dyn FnMut()> {
    let response = Response::new(subjects::answer_body().into_bytes());
    Box::new(move || drop(black_box(read_token(&response).unwrap())))
}

fn read_cached(provider: &TokenProvider) {
    match pin!(provider.token()).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(token) => drop(black_box(token.unwrap())),
        Poll::Pending => panic!("the provider has no cached token"),
    }
}
