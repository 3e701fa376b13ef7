//! `TokenPool`: which users share a provider, which are forgotten, and how many acquire at once.

mod acquisitions;
mod lifecycle;
mod lost_permits;
mod mix_ups;
mod parked;
mod replacing;
mod secrets;
mod service;
mod shared_back_off;
mod users;

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
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

/// A manual clock with the tasks of tokio.
#[derive(Debug, Clone)]
struct Spawning(ManualClock);

/// A manual clock that can spawn once a test allows it.
#[derive(Debug, Clone, Default)]
struct Switchable {
    clock: ManualClock,
    can_spawn: Arc<AtomicBool>,
}

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

impl Runtime for Switchable {
    fn now(&self) -> Now {
        self.clock.now()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.clock.sleep(duration)
    }

    fn spawn(&self, task: BoxFuture<'static, ()>) -> Result<(), BoxFuture<'static, ()>> {
        if !self.can_spawn.load(Ordering::SeqCst) {
            return Err(task);
        }
        tokio::spawn(task);
        Ok(())
    }
}

fn client(service: &Service, runtime: impl Runtime + 'static) -> AuthClient {
    AuthClient::with_runtime(base(), service.clone(), runtime).with_retry_policy(RetryPolicy::none())
}

/// A pool whose acquisitions run in background tasks.
fn spawning(service: &Service) -> (TokenPool, ManualClock) {
    let clock = ManualClock::new();
    (TokenPool::new(client(service, Spawning(clock.clone())), secret()), clock)
}

/// A pool whose acquisitions are parked until a test allows to spawn.
fn switchable(service: &Service) -> (TokenPool, Arc<AtomicBool>) {
    let runtime = Switchable::default();
    (TokenPool::new(client(service, runtime.clone()), secret()), runtime.can_spawn)
}

/// A pool whose acquisitions are parked and polled by their waiters.
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

/// The output of a future that is ready at the first poll.
fn now<F: Future>(future: F) -> F::Output {
    match poll(Box::pin(future).as_mut()) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("the future is not ready"),
    }
}

/// The output of `test`, which panics when it hangs.
fn run<T>(test: impl Future<Output = T>) -> T {
    let runtime = Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        tokio::time::timeout(Duration::from_secs(120), test).await.expect("the test hangs")
    })
}

/// Lets every task run until it waits.
async fn run_tasks() {
    for _ in 0..100 {
        yield_now().await;
    }
}

/// All users ask at once, and the service answers once `in_flight` of them have sent a request. Each gets its
/// own token. Returns the permits at that moment.
async fn many_users_at_once(
    pool: &TokenPool,
    service: &Service,
    users: Vec<UserPrincipalName>,
    in_flight: usize,
) -> (usize, usize) {
    service.close();
    let tasks: Vec<_> = users
        .into_iter()
        .map(|user| {
            let pool = pool.clone();
            tokio::spawn(async move {
                let token = pool.for_user(&user).token().await.unwrap();
                assert_eq!(owner(&token), user.as_str());
            })
        })
        .collect();
    while service.in_flight() < in_flight {
        yield_now().await;
    }
    let held = permits(pool);
    service.open();
    for task in tasks {
        task.await.unwrap();
    }
    held
}

/// How many permits of the pool are held, and how many acquisitions wait for one.
fn permits(pool: &TokenPool) -> (usize, usize) {
    let shown = format!("{pool:?}");
    let number = |name: &str| {
        let (_, rest) = shown.split_once(&format!("{name}: ")).unwrap();
        rest.split(',').next().unwrap().parse().unwrap()
    };
    (number("acquiring"), number("waiting"))
}
