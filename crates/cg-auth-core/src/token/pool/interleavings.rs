//! The users of a pool under threads that `shuttle` runs in many different orders.
//! `RUSTFLAGS="--cfg shuttle"` builds these tests.

#![allow(clippy::unwrap_used)] // as in every test

use std::time::{Duration, UNIX_EPOCH};

use shuttle::{check_pct, check_random, thread};

use super::TokenPool;
use crate::{
    AuthClient, BaseUrl, ClientSecret, UserPrincipalName,
    model::{AccessToken, DelegatedAccessToken},
    testing::{ManualClock, ScriptedTransport},
    time::{Now, Runtime},
    token::{Expiry, TokenProvider},
};

fn pool(clock: ManualClock) -> TokenPool {
    let base_url = BaseUrl::parse("https://example.com").unwrap();
    let client = AuthClient::with_runtime(base_url, ScriptedTransport::new(), clock);
    TokenPool::new(client, ClientSecret::new("s3cret").unwrap()).with_capacity(1)
}

fn caller(pool: &TokenPool, name: &'static str) -> thread::JoinHandle<TokenProvider> {
    let pool = pool.clone();
    thread::spawn(move || pool.for_user(&UserPrincipalName::new(name).unwrap()))
}

/// A token that no other call of this function has returned.
fn seed(provider: &TokenProvider, now: Now) {
    let token = DelegatedAccessToken::new(AccessToken::new("eyJ").unwrap(), None);
    provider.seed(token, Expiry::until(UNIX_EPOCH + YEARS, now));
}

fn assert_is_same(one: &TokenProvider, other: &TokenProvider, now: Now) {
    seed(one, now);
    let same = one.peek().zip(other.peek()).is_some_and(|(one, other)| one.is_same_issue(&other));
    assert!(same, "a user has two providers");
}

fn play(scene: impl Fn() + Clone + Send + Sync + 'static) {
    let other = scene.clone();
    check_random(scene, ROUNDS);
    check_pct(other, ROUNDS, 3);
}

#[test]
fn a_call_that_meets_an_eviction_gets_the_provider_that_others_get() {
    play(|| {
        let clock = ManualClock::new();
        let pool = pool(clock.clone());
        drop(caller(&pool, "a").join().unwrap());
        // The second one exceeds the capacity.
        let callers = ["a", "b", "a"].map(|name| caller(&pool, name));
        let [one, _, other] = callers.map(|caller| caller.join().unwrap());
        assert_is_same(&one, &other, clock.now());
    });
}

#[test]
fn calls_of_a_new_user_at_once_get_one_provider() {
    play(|| {
        let clock = ManualClock::new();
        let pool = pool(clock.clone());
        let [one, other] = ["a", "A"].map(|name| caller(&pool, name)).map(|caller| caller.join().unwrap());
        assert_is_same(&one, &other, clock.now());
        assert_eq!(pool.len(), 1);
    });
}

#[test]
fn a_call_that_meets_a_clear_gets_the_provider_that_others_get() {
    play(|| {
        let clock = ManualClock::new();
        let pool = pool(clock.clone());
        drop(caller(&pool, "a").join().unwrap());
        let cleared = pool.clone();
        let clearing = thread::spawn(move || cleared.clear());
        let callers = ["a", "a"].map(|name| caller(&pool, name));
        let [one, other] = callers.map(|caller| caller.join().unwrap());
        clearing.join().unwrap();
        assert_is_same(&one, &other, clock.now());
    });
}

const ROUNDS: usize = 1000;
/// Until after the manual clock begins.
const YEARS: Duration = Duration::from_secs(100 * 365 * 24 * 3600);
