//! `TokenProvider`: which token each caller gets, and what happens if a caller, a task or a runtime ends
//! early.

mod authorized;
mod cancellation;
mod end_time;
mod events;
mod executors;
mod fleet;
mod generations;
mod handing_out;
mod kept_tokens;
mod margin;
mod options;
mod panics;
mod runtimes;
mod secret_sources;
mod shutdown;
mod single_flight;
mod soak;
mod user_code;

use std::{
    future::poll_fn,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use cg_auth_core::{
    AuthClient, ClientSecret, RetryPolicy, TokenProvider, UserPrincipalName,
    body::Body,
    testing::{ManualClock, ScriptedTransport},
    time::{BoxFuture, Now, Runtime},
    token::SecretSource,
    transport::HttpTransport,
};
use http::Response;
use tokio::runtime::{Builder, Handle};

use crate::support::{SECRET, USER, base, header_text, response};

const LIFETIME: Duration = Duration::from_secs(3600);
/// Longer than the back-off after the first failure.
const BACK_OFF: Duration = Duration::from_millis(1001);

/// Where acquisitions run: in background tasks, or parked and polled by the waiters.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Tasks {
    Spawned,
    Parked,
}

/// A manual clock, with or without the tasks of tokio.
#[derive(Debug, Clone)]
struct TestRuntime {
    clock: ManualClock,
    tasks: Tasks,
}

impl Runtime for TestRuntime {
    fn now(&self) -> Now {
        self.clock.now()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.clock.sleep(duration)
    }

    fn spawn(&self, task: BoxFuture<'static, ()>) -> Result<(), BoxFuture<'static, ()>> {
        match Handle::try_current() {
            Ok(handle) if self.tasks == Tasks::Spawned => {
                handle.spawn(task);
                Ok(())
            }
            _ => Err(task),
        }
    }
}

/// Runs `test` on one thread and on several, with spawned and with parked acquisitions.
fn everywhere(test: impl AsyncFn(Tasks)) {
    for tasks in [Tasks::Spawned, Tasks::Parked] {
        let one = Builder::new_current_thread().enable_time().build().unwrap();
        one.block_on(bounded(test(tasks)));
        let several = Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap();
        several.block_on(bounded(test(tasks)));
    }
}

async fn bounded<T>(test: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), test).await.expect("the test hangs")
}

/// Lets other tasks run until `is_so` returns true.
async fn until(mut is_so: impl FnMut() -> bool) {
    bounded(async {
        while !is_so() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

fn provider(transport: impl HttpTransport + 'static, tasks: Tasks) -> (TokenProvider, ManualClock) {
    provider_with(transport, tasks, ClientSecret::new(SECRET).unwrap())
}

fn provider_with(
    transport: impl HttpTransport + 'static,
    tasks: Tasks,
    secret: impl SecretSource + 'static,
) -> (TokenProvider, ManualClock) {
    let clock = ManualClock::new();
    let runtime = TestRuntime { clock: clock.clone(), tasks };
    (TokenProvider::new(client(transport, runtime), user(), secret), clock)
}

/// A client without retries, so that requests can be counted.
fn client(transport: impl HttpTransport + 'static, runtime: impl Runtime + 'static) -> AuthClient {
    AuthClient::with_runtime(base(), transport, runtime).with_retry_policy(RetryPolicy::none())
}

fn user() -> UserPrincipalName {
    UserPrincipalName::new(USER).unwrap()
}

/// An answer with token `number`, which lives for an hour, and a refresh token.
fn issue(number: u32) -> Response<Body> {
    let body = format!(
        r#"{{"value":{{"access_token":"token-{number}","refresh_token":"refresh-{number}","duration":3600}},"isSuccess":true}}"#
    );
    response(200, &[], body)
}

fn outage() -> Response<Body> {
    response(503, &[], "")
}

/// The grants of the requests, in order.
fn asked(script: &ScriptedTransport) -> Vec<&'static str> {
    let of_path = |path: &str| match path {
        "/governance/auth/token/delegate" => "credential",
        "/governance/auth/token/refresh" => "refresh",
        _ => "other",
    };
    script.requests().iter().map(|request| of_path(request.uri().path())).collect()
}

/// The client secrets that were sent, in order.
fn secrets(script: &ScriptedTransport) -> Vec<String> {
    let secret = |headers| header_text(headers, "clientsecret").unwrap().to_owned();
    script.requests().iter().map(|request| secret(request.headers())).collect()
}

/// A waker that counts.
#[derive(Debug, Default)]
struct Woken(AtomicUsize);

impl Woken {
    fn times(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn poll_with<F: Future + ?Sized>(future: Pin<&mut F>, woken: &Arc<Woken>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(&Waker::from(Arc::clone(woken))))
}

fn poll<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Polls once with the waker of the current task.
async fn poll_once<F: Future>(mut future: Pin<&mut F>) -> Poll<F::Output> {
    poll_fn(|context| Poll::Ready(future.as_mut().poll(context))).await
}
