//! [`Clockwork`]: hours that pass as fast as a program gets through them, over real sockets.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use cg_auth_core::{
    testing::ManualClock,
    time::{BoxFuture, Now, Runtime, TokioRuntime},
};
use tokio::sync::watch;

/// A [`Runtime`] that spawns and sends on tokio and takes the time from a [`ManualClock`], which the service goes
/// by too. Time stands still while anything is on its way, so that no deadline passes on a slow machine.
#[derive(Debug, Clone)]
pub(crate) struct Clockwork {
    clock: ManualClock,
    /// How far this program's wall clock was set ahead of the service's and behind it, in seconds.
    ahead: Arc<AtomicU64>,
    behind: Arc<AtomicU64>,
    tasks: watch::Sender<usize>,
}

impl Clockwork {
    pub(crate) fn new() -> Self {
        let clock = ManualClock::new().with_boot_clock();
        Self { clock, ahead: Arc::default(), behind: Arc::default(), tasks: watch::Sender::new(0) }
    }

    /// The clock for the service.
    pub(crate) fn of_the_service(&self) -> ManualClock {
        self.clock.clone()
    }

    /// Waits until no attempt is under way, and lets time pass.
    pub(crate) async fn advance(&self, duration: Duration) {
        self.tasks.subscribe().wait_for(|tasks| *tasks == 0).await.unwrap();
        self.clock.advance(duration);
    }

    pub(crate) fn is_busy(&self) -> bool {
        *self.tasks.borrow() > 0
    }

    /// Suspends this program's host. The service goes on.
    pub(crate) fn suspend(&self, duration: Duration) {
        self.clock.suspend(duration);
    }

    /// Sets this program's wall clock forward.
    pub(crate) fn set_forward(&self, duration: Duration) {
        self.ahead.fetch_add(duration.as_secs(), Relaxed);
    }

    /// Sets it back.
    pub(crate) fn set_back(&self, duration: Duration) {
        self.behind.fetch_add(duration.as_secs(), Relaxed);
    }
}

impl Runtime for Clockwork {
    fn now(&self) -> Now {
        let now = self.clock.now();
        let offset = |seconds: &AtomicU64| Duration::from_secs(seconds.load(Relaxed));
        let wall = now.wall() + offset(&self.ahead) - offset(&self.behind);
        now.boot()
            .map_or(Now::new(now.monotonic(), wall), |boot| Now::new(now.monotonic(), wall).with_boot(boot))
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.clock.sleep(duration)
    }

    fn spawn(&self, task: BoxFuture<'static, ()>) -> Result<(), BoxFuture<'static, ()>> {
        let tasks = self.tasks.clone();
        tasks.send_modify(|tasks| *tasks += 1);
        TokioRuntime::current().spawn(Box::pin(async move {
            task.await;
            tasks.send_modify(|tasks| *tasks -= 1);
        }))
    }
}
