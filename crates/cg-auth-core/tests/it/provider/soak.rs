//! All operations at once, at random, for a short time.

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use cg_auth_core::{
    ClientSecret, IssuedToken, TokenErrorKind, TokenProvider,
    body::Body,
    model::{AccessToken, DelegatedAccessToken, RefreshToken},
    testing::ManualClock,
    time::{Now, Runtime},
    token::Expiry,
    transport::{HttpTransport, TransportError},
};
use http::{Request, Response};
use tokio::{runtime::Builder, task::JoinSet};

use super::{Tasks, TestRuntime, bounded, client, poll_once, user};
use crate::support::{SECRET, response};

const LONG: Duration = Duration::from_millis(400);
const CALLERS: u32 = 64;
const LIFETIME: Duration = Duration::from_secs(20);

/// Whether operations begin new generations.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Generations {
    One,
    Many,
}

#[test]
fn at_random_on_many_threads_nothing_hangs_and_no_caller_gets_an_expired_token() {
    for tasks in [Tasks::Spawned, Tasks::Parked] {
        println!("{tasks:?}: {:?}", soak(tasks, Generations::Many));
    }
}

#[test]
fn at_random_on_many_threads_there_is_one_acquisition_at_a_time() {
    for tasks in [Tasks::Spawned, Tasks::Parked] {
        let counts = soak(tasks, Generations::One);
        println!("{tasks:?}: {counts:?}");
        assert_eq!(counts.at_once, 1);
    }
}

#[derive(Debug)]
#[allow(dead_code)] // read by `Debug` only
struct Counts {
    calls: usize,
    requests: u32,
    /// The most requests that were in flight at once.
    at_once: usize,
}

fn soak(tasks: Tasks, generations: Generations) -> Counts {
    let transport = Arc::new(Moody::default());
    let secret = ClientSecret::new(SECRET).unwrap();
    let clock = ManualClock::new();
    let client = client(Arc::clone(&transport), TestRuntime { clock: clock.clone(), tasks });
    let client = match generations {
        // An acquisition whose time is over makes room for another one, and on a busy machine the clock of the
        // test may pass that time while a thread waits for a processor.
        Generations::One => client.with_timeout(Duration::from_secs(1_000_000)),
        Generations::Many => client,
    };
    let provider = TokenProvider::new(client, user(), secret);
    let is_over = Arc::new(AtomicBool::new(false));
    let calls = Arc::new(AtomicUsize::new(0));
    let runtime = Builder::new_multi_thread().worker_threads(4).enable_time().build().unwrap();
    runtime.block_on(bounded(async {
        let mut callers = JoinSet::new();
        for _ in 0..CALLERS {
            let (provider, clock) = (provider.clone(), clock.clone());
            let (is_over, calls) = (Arc::clone(&is_over), Arc::clone(&calls));
            callers.spawn(async move {
                while !is_over.load(Ordering::SeqCst) {
                    do_something(&provider, &clock, generations).await;
                    calls.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        tokio::time::sleep(LONG).await;
        is_over.store(true, Ordering::SeqCst);
        while !callers.is_empty() {
            if let Some(caller) = callers.try_join_next() {
                caller.unwrap();
            }
            // Otherwise no time limit would pass.
            clock.advance(Duration::from_millis(100));
            tokio::task::yield_now().await;
        }
        provider.shutdown().await;
    }));
    drop(runtime);
    assert_eq!(transport.in_flight.load(Ordering::SeqCst), 0);
    Counts {
        calls: calls.load(Ordering::SeqCst),
        requests: transport.numbers.load(Ordering::SeqCst),
        at_once: transport.most.load(Ordering::SeqCst),
    }
}

async fn do_something(provider: &TokenProvider, clock: &ManualClock, generations: Generations) {
    let before = clock.now();
    match fastrand::u32(0..100) {
        0 if generations == Generations::Many => provider.clear(),
        1 if generations == Generations::Many => provider.seed(stored(), expiry_at(before)),
        2 if generations == Generations::Many => provider.replace_secret(ClientSecret::new(SECRET).unwrap()),
        0..6 => clock.advance(Duration::from_millis(fastrand::u64(0..1000))),
        6..10 => {
            let _ = provider.peek().is_some_and(|token| provider.invalidate(&token));
        }
        10..13 => provider.prefetch(),
        13..25 => be_dropped(provider).await,
        25..35 => {
            let _ = provider.token_within(Duration::from_secs(2)).await;
        }
        35..45 => {
            if let Some(token) = provider.peek() {
                assert_is_valid(&token, before);
            }
        }
        45..55 => {
            let _ = provider.with_token(|token| assert_is_valid(token, before)).await;
        }
        _ => match provider.token().await {
            Ok(token) => assert_is_valid(&token, before),
            Err(error) => assert!(
                !matches!(error.kind(), TokenErrorKind::ShutDown | TokenErrorKind::Secret),
                "{error:?}"
            ),
        },
    }
}

/// Waits for a token for a short time.
async fn be_dropped(provider: &TokenProvider) {
    let mut token = pin!(provider.token());
    for _ in 0..fastrand::u32(1..4) {
        if poll_once(token.as_mut()).await.is_ready() {
            return;
        }
        tokio::task::yield_now().await;
    }
}

fn stored() -> DelegatedAccessToken {
    let refresh_token = RefreshToken::new(format!("stored-{}", fastrand::u64(..))).unwrap();
    DelegatedAccessToken::new(AccessToken::new("stored").unwrap(), Some(refresh_token))
}

fn expiry_at(now: Now) -> Expiry {
    Expiry::until(now.wall() + LIFETIME, now)
}

/// Asserts that `token` was valid at `before`, a reading of the clock from before the call.
fn assert_is_valid(token: &IssuedToken, before: Now) {
    let expires_at = token.expiry().expires_at().unwrap();
    assert!(expires_at > before.wall(), "{token:?} was served after {before:?}");
}

/// Answers after some time, mostly with a token.
#[derive(Debug, Default)]
struct Moody {
    numbers: AtomicU32,
    in_flight: AtomicUsize,
    most: AtomicUsize,
}

#[async_trait]
impl HttpTransport for Moody {
    async fn send(&self, _: Request<Body>) -> Result<Response<Body>, TransportError> {
        let number = self.numbers.fetch_add(1, Ordering::SeqCst);
        self.most.fetch_max(self.in_flight.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        let _under_way = UnderWay(&self.in_flight);
        for _ in 0..fastrand::u32(0..20) {
            tokio::task::yield_now().await;
        }
        match fastrand::u32(0..20) {
            0 => Err(TransportError::connect("no route")),
            1 => Ok(response(503, &[], "")),
            2 => Ok(response(500, &[], "")),
            3 => Ok(response(400, &[], "")),
            4 => panic!("on purpose"),
            _ => Ok(response(200, &[], issue(number))),
        }
    }
}

fn issue(number: u32) -> String {
    let lifetime = LIFETIME.as_secs();
    format!(
        r#"{{"value":{{"access_token":"t{number}","refresh_token":"r{number}","duration":{lifetime}}},"isSuccess":true}}"#
    )
}

struct UnderWay<'a>(&'a AtomicUsize);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}
