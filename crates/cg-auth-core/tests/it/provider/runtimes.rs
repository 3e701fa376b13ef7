//! Executors that end, change, or take tasks and drop them.

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::Poll,
    time::Duration,
};

use cg_auth_core::{
    ClientSecret, TokenProvider,
    testing::{ManualClock, ScriptedTransport},
    time::{BoxFuture, Now, Runtime},
};
use tokio::runtime::{Builder, Runtime as Tokio};

use super::{
    LIFETIME, Tasks, asked, bounded, client, events::names, issue, poll, poll_once, provider, until, user,
};
use crate::support::SECRET;

fn tokio() -> Tokio {
    Builder::new_current_thread().enable_time().build().unwrap()
}

#[test]
fn callers_elsewhere_go_on_when_the_spawning_runtime_is_gone() {
    let script = ScriptedTransport::new().hang().hold_back(issue(2));
    let (provider, _clock) = provider(script.clone(), Tasks::Spawned);
    let (one, other) = (tokio(), tokio());
    let mut token = Box::pin(provider.token());
    one.block_on(async {
        assert!(poll_once(pin!(provider.token())).await.is_pending());
        until(|| script.under_way() == 1).await;
    });
    other.block_on(async { assert!(poll_once(token.as_mut()).await.is_pending()) });
    drop(one);
    assert_eq!(script.under_way(), 0);
    other.block_on(async {
        assert!(poll_once(token.as_mut()).await.is_pending());
        until(|| script.under_way() == 1).await;
        // It is in a task of its own once more.
        drop(token);
        script.release();
        until(|| provider.peek().is_some()).await;
        assert_eq!(provider.token().await.unwrap().expose_secret(), "token-2");
    });
    assert_eq!(script.requests().len(), 2);
}

#[test]
fn a_refresh_on_the_wire_is_lost_with_its_runtime_and_the_credential_is_next() {
    let script = ScriptedTransport::new().answer(issue(1)).hang().answer(issue(2));
    let (provider, clock) = provider(script.clone(), Tasks::Spawned);
    let (one, other) = (tokio(), tokio());
    let seen = names(&provider);
    one.block_on(async {
        provider.token().await.unwrap();
        clock.advance(LIFETIME);
        assert!(poll_once(pin!(provider.token())).await.is_pending());
        until(|| script.under_way() == 1).await;
    });
    drop(one);
    assert_eq!(other.block_on(bounded(provider.token())).unwrap().expose_secret(), "token-2");
    assert_eq!(asked(&script), ["credential", "refresh", "credential"]);
    assert_eq!(
        *seen.lock().unwrap(),
        ["token_acquired", "refresh_token_dropped", "acquisition_abandoned", "token_acquired"]
    );
}

/// Gives every task back; the executor is the one that was set.
#[derive(Debug, Clone, Default)]
struct Moving {
    clock: ManualClock,
    executor: Arc<AtomicU64>,
}

impl Runtime for Moving {
    fn now(&self) -> Now {
        self.clock.now()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.clock.sleep(duration)
    }

    fn spawn(&self, task: BoxFuture<'static, ()>) -> Result<(), BoxFuture<'static, ()>> {
        Err(task)
    }

    fn executor(&self) -> u64 {
        self.executor.load(Ordering::SeqCst)
    }
}

#[test]
fn a_parked_attempt_is_an_ambiguous_loss_under_another_executor() {
    let script = ScriptedTransport::new().answer(issue(1)).hang().hang();
    let runtime = Moving::default();
    let provider = TokenProvider::new(
        client(script.clone(), runtime.clone()),
        user(),
        ClientSecret::new(SECRET).unwrap(),
    );
    assert!(poll(pin!(provider.token())).is_ready());
    runtime.clock.advance(LIFETIME);
    let mut before = pin!(provider.token());
    assert!(poll(before.as_mut()).is_pending());
    assert_eq!(asked(&script), ["credential", "refresh"]);
    assert!(poll(pin!(provider.token())).is_pending(), "under the same one it goes on");
    assert_eq!(script.requests().len(), 2);

    runtime.executor.store(1, Ordering::SeqCst);
    let mut after = pin!(provider.token());
    assert!(poll(after.as_mut()).is_pending());
    assert_eq!(asked(&script), ["credential", "refresh", "credential"]);
    assert_eq!(script.under_way(), 1);
    assert!(poll(before.as_mut()).is_pending());
    assert_eq!(script.requests().len(), 3, "who waited before waits for the new one");
}

/// Takes tasks and drops them, as an executor does that is about to end.
#[derive(Debug, Clone, Default)]
struct Dropping(ManualClock);

impl Runtime for Dropping {
    fn now(&self) -> Now {
        self.0.now()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.0.sleep(duration)
    }

    fn spawn(&self, _: BoxFuture<'static, ()>) -> Result<(), BoxFuture<'static, ()>> {
        Ok(())
    }
}

#[test]
fn a_caller_whose_task_is_dropped_makes_the_attempt_alone() {
    let script = ScriptedTransport::new().answer(issue(1));
    let provider = TokenProvider::new(
        client(script.clone(), Dropping::default()),
        user(),
        ClientSecret::new(SECRET).unwrap(),
    );
    let Poll::Ready(token) = poll(pin!(provider.token())) else { panic!("nothing to wait for") };
    assert_eq!(token.unwrap().expose_secret(), "token-1");
    assert_eq!(script.requests().len(), 1);
}

#[test]
fn a_runtime_that_has_been_shut_down_makes_nobody_spin() {
    let script = ScriptedTransport::new().answer(issue(1));
    let (provider, _clock) = provider(script, Tasks::Spawned);
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_time().build().unwrap();
    let handle = runtime.handle().clone();
    runtime.shutdown_background();
    let is_done = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&is_done);
    std::thread::spawn(move || {
        seen.store(handle.block_on(provider.token()).is_ok(), Ordering::SeqCst);
    });
    tokio().block_on(until(|| is_done.load(Ordering::SeqCst)));
}
