//! What the sans-I/O core costs beside `http` and `serde`: building the delegate request, reading an answer of
//! 1.6 KB, and both.

#![allow(missing_docs, clippy::unwrap_used)] // a bench may panic

use std::hint::black_box;

use cg_auth_benches::{
    endpoint_floor::{Credential, delegate_request, read_token},
    interleaved::Contest,
    subjects::{BASE_URL, SECRET, USER, answer_body, base_url, endpoint},
};
use cg_auth_core::endpoint::{Endpoint, RequestOptions};
use http::Response;

fn main() {
    let credential = Credential { client_secret: SECRET, user_principal_name: USER };
    let floor_answer = Response::new(answer_body().into_bytes());
    let floor_builds = || drop(delegate_request(black_box(BASE_URL), black_box(&credential)).unwrap());
    let floor_reads = || drop(black_box(read_token(black_box(&floor_answer)).unwrap()));

    let (base, options, endpoint, body) = (base_url(), RequestOptions::new(), endpoint(), answer_body());
    let builds = || drop(black_box(&endpoint).to_request(black_box(&base), &options).unwrap());
    let reads = || drop(black_box(endpoint.read(Response::new(black_box(&body).clone())).unwrap()));

    contest("build the delegate request", floor_builds, builds);
    contest("read an answer of 1.6 KB", floor_reads, reads);
    let floor_exchanges = || {
        floor_builds();
        floor_reads();
    };
    contest("build and read", floor_exchanges, || {
        builds();
        reads();
    });
}

fn contest(title: &str, floor: impl Fn(), subject: impl Fn()) {
    let mut contest = Contest::new();
    contest.add("floor: http and serde_json by hand", || repeat(&floor));
    contest.add("cg-auth-core", || repeat(&subject));
    contest.run(title, 500);
}

fn repeat(turn: impl Fn()) {
    for _ in 0..500 {
        turn();
    }
}
