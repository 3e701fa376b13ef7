//! A request with a cached token through the layer of `cg-auth-tower` allocates what its header needs, and
//! nothing else.

#![allow(clippy::unwrap_used)]

mod counting_allocator;
mod layer_subjects;

use bytes::Bytes;
use cg_auth_benches::subjects::provider;
use http::{HeaderValue, Request, header::AUTHORIZATION};
use http_body_util::Full;
use tower::{Layer, Service};
use tower_http::set_header::SetRequestHeaderLayer;

use self::{
    counting_allocator::allocations_in,
    layer_subjects::{Inner, authorized, drive, elsewhere, request, request_with_headers},
};

/// How often sending `request` through `service` allocates.
fn allocations<S: Service<Request<Full<Bytes>>>>(service: &mut S, request: Request<Full<Bytes>>) -> usize
where
    S::Error: std::fmt::Debug,
{
    let mut request = Some(request);
    allocations_in(|| drop(drive(service, request.take().unwrap())))
}

#[test]
fn a_hit_through_the_layer_allocates_what_any_layer_does_that_adds_a_header() {
    let provider = provider();
    // The first read creates the thread-locals of the lock-free swap.
    assert!(provider.peek().is_some());
    let mut service = authorized(&provider, false);
    let mut peer =
        SetRequestHeaderLayer::overriding(AUTHORIZATION, HeaderValue::from_static("x")).layer(Inner);
    assert!(allocations(&mut peer, request()) > 0, "the first header of a map allocates");
    assert_eq!(allocations(&mut service, request()), allocations(&mut peer, request()));
    // This map has room for one more.
    assert_eq!(allocations(&mut service, request_with_headers()), 0);
}

#[test]
fn a_request_that_can_be_sent_again_allocates_what_its_clone_does() {
    let provider = provider();
    assert!(provider.peek().is_some());
    let (mut with_copy, mut without_copy) = (authorized(&provider, true), authorized(&provider, false));
    for make in [request, request_with_headers] {
        // The first clone of a buffer that is not static allocates, and the next ones do not.
        let (cloned, copied, sent) = (make(), make(), make());
        let of_a_clone = allocations_in(|| drop(cloned.clone()));
        let expected = of_a_clone + allocations(&mut without_copy, sent);
        assert_eq!(allocations(&mut with_copy, copied), expected);
    }
}

#[test]
fn a_request_elsewhere_allocates_nothing() {
    let mut service = authorized(&provider(), true);
    assert_eq!(allocations(&mut service, elsewhere()), 0);
}
