//! Deadlines, retries and blocking code on threads.

use std::{
    sync::{Arc, Barrier, Condvar, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use cg_auth_core::{
    AuthClient, CallErrorKind, ClientSecret, TokenErrorKind, TokenProvider, UserPrincipalName,
    body::Body,
    testing::ScriptedTransport,
    time::{Now, ThreadRuntime},
    token::{SecretFn, SecretResult},
    transport::{HttpTransport, TransportError},
};
use http::{Request, Response};

use super::{SHORT, bounded, client, issue, provider, secret, user};
use crate::support::{SECRET, SUCCESS, base, credential, response};

#[test]
fn a_deadline_ends_a_transport_that_hangs() {
    let script = ScriptedTransport::new().hang();
    let provider = TokenProvider::new(client(script.clone()).with_timeout(SHORT), user(), secret());
    let error = bounded(move || ThreadRuntime::block_on(provider.token())).unwrap_err();
    assert_eq!(error.as_call().unwrap().kind(), CallErrorKind::Timeout);
    assert_eq!(script.in_flight(), 0, "the call was given up");
}

#[test]
fn a_call_is_repeated_after_its_back_off() {
    let script = ScriptedTransport::new()
        .fail(TransportError::connect("connection refused"))
        .answer(response(503, &[], ""))
        .answer(response(200, &[], SUCCESS));
    let client = AuthClient::with_runtime(base(), script, ThreadRuntime::new());
    let begun = Now::system();
    let waited = Arc::<Mutex<Duration>>::default();
    let sum = Arc::clone(&waited);
    let client = client.with_retry_observer(move |_, wait| *sum.lock().unwrap() += wait);
    let answer =
        bounded(move || ThreadRuntime::block_on(client.get_delegate_access_token(&credential()))).unwrap();
    assert_eq!(answer.attempts, 3);
    assert!(Now::system().saturating_since(begun) >= *waited.lock().unwrap());
}

#[test]
fn a_secret_source_that_hangs_ends_at_the_time_limit() {
    let client = client(ScriptedTransport::new()).with_timeout(SHORT);
    let provider =
        TokenProvider::new(client, user(), SecretFn::new(|_| std::future::pending::<SecretResult>()));
    let error = bounded(move || ThreadRuntime::block_on(provider.token())).unwrap_err();
    assert_eq!(error.kind(), TokenErrorKind::Secret);
}

/// Blocks the thread that polls it until it is let go.
#[derive(Debug, Clone, Default)]
struct Blocking(Arc<(Mutex<bool>, Condvar)>);

impl Blocking {
    fn block(&self) {
        let (is_free, changed) = &*self.0;
        drop(changed.wait_while(is_free.lock().unwrap(), |is_free| !*is_free).unwrap());
    }

    fn let_go(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_all();
    }
}

#[async_trait]
impl HttpTransport for Blocking {
    async fn send(&self, _: Request<Body>) -> Result<Response<Body>, TransportError> {
        self.block();
        Ok(issue(1))
    }
}

#[test]
fn waiters_of_a_transport_that_blocks_its_thread_for_ever_are_kept_no_longer_than_its_end_time() {
    // The first exchange blocks for ever, the second answers.
    #[derive(Debug)]
    struct First(Mutex<bool>, Blocking);
    #[async_trait]
    impl HttpTransport for First {
        async fn send(&self, _: Request<Body>) -> Result<Response<Body>, TransportError> {
            if !std::mem::replace(&mut *self.0.lock().unwrap(), true) {
                self.1.block();
            }
            Ok(issue(2))
        }
    }
    let blocking = Blocking::default();
    let client = client(First(Mutex::new(false), blocking.clone())).with_timeout(SHORT);
    let provider = TokenProvider::new(client, user(), secret());
    let token = bounded(move || ThreadRuntime::block_on(provider.token()));
    assert_eq!(token.unwrap().expose_secret(), "token-2");
    blocking.let_go();
}

#[test]
fn a_transport_that_blocks_its_thread_delays_no_other_provider_of_its_runtime() {
    let (runtime, blocking) = (ThreadRuntime::new(), Blocking::default());
    let with = |transport: Arc<dyn HttpTransport>| {
        let client = AuthClient::with_runtime(base(), transport, runtime.clone());
        TokenProvider::new(client, user(), secret())
    };
    let blocked: Vec<_> = (0..10).map(|_| with(Arc::new(blocking.clone()))).collect();
    blocked.iter().for_each(TokenProvider::prefetch);
    let free = with(Arc::new(ScriptedTransport::new().answer(issue(3))));
    let token = bounded(move || ThreadRuntime::block_on(free.token()));
    assert_eq!(token.unwrap().expose_secret(), "token-3");
    blocking.let_go();
    for provider in blocked {
        assert_eq!(
            bounded(move || ThreadRuntime::block_on(provider.token())).unwrap().expose_secret(),
            "token-1"
        );
    }
}

#[test]
fn a_secret_source_may_block_its_thread() {
    let all = Arc::new(Barrier::new(8));
    let runtime = ThreadRuntime::new();
    let providers: Vec<_> = (0..8)
        .map(|_| {
            let all = Arc::clone(&all);
            let read = move |_: &UserPrincipalName| {
                let all = Arc::clone(&all);
                async move {
                    // All sources block at once.
                    all.wait();
                    SecretResult::Ok(ClientSecret::new(SECRET)?)
                }
            };
            let script = ScriptedTransport::new().answer(issue(1));
            let client = AuthClient::with_runtime(base(), script, runtime.clone());
            TokenProvider::new(client, user(), SecretFn::new(read))
        })
        .collect();
    providers.iter().for_each(TokenProvider::prefetch);
    for provider in providers {
        assert!(bounded(move || ThreadRuntime::block_on(provider.token())).is_ok());
    }
}

#[test]
fn a_secret_source_may_wait_for_a_token_of_another_provider_of_its_runtime() {
    let runtime = ThreadRuntime::new();
    let with = |number| {
        AuthClient::with_runtime(base(), ScriptedTransport::new().answer(issue(number)), runtime.clone())
    };
    let vault = TokenProvider::new(with(1), user(), secret());
    let read = move |_: &UserPrincipalName| {
        let token = ThreadRuntime::block_on(vault.token());
        async move { SecretResult::Ok(ClientSecret::new(token?.expose_secret())?) }
    };
    let provider = TokenProvider::new(with(2), user(), SecretFn::new(read));
    let token = bounded(move || ThreadRuntime::block_on(provider.token()));
    assert_eq!(token.unwrap().expose_secret(), "token-2");
}

#[test]
fn the_token_cache_of_the_service_is_cleared() {
    let script =
        ScriptedTransport::new().answer(issue(1)).answer(response(200, &[], r#"{"isSuccess":true}"#));
    let provider = provider(script.clone());
    ThreadRuntime::block_on(provider.token()).unwrap();
    ThreadRuntime::block_on(provider.delete_token_cache()).unwrap();
    assert!(provider.peek().is_none());
    assert_eq!(script.requests().len(), 2);
}
