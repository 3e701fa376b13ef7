//! What the layer of `cg-auth-tower` adds to a request with a cached token. The floor makes the request and
//! hands it to the inner service; the peer is a layer of tower-http that adds a header that does not change.

#![allow(missing_docs, clippy::unwrap_used)] // a bench may panic

mod layer_subjects;

use std::hint::black_box;

use cg_auth_benches::{
    interleaved::Contest,
    subjects::{TOKEN, provider},
};
use http::{HeaderValue, header::AUTHORIZATION};
use tower::Layer;
use tower_http::set_header::SetRequestHeaderLayer;

use self::layer_subjects::{Inner, authorized, drive, elsewhere, request, request_with_headers};

fn main() {
    let provider = provider();
    let mut value = HeaderValue::from_str(&format!("Bearer {TOKEN}")).unwrap();
    value.set_sensitive(true);
    let peer = SetRequestHeaderLayer::overriding(AUTHORIZATION, value).layer(Inner);

    for (title, make) in [
        ("a request without headers", request as fn() -> _),
        ("a request with three headers", request_with_headers),
        ("a request to another origin", elsewhere),
    ] {
        let (mut without_copy, mut with_copy) = (authorized(&provider, false), authorized(&provider, true));
        let (mut inner, mut peer) = (Inner, peer.clone());
        let mut contest = Contest::new();
        contest.add("floor: the inner service alone", || repeat(|| drive(&mut inner, make())));
        contest.add("tower-http, SetRequestHeader", || repeat(|| drive(&mut peer, make())));
        contest.add("the layer, without_replay()", || repeat(|| drive(&mut without_copy, make())));
        contest.add("the layer", || repeat(|| drive(&mut with_copy, make())));
        contest.run(title, ROUNDS);
    }
}

fn repeat<T>(mut send: impl FnMut() -> T) {
    for _ in 0..REQUESTS {
        black_box(send());
    }
}

const ROUNDS: usize = 101;
const REQUESTS: usize = 20_000;
