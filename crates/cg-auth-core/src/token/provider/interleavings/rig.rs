//! [`Rig`]: a provider whose threads `shuttle` schedules.

use std::{
    pin::pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Waker},
    time::Duration,
};

use shuttle::{future, thread};

use super::super::TokenProvider;
use crate::{
    AuthClient, BaseUrl, ClientSecret, RetryPolicy, TokenErrorKind, UserPrincipalName,
    testing::{ManualClock, ScriptedTransport},
    time::{BoxFuture, Now, Runtime},
    token::session::Session,
};

/// What the runtime does with tasks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Tasks {
    Spawned,
    /// Given back, until the rig [allows tasks](Scheduled::allow_tasks).
    Parked,
    /// Given back the first time. The next caller hands the acquisition over.
    ParkedAtFirst,
    /// Kept, until the rig [drops them](Scheduled::drop_tasks).
    Kept,
}

#[derive(Clone)]
pub(super) struct Scheduled {
    pub(super) clock: ManualClock,
    tasks: Tasks,
    /// How many more tasks are given back.
    to_give_back: Arc<AtomicUsize>,
    kept: Arc<Mutex<Vec<BoxFuture<'static, ()>>>>,
}

impl std::fmt::Debug for Scheduled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.tasks.fmt(f)
    }
}

impl Scheduled {
    fn new(tasks: Tasks) -> Self {
        let to_give_back = match tasks {
            Tasks::Spawned | Tasks::Kept => 0,
            Tasks::ParkedAtFirst => 1,
            Tasks::Parked => usize::MAX,
        };
        let to_give_back = Arc::new(AtomicUsize::new(to_give_back));
        Self { clock: ManualClock::new(), tasks, to_give_back, kept: Arc::default() }
    }

    pub(super) fn allow_tasks(&self) {
        self.to_give_back.store(0, Ordering::SeqCst);
    }

    pub(super) fn drop_tasks(&self) {
        let kept = std::mem::take(&mut *self.kept.lock().unwrap_or_else(PoisonError::into_inner));
        drop(kept);
    }
}

impl Runtime for Scheduled {
    fn now(&self) -> Now {
        self.clock.now()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.clock.sleep(duration)
    }

    fn spawn(&self, task: BoxFuture<'static, ()>) -> Result<(), BoxFuture<'static, ()>> {
        // A point at which another thread may run while the future is taken.
        thread::yield_now();
        let left =
            self.to_give_back.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        if left.is_ok() {
            return Err(task);
        }
        match self.tasks {
            Tasks::Kept => self.kept.lock().unwrap_or_else(PoisonError::into_inner).push(task),
            _ => drop(future::spawn(task)),
        }
        Ok(())
    }
}

#[derive(Clone)]
pub(super) struct Rig {
    pub(super) provider: TokenProvider,
    pub(super) runtime: Scheduled,
    pub(super) script: ScriptedTransport,
}

impl Rig {
    pub(super) fn new(tasks: Tasks, script: ScriptedTransport) -> Self {
        let runtime = Scheduled::new(tasks);
        let base = BaseUrl::parse("https://example.com").unwrap();
        let client = AuthClient::with_runtime(base, script.clone(), runtime.clone())
            .with_retry_policy(RetryPolicy::none());
        let user = UserPrincipalName::new("someone@example.com").unwrap();
        // A fixed seed, so that a failing order can be reproduced.
        let session = Session::with_seed(user, 1);
        let secret = ClientSecret::new("s3cret").unwrap();
        Self { provider: TokenProvider::with_session(client, session, secret), runtime, script }
    }

    /// A thread that waits for a token. It returns the text of the token, or the kind of the failure.
    pub(super) fn caller(&self) -> thread::JoinHandle<Result<String, TokenErrorKind>> {
        let provider = self.provider.clone();
        thread::spawn(move || {
            let token = future::block_on(provider.token());
            token.map(|token| token.expose_secret().to_owned()).map_err(|error| error.kind())
        })
    }

    /// A thread that polls once and leaves.
    pub(super) fn leaving_caller(&self) -> thread::JoinHandle<()> {
        let provider = self.provider.clone();
        thread::spawn(move || {
            let mut token = pin!(provider.token());
            let _ = token.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            thread::yield_now();
        })
    }

    pub(super) fn thread(&self, run: impl FnOnce(&Self) + Send + 'static) -> thread::JoinHandle<()> {
        let rig = self.clone();
        thread::spawn(move || run(&rig))
    }

    /// Asserts that a hit and the session agree on whether there is a token. The hit is read first, because
    /// asking the session publishes a new snapshot.
    pub(super) fn assert_is_published(&self) {
        let is_hit = self.provider.shared.hit().is_some();
        assert_eq!(is_hit, self.provider.state().phase.is_some());
    }
}
