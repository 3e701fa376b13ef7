//! What an operation allocates: reading a cached token nothing, through each method of the provider.

#![allow(clippy::unwrap_used)]

mod counting_allocator;

use std::time::Duration;

use cg_auth_benches::subjects::{self, TOKEN, pool, provider, ready, sharing_provider, users};
use cg_auth_core::{
    TokenError, TokenProvider, TokenSource, UserPrincipalName,
    endpoint::{Endpoint, RequestOptions},
    model::{AccessToken, DelegatedAccessToken},
    time::{CoarseNow, Now},
    token::{
        Expiry,
        session::{Session, Step},
    },
};
use cg_auth_ureq::{BlockingTokenPool, BlockingTokenProvider};
use http::Response;

use self::counting_allocator::allocations_in;

#[test]
fn a_hit_allocates_nothing() {
    assert_hits_allocate_nothing(&provider());
    assert_hits_allocate_nothing(&sharing_provider());
    assert!(allocations_in(|| drop(Box::new(1_u8))) > 0, "the allocator does not count");
}

fn assert_hits_allocate_nothing(provider: &TokenProvider) {
    let source: &dyn TokenSource = provider;
    // The first read creates the thread-locals of the lock-free swap.
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
}

#[test]
fn a_hit_of_a_pool_allocates_nothing() {
    let users = users(1000);
    let pool = pool(&users);
    let other_case = UserPrincipalName::new(users[0].as_str().to_uppercase()).unwrap();
    assert!(pool.for_user(&other_case).peek().is_some());
    for user in users.iter().chain([&other_case]) {
        let hit = || drop(ready(pool.for_user(user).token()).unwrap());
        assert_eq!(allocations_in(hit), 0, "{user}");
    }
    let blocking = BlockingTokenPool::from(pool);
    assert_eq!(allocations_in(|| drop(blocking.for_user(&other_case).token().unwrap())), 0, "without async");
}

#[test]
fn a_hit_of_a_thread_that_could_wait_allocates_nothing() {
    let provider = BlockingTokenProvider::from(provider());
    assert!(provider.peek().is_some());
    for (name, hit) in [
        ("token", &(|| drop(provider.token().unwrap())) as &dyn Fn()),
        ("token_within", &|| drop(provider.token_within(Duration::ZERO).unwrap())),
        ("peek", &|| drop(provider.peek().unwrap())),
        ("with_token", &|| {
            provider.with_token(|token| assert!(!token.expose_secret().is_empty())).unwrap();
        }),
        ("authorization", &|| drop(provider.authorization().unwrap())),
        ("authorized", &|| {
            let answer = provider.authorized(|_| false, Ok::<_, TokenError>);
            assert!(answer.unwrap().is_sensitive());
        }),
    ] {
        assert_eq!(allocations_in(hit), 0, "{name}");
    }
}

#[test]
fn a_session_driven_by_hand_allocates_nothing_for_a_hit() {
    let now = Now::system();
    let mut session = Session::new(UserPrincipalName::new("someone@example.com").unwrap());
    let token = DelegatedAccessToken::new(AccessToken::new(TOKEN).unwrap(), None);
    session.seed(token, Expiry::until(now.wall() + Duration::from_secs(3600), now), now);
    let snapshot = session.snapshot();
    let coarse_now = CoarseNow::from(now);
    assert_eq!(allocations_in(|| assert!(matches!(session.step(now), Step::Serve(_)))), 0, "step");
    assert_eq!(allocations_in(|| drop(session.valid_token(now).unwrap())), 0, "valid_token");
    assert_eq!(allocations_in(|| drop(session.snapshot())), 0, "snapshot");
    assert_eq!(allocations_in(|| drop(snapshot.token(coarse_now).unwrap().clone())), 0, "Snapshot::token");
}

#[test]
fn building_the_delegate_request_allocates_six_times() {
    // The URL, the body and its owner, the two parts of the header map, and the length.
    let (base, options, endpoint) = (subjects::base_url(), RequestOptions::new(), subjects::endpoint());
    drop(endpoint.to_request(&base, &options).unwrap());
    assert_eq!(allocations_in(|| drop(endpoint.to_request(&base, &options).unwrap())), 6);
}

#[test]
fn reading_an_answer_allocates_for_its_two_tokens_alone() {
    let (base, options, endpoint) = (subjects::base_url(), RequestOptions::new(), subjects::endpoint());
    let body = subjects::answer_body();
    let read = || drop(endpoint.read(Response::new(body.clone())).unwrap());
    read();
    assert_eq!(allocations_in(read), 2, "reading");
    let exchange = || {
        drop(endpoint.to_request(&base, &options).unwrap());
        read();
    };
    // The first request makes the authority of the URL shareable.
    exchange();
    assert_eq!(allocations_in(exchange), 8, "an exchange");
}
