//! A tokio runtime that a thread has entered and does not drive: its timers never fire, its tasks never run.

use std::{
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
    time::Duration,
};

use cg_auth_core::{
    AuthClient, CallErrorKind, ClientSecret, TokenErrorKind, TokenPool, TokenProvider, UserPrincipalName,
    testing::ScriptedTransport,
    time::Now,
    token::{SecretFn, SecretResult},
    transport::TransportError,
};
use tokio::runtime::Builder;

use crate::support::{SECRET, SUCCESS, USER, base, credential, response};

/// Runs the future that `make` returns on another thread, inside of a runtime that is not driven.
fn undriven<T: Send + 'static, F: Future<Output = T>>(make: impl FnOnce() -> F + Send + 'static) -> T {
    let thread = thread::spawn(|| {
        let idle = Builder::new_current_thread().enable_all().build().unwrap();
        let _entered = idle.enter();
        block_on(make())
    });
    thread.join().unwrap()
}

/// An executor in a few lines. It panics when the future hangs.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    let begun = Now::system();
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        let left = HANG.saturating_sub(Now::system().saturating_since(begun));
        assert!(!left.is_zero(), "the future hangs");
        thread::park_timeout(left);
    }
}

fn user() -> UserPrincipalName {
    UserPrincipalName::new(USER).unwrap()
}

fn secret() -> ClientSecret {
    ClientSecret::new(SECRET).unwrap()
}

#[test]
fn a_caller_enforces_the_end_time_of_an_acquisition_whose_task_never_runs() {
    let script = ScriptedTransport::new().answer(response(200, &[], SUCCESS));
    let client = AuthClient::new(base(), script.clone()).with_timeout(SHORT);
    let token = undriven(move || async move { TokenProvider::new(client, user(), secret()).token().await });
    assert_eq!(token.unwrap().expose_secret(), "acc3ss");
    assert_eq!(script.requests().len(), 1);
}

#[test]
fn a_user_of_a_pool_is_delayed_no_longer_than_the_end_time() {
    let script = ScriptedTransport::new().answer(response(200, &[], SUCCESS));
    let client = AuthClient::new(base(), script).with_timeout(SHORT);
    let token = undriven(move || async move {
        let pool = TokenPool::new(client, secret()).with_max_acquisitions(1);
        // A task that never runs, of another user.
        pool.for_user(&UserPrincipalName::new("lost@example.com").unwrap()).prefetch();
        pool.for_user(&user()).token().await
    });
    assert!(token.is_ok());
}

#[test]
fn a_caller_waits_no_longer_than_its_own_limit() {
    let client = AuthClient::new(base(), ScriptedTransport::new().hang());
    let provider = TokenProvider::new(client, user(), secret());
    let error = undriven(move || async move { provider.token_within(SHORT).await }).unwrap_err();
    assert_eq!(error.kind(), TokenErrorKind::OutOfTime);
}

#[test]
fn a_call_ends_at_its_deadline() {
    let client = AuthClient::new(base(), ScriptedTransport::new().hang()).with_timeout(SHORT);
    let error = undriven(move || async move { client.get_delegate_access_token(&credential()).await });
    assert_eq!(error.unwrap_err().kind(), CallErrorKind::Timeout);
}

#[test]
fn a_call_is_repeated_after_its_back_off() {
    let script = ScriptedTransport::new()
        .fail(TransportError::connect("connection refused"))
        .answer(response(503, &[], ""))
        .answer(response(200, &[], SUCCESS));
    let client = AuthClient::new(base(), script);
    let answer = undriven(move || async move { client.get_delegate_access_token(&credential()).await });
    assert_eq!(answer.unwrap().attempts, 3);
}

#[test]
fn a_secret_source_that_hangs_ends_at_the_time_limit() {
    let client = AuthClient::new(base(), ScriptedTransport::new()).with_timeout(SHORT);
    let provider =
        TokenProvider::new(client, user(), SecretFn::new(|_| std::future::pending::<SecretResult>()));
    let error = undriven(move || async move { provider.delete_token_cache().await }).unwrap_err();
    assert_eq!(error.kind(), TokenErrorKind::Secret);
}

const SHORT: Duration = Duration::from_millis(50);

/// No test takes a tenth of this.
const HANG: Duration = Duration::from_secs(30);
