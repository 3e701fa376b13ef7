//! Code of the program that calls the provider while the provider calls it: no lock is held.

use std::{
    fmt::{self, Write as _},
    pin::pin,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::Poll,
    time::Duration,
};

use cg_auth_core::{
    ClientSecret, TokenPool, TokenProvider,
    model::{AccessToken, DelegatedAccessToken},
    testing::{ManualClock, ScriptedTransport},
    time::{BoxFuture, Now, Runtime},
    token::{Expiry, SecretFn, SecretResult},
};

use super::{
    LIFETIME, Tasks, client, events::names, everywhere, issue, outage, poll, provider, provider_with, until,
    user,
};
use crate::support::SECRET;

/// An error of the program that calls the provider when it is dropped.
struct Calling(Arc<OnceLock<TokenProvider>>);

impl fmt::Debug for Calling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Calling")
    }
}

impl fmt::Display for Calling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the vault is sealed")
    }
}

impl std::error::Error for Calling {}

impl Drop for Calling {
    fn drop(&mut self) {
        if let Some(provider) = self.0.get() {
            let _ = (provider.state(), provider.peek());
            provider.prefetch();
            provider.on_event(|_| {});
        }
    }
}

/// A thread runs `test`, so that a deadlock fails it.
fn without_deadlock(test: impl FnOnce() + Send + 'static) {
    let (sender, receiver) = std::sync::mpsc::channel();
    let thread = std::thread::spawn(move || {
        test();
        let _ = sender.send(());
    });
    match receiver.recv_timeout(Duration::from_secs(30)) {
        Err(std::sync::mpsc::RecvTimeoutError::Timeout) => panic!("a deadlock"),
        _ => thread.join().unwrap(),
    }
}

#[test]
fn an_error_that_calls_the_provider_when_it_is_dropped_finds_no_lock_held() {
    for end in [
        TokenProvider::clear,
        |provider: &TokenProvider| provider.replace_secret(ClientSecret::new(SECRET).unwrap()),
        |provider: &TokenProvider| {
            provider.on_event(|_| {});
            let _ = poll(pin!(provider.token()));
        },
        |provider: &TokenProvider| drop(provider.shutdown()),
    ] {
        without_deadlock(move || {
            let own = Arc::<OnceLock<TokenProvider>>::default();
            let called = Arc::clone(&own);
            let secret = SecretFn::new(move |_| {
                let error = Calling(Arc::clone(&called));
                async move { SecretResult::Err(Box::new(error)) }
            });
            let script = ScriptedTransport::new().answer(issue(1)).answer(outage());
            let (provider, clock) = provider_with(script, Tasks::Parked, secret);
            own.set(provider.clone()).unwrap();
            for _ in 0..3 {
                assert!(matches!(poll(pin!(provider.token())), Poll::Ready(Err(_))));
                clock.advance(Duration::from_secs(60));
            }
            end(&provider);
        });
    }
}

#[test]
fn an_error_of_a_superseded_acquisition_finds_no_lock_held_when_it_is_dropped() {
    without_deadlock(|| {
        let own = Arc::<OnceLock<TokenProvider>>::default();
        let called = Arc::clone(&own);
        let reads = AtomicUsize::new(0);
        let secret = SecretFn::new(move |_| {
            let is_first = reads.fetch_add(1, Ordering::SeqCst) == 0;
            let called = Arc::clone(&called);
            async move {
                match called.get() {
                    // Supersedes the acquisition that reads this secret.
                    Some(provider) if is_first => provider.clear(),
                    _ => return Ok(ClientSecret::new(SECRET)?),
                }
                SecretResult::Err(Box::new(Calling(called)))
            }
        });
        let (provider, _clock) =
            provider_with(ScriptedTransport::new().answer(issue(1)), Tasks::Parked, secret);
        own.set(provider.clone()).unwrap();
        assert!(matches!(poll(pin!(provider.token())), Poll::Ready(Ok(_))));
    });
}

/// A payload that panics when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        std::panic::panic_any(Bomb);
    }
}

#[test]
fn an_observer_whose_panic_panics_again_is_notified_again() {
    everywhere(async |tasks| {
        let script = ScriptedTransport::new().answer(issue(1)).answer(issue(2));
        let (provider, clock) = provider(script, tasks);
        let first = names(&provider);
        provider.on_event(|_| std::panic::panic_any(Bomb));
        let last = names(&provider);
        provider.token().await.unwrap();
        clock.advance(LIFETIME);
        provider.token().await.unwrap();
        until(|| last.lock().unwrap().len() == 2).await;
        assert_eq!(first.lock().unwrap().len(), 2);
    });
}

/// A runtime whose clock calls the provider and the pool.
#[derive(Clone, Default)]
struct CallingClock {
    clock: ManualClock,
    own: Arc<OnceLock<(TokenProvider, TokenPool)>>,
    is_inside: Arc<AtomicBool>,
    calls: Arc<AtomicUsize>,
}

impl fmt::Debug for CallingClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CallingClock")
    }
}

impl Runtime for CallingClock {
    fn now(&self) -> Now {
        if let Some((provider, pool)) = self.own.get()
            && !self.is_inside.swap(true, Ordering::SeqCst)
        {
            let _ = (provider.state(), provider.peek(), pool.len(), format!("{provider:?} {pool:?}"));
            let _ = pool.for_user(&user()).peek();
            provider.prefetch();
            self.calls.fetch_add(1, Ordering::SeqCst);
            self.is_inside.store(false, Ordering::SeqCst);
        }
        self.clock.now()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.clock.sleep(duration)
    }

    fn spawn(&self, task: BoxFuture<'static, ()>) -> Result<(), BoxFuture<'static, ()>> {
        match tokio::runtime::Handle::try_current() {
            Ok(handle) => {
                handle.spawn(task);
                Ok(())
            }
            Err(_) => Err(task),
        }
    }
}

#[test]
fn a_clock_that_calls_the_provider_finds_no_lock_held() {
    without_deadlock(|| {
        let script = (1..20).fold(ScriptedTransport::new(), |script, number| script.answer(issue(number)));
        let runtime = CallingClock::default();
        let client = client(script, runtime.clone());
        let secret = || ClientSecret::new(SECRET).unwrap();
        let provider = TokenProvider::new(client.clone(), user(), secret());
        let pool = TokenPool::new(client, secret()).with_max_acquisitions(1).with_idle_time(Duration::ZERO);
        let kept = pool.for_user(&user());
        runtime.own.set((provider.clone(), pool.clone())).unwrap();
        let tokio = tokio::runtime::Builder::new_current_thread().build().unwrap();
        tokio.block_on(async {
            for provider in [&provider, &kept] {
                let token = provider.token().await.unwrap();
                provider.invalidate(&token);
                provider
                    .seed(DelegatedAccessToken::new(AccessToken::new("a").unwrap(), None), Expiry::UNKNOWN);
                provider.clear();
                provider.replace_secret(secret());
                let _ = (provider.token().await, provider.peek(), provider.state());
                runtime.clock.advance(2 * LIFETIME);
                let _ = (provider.token_within(LIFETIME).await, provider.user_principal_name());
            }
            drop((pool.for_user(&user()), pool.clone().with_max_acquisitions(2)));
            pool.replace_secret(secret());
            pool.clear();
            let _ = provider.shutdown().await;
            drop(kept);
            let _ = pool.shutdown().await;
        });
        assert!(runtime.calls.load(Ordering::SeqCst) > 20);
    });
}

/// A sink that calls the provider for each piece of text.
struct CallingSink<'a>(&'a TokenProvider, &'a TokenPool);

impl fmt::Write for CallingSink<'_> {
    fn write_str(&mut self, _: &str) -> fmt::Result {
        let _ = (self.0.state(), self.0.peek(), self.1.len(), self.1.for_user(&user()));
        self.0.clear();
        Ok(())
    }
}

#[test]
fn a_sink_that_calls_the_provider_finds_no_lock_held() {
    without_deadlock(|| {
        let script = ScriptedTransport::new().answer(issue(1));
        let (provider, clock) = provider(script, Tasks::Parked);
        let pool =
            TokenPool::new(client(ScriptedTransport::new(), clock), ClientSecret::new(SECRET).unwrap());
        assert!(poll(pin!(provider.token())).is_ready());
        let shown = format!("{provider:?}");
        assert!(shown.contains("phase: Some(Fresh)") && !shown.contains("token-1"), "{shown}");
        let mut sink = CallingSink(&provider, &pool);
        write!(sink, "{provider:?} {provider:#?} {pool:?} {:?}", provider.state()).unwrap();
    });
}

/// A future of the program that panics when it is dropped.
struct Explosive;

impl Drop for Explosive {
    fn drop(&mut self) {
        panic!("a panic while the future is dropped");
    }
}

#[test]
fn a_future_that_panics_when_it_is_dropped_panics_in_no_caller() {
    let secret = SecretFn::new(|_| {
        let explosive = Explosive;
        async move {
            std::future::pending::<()>().await;
            drop(explosive);
            SecretResult::Ok(ClientSecret::new(SECRET)?)
        }
    });
    let (provider, _clock) = provider_with(ScriptedTransport::new(), Tasks::Parked, secret);
    let seen = names(&provider);
    assert!(poll(pin!(provider.token())).is_pending());
    provider.clear();
    assert_eq!(*seen.lock().unwrap(), ["acquisition_abandoned"]);
    assert!(!provider.state().is_acquiring);
}
