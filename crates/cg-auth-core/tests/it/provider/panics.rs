//! A panic fails one acquisition and nothing else.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    task::Poll,
    time::Duration,
};

use cg_auth_core::{
    ClientSecret, TokenErrorKind, TokenProvider,
    testing::{ManualClock, ScriptedTransport},
    time::{BoxFuture, Now, Runtime},
    token::{SecretFn, SecretResult},
};
use tokio::runtime::Builder;

use super::{
    BACK_OFF, LIFETIME, Tasks, asked, client, events::names, everywhere, issue, poll, poll_once, provider,
    provider_with, until, user,
};
use crate::support::{SECRET, debug, shown};

#[test]
fn a_transport_that_panics_fails_the_acquisition_for_every_waiter_with_a_back_off() {
    everywhere(async |tasks| {
        let script = ScriptedTransport::new().answer(issue(1)).panic().answer(issue(2));
        let (provider, clock) = provider(script.clone(), tasks);
        let seen = names(&provider);
        provider.token().await.unwrap();
        clock.advance(LIFETIME);

        assert_eq!(provider.token().await.unwrap_err().kind(), TokenErrorKind::Lost);
        assert_eq!(provider.token().await.unwrap_err().kind(), TokenErrorKind::Lost);
        assert_eq!(script.requests().len(), 2);

        clock.advance(BACK_OFF);
        assert_eq!(provider.token().await.unwrap().expose_secret(), "token-2");
        assert_eq!(asked(&script), ["credential", "refresh", "credential"]);
        until(|| seen.lock().unwrap().len() == 4).await;
        let expected = ["token_acquired", "refresh_token_dropped", "token_failed", "token_acquired"];
        assert_eq!(*seen.lock().unwrap(), expected);
    });
}

#[test]
fn a_late_panic_reaches_every_waiter_as_a_failure() {
    everywhere(async |tasks| {
        let until_now = Arc::new(AtomicBool::new(true));
        let goes_on = Arc::clone(&until_now);
        let secret = SecretFn::new(move |_| {
            let goes_on = Arc::clone(&goes_on);
            async move {
                while goes_on.load(Ordering::SeqCst) {
                    tokio::task::yield_now().await;
                }
                panic!("the vault is on fire")
            }
        });
        let (provider, _clock) = provider_with(ScriptedTransport::new(), tasks, secret);
        let mut waiting = pin!(provider.token());
        assert!(poll_once(waiting.as_mut()).await.is_pending());
        let mut other = pin!(provider.token());
        assert!(poll_once(other.as_mut()).await.is_pending());
        until_now.store(false, Ordering::SeqCst);
        assert_eq!(other.await.unwrap_err().kind(), TokenErrorKind::Lost);
        assert_eq!(waiting.await.unwrap_err().kind(), TokenErrorKind::Lost);
    });
}

#[test]
fn the_message_of_a_panic_reaches_neither_error_nor_event() {
    everywhere(async |tasks| {
        let secret = SecretFn::new(|_| async { panic!("the vault gave {SECRET}") });
        let (provider, _clock) = provider_with(ScriptedTransport::new(), tasks, secret);
        let seen = Arc::<Mutex<String>>::default();
        let notes = Arc::clone(&seen);
        provider.on_event(move |event| {
            let mut seen = notes.lock().unwrap();
            *seen += &format!("{event:?} {event:#?} {:?}\n", event.fields());
        });
        let error = provider.token().await.unwrap_err();
        assert_eq!(error.kind(), TokenErrorKind::Lost);
        until(|| !seen.lock().unwrap().is_empty()).await;
        let text = shown(&error) + &seen.lock().unwrap() + &debug(&provider) + &debug(&provider.state());
        assert!(text.contains("panic") && !text.contains(SECRET), "{text}");
    });
}

#[test]
fn a_secret_source_that_panics_fails_the_acquisition() {
    everywhere(async |tasks| {
        let is_well = Arc::new(AtomicBool::new(false));
        let state = Arc::clone(&is_well);
        let secret = SecretFn::new(move |_| {
            assert!(state.load(Ordering::SeqCst), "no vault");
            async { SecretResult::Ok(ClientSecret::new(SECRET)?) }
        });
        let script = ScriptedTransport::new().answer(issue(1));
        let (provider, clock) = provider_with(script.clone(), tasks, secret);
        assert_eq!(provider.token().await.unwrap_err().kind(), TokenErrorKind::Lost);
        assert!(script.requests().is_empty());
        is_well.store(true, Ordering::SeqCst);
        clock.advance(BACK_OFF);
        assert_eq!(provider.token().await.unwrap().expose_secret(), "token-1");
    });
}

/// A runtime whose `spawn` panics until `is_well` is set.
#[derive(Debug, Clone, Default)]
struct Faulty {
    clock: ManualClock,
    is_well: Arc<AtomicBool>,
}

impl Runtime for Faulty {
    fn now(&self) -> Now {
        self.clock.now()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.clock.sleep(duration)
    }

    fn spawn(&self, task: BoxFuture<'static, ()>) -> Result<(), BoxFuture<'static, ()>> {
        assert!(self.is_well.load(Ordering::SeqCst), "no room for a task");
        Err(task)
    }
}

#[test]
fn a_spawn_that_panics_leaves_the_acquisition_to_the_next_caller() {
    let script = ScriptedTransport::new().answer(issue(1));
    let runtime = Faulty::default();
    let client = client(script.clone(), runtime.clone());
    let provider = TokenProvider::new(client, user(), ClientSecret::new(SECRET).unwrap());
    assert!(catch_unwind(AssertUnwindSafe(|| poll(pin!(provider.token())).is_ready())).is_err());
    assert!(!runtime.is_well.swap(true, Ordering::SeqCst));
    let Poll::Ready(Ok(token)) = poll(pin!(provider.token())) else { panic!("no token") };
    assert_eq!(token.expose_secret(), "token-1");
    assert_eq!(script.requests().len(), 1);
}

#[test]
fn an_observer_that_panics_affects_no_caller() {
    everywhere(async |tasks| {
        let script = ScriptedTransport::new().answer(issue(1)).answer(issue(2));
        let (provider, _clock) = provider(script, tasks);
        provider.on_event(|_| panic!("the panic of an observer"));
        let seen = names(&provider);
        let token = provider.token().await.unwrap();
        assert!(provider.invalidate(&token));
        assert_eq!(provider.token().await.unwrap().expose_secret(), "token-2");
        until(|| seen.lock().unwrap().len() == 3).await;
    });
}

#[test]
fn an_observer_that_panics_during_a_panic_does_not_abort_the_process() {
    everywhere(async |tasks| {
        let script = ScriptedTransport::new().panic();
        let (provider, _clock) = provider(script, tasks);
        provider.on_event(|_| panic!("the panic of an observer"));
        assert_eq!(provider.token().await.unwrap_err().kind(), TokenErrorKind::Lost);
    });
    let script = ScriptedTransport::new().hang();
    let (provider, _clock) = provider(script.clone(), Tasks::Spawned);
    provider.on_event(|_| panic!("the panic of an observer"));
    let runtime = Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        assert!(poll_once(pin!(provider.token())).await.is_pending());
        until(|| script.in_flight() == 1).await;
    });
    drop(runtime);
    assert!(!provider.state().is_acquiring);
}
