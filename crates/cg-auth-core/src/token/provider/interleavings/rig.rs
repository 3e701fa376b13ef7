//! A provider whose threads are played.

use std::{
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Waker},
    time::Duration,
};

use shuttle::{future, thread};

use super::super::TokenProvider;
use crate::{
    AuthClient, BaseUrl, ClientSecret, RetryPolicy, UserPrincipalName,
    testing::{ManualClock, ScriptedTransport},
    time::{BoxFuture, Now, Runtime},
    token::{TokenErrorKind, session::Session},
};

/// What becomes of the tasks of attempts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Tasks {
    Spawned,
    Parked,
    /// Kept, until somebody drops them.
    Kept,
}

#[derive(Clone)]
pub(super) struct Played {
    pub(super) clock: ManualClock,
    tasks: Tasks,
    kept: Arc<Mutex<Vec<BoxFuture<'static, ()>>>>,
}

impl std::fmt::Debug for Played {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.tasks.fmt(f)
    }
}

impl Played {
    pub(super) fn drop_tasks(&self) {
        let kept = std::mem::take(&mut *self.kept.lock().unwrap_or_else(PoisonError::into_inner));
        drop(kept);
    }
}

impl Runtime for Played {
    fn now(&self) -> Now {
        self.clock.now()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.clock.sleep(duration)
    }

    fn spawn(&self, task: BoxFuture<'static, ()>) -> Result<(), BoxFuture<'static, ()>> {
        match self.tasks {
            Tasks::Spawned => drop(future::spawn(task)),
            Tasks::Parked => return Err(task),
            Tasks::Kept => self.kept.lock().unwrap_or_else(PoisonError::into_inner).push(task),
        }
        Ok(())
    }
}

#[derive(Clone)]
pub(super) struct Rig {
    pub(super) provider: TokenProvider,
    pub(super) runtime: Played,
    pub(super) script: ScriptedTransport,
}

impl Rig {
    pub(super) fn new(tasks: Tasks, script: ScriptedTransport) -> Self {
        let runtime = Played { clock: ManualClock::new(), tasks, kept: Arc::default() };
        let base = BaseUrl::parse("https://example.com").unwrap();
        let client = AuthClient::with_runtime(base, script.clone(), runtime.clone())
            .with_retry_policy(RetryPolicy::none());
        let user = UserPrincipalName::new("someone@example.com").unwrap();
        // Of a fixed chance, so that a failure can be played once more.
        let session = Session::with_seed(user, 1);
        let secret = ClientSecret::new("s3cret").unwrap();
        Self { provider: TokenProvider::with_session(client, session, secret), runtime, script }
    }

    /// A thread that waits for a token: its text, or the kind of its failure.
    pub(super) fn caller(&self) -> thread::JoinHandle<Result<String, TokenErrorKind>> {
        let provider = self.provider.clone();
        thread::spawn(move || {
            let token = future::block_on(provider.token());
            token.map(|token| token.expose_secret().to_owned()).map_err(|error| error.kind())
        })
    }

    /// A thread that polls once and goes away.
    pub(super) fn passer_by(&self) -> thread::JoinHandle<()> {
        let provider = self.provider.clone();
        thread::spawn(move || {
            let mut token = pin!(provider.token());
            let _ = token.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            thread::yield_now();
        })
    }

    pub(super) fn thread(&self, act: impl FnOnce(&Self) + Send + 'static) -> thread::JoinHandle<()> {
        let rig = self.clone();
        thread::spawn(move || act(&rig))
    }

    /// Hits read the same as whoever asks the session, which publishes anew: they read first.
    pub(super) fn assert_is_published(&self) {
        let is_hit = self.provider.shared.hit().is_some();
        assert_eq!(is_hit, self.provider.state().phase.is_some());
    }
}
