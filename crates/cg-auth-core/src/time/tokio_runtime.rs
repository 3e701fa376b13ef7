//! [`TokioRuntime`]: the [`Runtime`] of programs on tokio.

use std::time::Duration;

use tokio::runtime::Handle;

use super::{BoxFuture, CoarseNow, Now, Runtime};

/// The [`Runtime`] of programs on tokio.
///
/// A sleep uses the timer of the tokio runtime that polls it first. Outside of a tokio runtime there is
/// no timer: the sleep is ready at once, so a call that has to wait there fails with a timeout, and a
/// task cannot be spawned. Tokio does not tell whether its time driver is enabled, and panics if a sleep
/// is polled without one: build the runtime with `enable_time` or `enable_all`.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct TokioRuntime;

impl TokioRuntime {
    /// The value holds no handle: each sleep and each task uses the tokio runtime of its thread.
    #[must_use]
    pub const fn current() -> Self {
        Self
    }
}

impl Runtime for TokioRuntime {
    fn now(&self) -> Now {
        Now::system()
    }

    fn coarse_now(&self) -> CoarseNow {
        CoarseNow::system()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            if Handle::try_current().is_ok() {
                tokio::time::sleep(duration).await;
            }
        })
    }

    fn spawn(&self, task: BoxFuture<'static, ()>) -> Result<(), BoxFuture<'static, ()>> {
        match Handle::try_current() {
            Ok(handle) => {
                handle.spawn(task);
                Ok(())
            }
            Err(_) => Err(task),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{pin::pin, task::Context, task::Poll, task::Waker};

    use super::*;

    #[test]
    fn a_sleep_outside_of_a_runtime_is_ready_at_once_and_does_not_panic() {
        let mut sleep = TokioRuntime::current().sleep(Duration::from_secs(3600));
        assert_eq!(sleep.as_mut().poll(&mut Context::from_waker(Waker::noop())), Poll::Ready(()));
    }

    #[test]
    fn a_sleep_uses_the_timer_of_the_runtime_that_polls_it_first() {
        let sleep = TokioRuntime::current().sleep(Duration::from_millis(1));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let mut sleep = pin!(sleep);
            assert!(sleep.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
            sleep.await;
        });
    }

    #[test]
    fn a_task_is_given_back_outside_of_a_runtime() {
        assert!(TokioRuntime::current().spawn(Box::pin(async {})).is_err());
    }
}
