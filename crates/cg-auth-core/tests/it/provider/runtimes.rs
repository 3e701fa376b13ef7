//! Runtimes that end, that cannot spawn, or that drop the tasks they take.

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
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
    LIFETIME, Tasks, Woken, asked, bounded, client, events::names, issue, poll, poll_once, poll_with,
    provider, until, user,
};
use crate::support::SECRET;

fn tokio() -> Tokio {
    Builder::new_current_thread().enable_time().build().unwrap()
}

#[test]
fn waiters_on_other_runtimes_go_on_when_the_runtime_of_the_task_is_dropped() {
    let script = ScriptedTransport::new().hang().hold_back(issue(2));
    let (provider, _clock) = provider(script.clone(), Tasks::Spawned);
    let (one, other) = (tokio(), tokio());
    let mut token = Box::pin(provider.token());
    one.block_on(async {
        assert!(poll_once(pin!(provider.token())).await.is_pending());
        until(|| script.in_flight() == 1).await;
    });
    other.block_on(async { assert!(poll_once(token.as_mut()).await.is_pending()) });
    drop(one);
    assert_eq!(script.in_flight(), 0);
    other.block_on(async {
        assert!(poll_once(token.as_mut()).await.is_pending());
        until(|| script.in_flight() == 1).await;
        // The new acquisition runs in a background task, so it survives its caller.
        drop(token);
        script.release();
        until(|| provider.peek().is_some()).await;
        assert_eq!(provider.token().await.unwrap().expose_secret(), "token-2");
    });
    assert_eq!(script.requests().len(), 2);
}

#[test]
fn a_refresh_on_the_wire_is_lost_with_its_runtime_and_the_credential_is_used_next() {
    let script = ScriptedTransport::new().answer(issue(1)).hang().answer(issue(2));
    let (provider, clock) = provider(script.clone(), Tasks::Spawned);
    let (one, other) = (tokio(), tokio());
    let seen = names(&provider);
    one.block_on(async {
        provider.token().await.unwrap();
        clock.advance(LIFETIME);
        assert!(poll_once(pin!(provider.token())).await.is_pending());
        until(|| script.in_flight() == 1).await;
    });
    drop(one);
    assert_eq!(other.block_on(bounded(provider.token())).unwrap().expose_secret(), "token-2");
    assert_eq!(asked(&script), ["credential", "refresh", "credential"]);
    assert_eq!(
        *seen.lock().unwrap(),
        ["token_acquired", "refresh_token_dropped", "acquisition_abandoned", "token_acquired"]
    );
}

#[test]
fn a_caller_who_can_spawn_hands_a_parked_acquisition_over_to_a_background_task() {
    let script = ScriptedTransport::new().hold_back(issue(1));
    let (provider, _clock) = provider(script.clone(), Tasks::Spawned);
    let mut parked = pin!(provider.token());
    assert!(poll(parked.as_mut()).is_pending(), "outside of tokio nothing can be spawned");
    assert_eq!(script.in_flight(), 1);
    tokio().block_on(async {
        let mut other = Box::pin(provider.token());
        assert!(poll_once(other.as_mut()).await.is_pending());
        drop(other);
        script.release();
        until(|| provider.peek().is_some()).await;
    });
    let Poll::Ready(token) = poll(parked.as_mut()) else { panic!("the acquisition has ended") };
    assert_eq!(token.unwrap().expose_secret(), "token-1");
    assert_eq!(script.requests().len(), 1);
}

#[test]
fn a_caller_who_is_served_hands_a_parked_renewal_over_too() {
    let script = ScriptedTransport::new().answer(issue(1)).hold_back(issue(2));
    let (provider, clock) = provider(script.clone(), Tasks::Spawned);
    assert!(poll(pin!(provider.token())).is_ready());
    clock.advance(LIFETIME - Duration::from_secs(120));
    assert!(poll(pin!(provider.token())).is_pending(), "the caller who starts it waits once");
    tokio().block_on(async {
        // A hit does not ask the session, but one call a minute does.
        clock.advance(Duration::from_secs(60));
        assert_eq!(provider.token().await.unwrap().expose_secret(), "token-1");
        script.release();
        until(|| provider.peek().unwrap().expose_secret() == "token-2").await;
    });
    assert_eq!(script.requests().len(), 2);
}

#[test]
fn an_acquisition_that_was_handed_over_is_abandoned_with_its_runtime() {
    let script = ScriptedTransport::new().hang().answer(issue(2));
    let (provider, _clock) = provider(script.clone(), Tasks::Spawned);
    let seen = names(&provider);
    let mut parked = pin!(provider.token());
    assert!(poll(parked.as_mut()).is_pending());
    let runtime = tokio();
    runtime.block_on(async {
        assert!(poll_once(pin!(provider.token())).await.is_pending());
        tokio::task::yield_now().await;
    });
    drop(runtime);
    assert_eq!(script.in_flight(), 0);
    assert_eq!(*seen.lock().unwrap(), ["acquisition_abandoned"]);
    let Poll::Ready(token) = poll(parked.as_mut()) else { panic!("the waiter starts another one") };
    assert_eq!(token.unwrap().expose_secret(), "token-2");
}

/// Drops every task, as an executor that is shutting down does.
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
fn callers_whose_tasks_are_dropped_share_one_acquisition_that_they_poll() {
    let script = ScriptedTransport::new().hold_back(issue(1));
    let client = client(script.clone(), Dropping::default());
    let provider = TokenProvider::new(client, user(), ClientSecret::new(SECRET).unwrap());
    let mut waiting = pin!(provider.token());
    assert!(poll(waiting.as_mut()).is_pending());
    for _ in 0..20 {
        assert!(poll(pin!(provider.token())).is_pending());
    }
    script.release();
    let Poll::Ready(token) = poll(waiting.as_mut()) else { panic!("the acquisition has ended") };
    assert_eq!(token.unwrap().expose_secret(), "token-1");
    assert_eq!(script.requests().len(), 1);
}

#[test]
fn a_caller_whose_task_is_dropped_polls_the_acquisition_itself() {
    let script = ScriptedTransport::new().answer(issue(1));
    let provider = TokenProvider::new(
        client(script.clone(), Dropping::default()),
        user(),
        ClientSecret::new(SECRET).unwrap(),
    );
    let Poll::Ready(token) = poll(pin!(provider.token())) else { panic!("the caller has to wait") };
    assert_eq!(token.unwrap().expose_secret(), "token-1");
    assert_eq!(script.requests().len(), 1);
}

/// Cannot spawn. Polls the task once before it returns it, if told to.
#[derive(Debug, Clone, Default)]
struct Trying {
    clock: ManualClock,
    tries: Arc<AtomicBool>,
}

impl Runtime for Trying {
    fn now(&self) -> Now {
        self.clock.now()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.clock.sleep(duration)
    }

    fn spawn(&self, mut task: BoxFuture<'static, ()>) -> Result<(), BoxFuture<'static, ()>> {
        if self.tries.load(Ordering::SeqCst) {
            let _ = poll(task.as_mut());
        }
        Err(task)
    }
}

#[test]
fn a_task_that_is_polled_and_returned_is_resumed_by_the_waiters() {
    let script = ScriptedTransport::new().hold_back(issue(1));
    let runtime = Trying::default();
    let client = client(script.clone(), runtime.clone());
    let provider = TokenProvider::new(client, user(), ClientSecret::new(SECRET).unwrap());
    let (mut token, woken) = (pin!(provider.token()), Arc::<Woken>::default());
    assert!(poll_with(token.as_mut(), &woken).is_pending());
    runtime.tries.store(true, Ordering::SeqCst);
    provider.prefetch();
    assert!(woken.times() > 0, "the waker of the runtime has replaced that of the waiter");
    assert!(poll_with(token.as_mut(), &woken).is_pending());
    let before = woken.times();
    script.release();
    assert!(woken.times() > before);
    assert!(poll(token).is_ready());
}

#[test]
fn a_runtime_that_was_shut_down_makes_no_caller_loop_for_ever() {
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
