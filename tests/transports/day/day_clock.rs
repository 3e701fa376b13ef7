//! [`DayClock`]: a runtime whose time the test advances, over real sockets.

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

/// A [`Runtime`] that spawns on tokio and takes the time from a [`ManualClock`], which the service shares.
/// Time stands still while a request is in flight, so no timeout passes on a slow machine.
#[derive(Debug, Clone)]
pub(crate) struct DayClock {
    clock: ManualClock,
    /// The seconds by which this program's wall clock was set forward and back. The service's clock is not
    /// set.
    ahead: Arc<AtomicU64>,
    behind: Arc<AtomicU64>,
    tasks: watch::Sender<usize>,
}

impl DayClock {
    pub(crate) fn new() -> Self {
        let clock = ManualClock::new().with_boot_clock();
        Self { clock, ahead: Arc::default(), behind: Arc::default(), tasks: watch::Sender::new(0) }
    }

    /// The clock for the service.
    pub(crate) fn service_clock(&self) -> ManualClock {
        self.clock.clone()
    }

    /// Waits until no acquisition is in flight, and advances the time.
    pub(crate) async fn advance(&self, duration: Duration) {
        self.tasks.subscribe().wait_for(|tasks| *tasks == 0).await.unwrap();
        self.clock.advance(duration);
    }

    /// Whether an acquisition is in flight.
    pub(crate) fn is_busy(&self) -> bool {
        *self.tasks.borrow() > 0
    }

    /// Suspends this program's host. The service's time goes on.
    pub(crate) fn suspend(&self, duration: Duration) {
        self.clock.suspend(duration);
    }

    /// Sets this program's wall clock forward.
    pub(crate) fn set_forward(&self, duration: Duration) {
        self.ahead.fetch_add(duration.as_secs(), Relaxed);
    }

    /// Sets this program's wall clock back.
    pub(crate) fn set_back(&self, duration: Duration) {
        self.behind.fetch_add(duration.as_secs(), Relaxed);
    }
}

impl Runtime for DayClock {
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
