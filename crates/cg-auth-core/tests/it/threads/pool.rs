//! A pool on threads.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use async_trait::async_trait;
use cg_auth_core::{
    AuthClient, TokenPool, UserPrincipalName,
    body::Body,
    model::{AccessToken, DelegatedAccessToken},
    testing::ScriptedTransport,
    time::{Now, Runtime, ThreadRuntime},
    token::Expiry,
    transport::{HttpTransport, TransportError},
};
use http::{Request, Response};

use super::{SHORT, bounded, issue, secret};
use crate::support::base;

/// Answers after a while, and counts the exchanges at once.
#[derive(Debug, Clone, Default)]
struct Slow {
    runtime: ThreadRuntime,
    running: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
    all: Arc<AtomicUsize>,
}

#[async_trait]
impl HttpTransport for Slow {
    async fn send(&self, _: Request<Body>) -> Result<Response<Body>, TransportError> {
        self.all.fetch_add(1, Ordering::SeqCst);
        self.most.fetch_max(self.running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        self.runtime.sleep(SHORT / 10).await;
        self.running.fetch_sub(1, Ordering::SeqCst);
        Ok(issue(1))
    }
}

#[test]
fn threads_of_many_users_get_their_tokens_sixteen_at_a_time() {
    let transport = Slow::default();
    let client = AuthClient::with_runtime(base(), transport.clone(), transport.runtime.clone());
    let pool = TokenPool::new(client, secret());
    let threads: Vec<_> = (0..600)
        .map(|number| {
            let pool = pool.clone();
            let small = thread::Builder::new().stack_size(128 * 1024);
            let user = UserPrincipalName::new(format!("user{}@example.com", number % 200)).unwrap();
            small.spawn(move || ThreadRuntime::block_on(pool.for_user(&user).token()).is_ok()).unwrap()
        })
        .collect();
    assert!(threads.into_iter().all(|thread| thread.join().unwrap()));
    assert_eq!(transport.all.load(Ordering::SeqCst), 200, "one request a user");
    let most = transport.most.load(Ordering::SeqCst);
    assert!(most <= 16, "{most}");
    let released = bounded(move || ThreadRuntime::block_on(pool.shutdown()));
    assert_eq!(released.len(), 200);
}

#[test]
fn threads_that_use_and_evict_users_at_once_share_one_provider_for_each_user() {
    let client = AuthClient::with_runtime(base(), ScriptedTransport::new(), ThreadRuntime::new());
    // Most calls find their user without the lock, and some evict users.
    let pool = TokenPool::new(client, secret()).with_capacity(3);
    let threads: Vec<_> = (0..4_usize)
        .map(|thread| {
            let pool = pool.clone();
            thread::spawn(move || {
                for round in 0..20_000_usize {
                    let number = if round % 16 == 0 { round / 16 % 6 } else { thread % 2 };
                    let user = UserPrincipalName::new(format!("user{number}@example.com")).unwrap();
                    let provider = pool.for_user(&user);
                    let token = DelegatedAccessToken::new(AccessToken::new("eyJ").unwrap(), None);
                    let now = Now::system();
                    provider.seed(token, Expiry::until(now.wall() + Duration::from_secs(3600), now));
                    assert!(pool.for_user(&user).peek().is_some(), "round {round}: {user} has two providers");
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    let _ = pool.for_user(&UserPrincipalName::new("last@example.com").unwrap());
    assert!(pool.len() <= 4, "{}", pool.len());
}
