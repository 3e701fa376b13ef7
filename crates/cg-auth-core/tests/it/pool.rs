//! `TokenPool`: who shares a provider, who is forgotten, and whose turn it is.

mod acquisitions;
mod lifecycle;
mod mix_ups;
mod parked;
mod secrets;
mod service;
mod users;

use std::{
    pin::Pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

use cg_auth_core::{
    AuthClient, ClientSecret, IssuedToken, RetryPolicy, TokenPool, UserPrincipalName,
    testing::ManualClock,
    time::{BoxFuture, Now, Runtime},
};
use tokio::{runtime::Builder, task::yield_now};

use self::service::Service;
use crate::support::{SECRET, base};

const HOUR: Duration = Duration::from_secs(3600);

/// A manual clock, with tokio's tasks.
#[derive(Debug, Clone)]
struct Spawning(ManualClock);

impl Runtime for Spawning {
    fn now(&self) -> Now {
        self.0.now()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.0.sleep(duration)
    }

    fn spawn(&self, task: BoxFuture<'static, ()>) -> Result<(), BoxFuture<'static, ()>> {
        tokio::spawn(task);
        Ok(())
    }
}

fn client(service: &Service, runtime: impl Runtime + 'static) -> AuthClient {
    AuthClient::with_runtime(base(), service.clone(), runtime).with_retry_policy(RetryPolicy::none())
}

/// Where attempts run in tasks of their own.
fn spawning(service: &Service) -> (TokenPool, ManualClock) {
    let clock = ManualClock::new();
    (TokenPool::new(client(service, Spawning(clock.clone())), secret()), clock)
}

/// Where they are moved on by whoever is polled.
fn parking(service: &Service) -> (TokenPool, ManualClock) {
    let clock = ManualClock::new();
    (TokenPool::new(client(service, clock.clone()), secret()), clock)
}

fn secret() -> ClientSecret {
    ClientSecret::new(SECRET).unwrap()
}

fn user(name: &str) -> UserPrincipalName {
    UserPrincipalName::new(name).unwrap()
}

fn users(count: usize) -> Vec<UserPrincipalName> {
    (0..count).map(|number| user(&format!("user{number}@example.com"))).collect()
}

fn owner(token: &IssuedToken) -> &str {
    service::owner(token.expose_secret())
}

fn poll<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// The output of what needs no more than one poll.
fn now<F: Future>(future: F) -> F::Output {
    match poll(Box::pin(future).as_mut()) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("it has to be waited for"),
    }
}

/// The output of `test`, which panics when it hangs.
fn run<T>(test: impl Future<Output = T>) -> T {
    let runtime = Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        tokio::time::timeout(Duration::from_secs(30), test).await.expect("the test hangs")
    })
}

/// Lets every task go as far as it can.
async fn settle() {
    for _ in 0..100 {
        yield_now().await;
    }
}

/// What of the pool is under way: attempts that are being made, and those that wait for their turn.
fn turns(pool: &TokenPool) -> (usize, usize) {
    let shown = format!("{pool:?}");
    let number = |name: &str| {
        let (_, rest) = shown.split_once(&format!("{name}: ")).unwrap();
        rest.split(',').next().unwrap().parse().unwrap()
    };
    (number("acquiring"), number("waiting"))
}
