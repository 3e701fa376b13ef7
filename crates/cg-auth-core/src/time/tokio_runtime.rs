//! [`TokioRuntime`]: the [`Runtime`] of programs on tokio.

use std::{
    future::{Future, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    task::Poll,
    thread,
    time::Duration,
};

use tokio::runtime::Handle;

use super::{
    BoxFuture, CoarseNow, Now, Runtime, clocks,
    thread_timer::{SleepUntil, sleep_until},
};

/// The [`Runtime`] of programs on tokio.
///
/// A sleep uses the timer of the tokio runtime that polls it. A thread of this crate keeps the time too, in case that
/// runtime is not driven, has no timer or does not exist. So a sleep ends at most 50 ms late. A task cannot be spawned
/// outside of a tokio runtime.
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
        let deadline = clocks::monotonic().saturating_add(duration);
        Box::pin(async move {
            if Handle::try_current().is_err() || sleep_on_tokio(duration, deadline).await.is_err() {
                sleep_until(deadline).await;
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

/// Sleeps on the timer of the current tokio runtime, and on the thread's in case that runtime is not driven. An
/// error says that the runtime has no timer.
async fn sleep_on_tokio(duration: Duration, deadline: Duration) -> thread::Result<()> {
    let mut sleep = pin!(async move { tokio::time::sleep(duration).await });
    let mut if_not_driven = pin!(SleepUntil::new(deadline.saturating_add(GRACE)));
    poll_fn(|context| {
        // Tokio does not tell whether its timer is enabled or shut down. It panics.
        match catch_unwind(AssertUnwindSafe(|| sleep.as_mut().poll(context))) {
            Ok(Poll::Ready(())) => return Poll::Ready(Ok(())),
            Err(panic) => return Poll::Ready(Err(panic)),
            Ok(Poll::Pending) => {}
        }
        // Without a thread only the runtime's timer is left.
        match if_not_driven.as_mut().poll(context) {
            Poll::Ready(Ok(())) => Poll::Ready(Ok(())),
            Poll::Ready(Err(_)) | Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// How late a runtime's own timer is before the thread's ends the sleep. A driven runtime needs no second wake.
const GRACE: Duration = Duration::from_millis(50);

#[cfg(test)]
mod tests {
    use std::{
        pin::pin,
        task::{Context, Waker},
    };

    use tokio::runtime::Builder;

    use super::*;
    use crate::time::thread_timer::block_on;

    fn lasts_its_time(run: impl FnOnce(BoxFuture<'static, ()>)) {
        let before = Now::system();
        run(TokioRuntime::current().sleep(Duration::from_millis(20)));
        assert!(Now::system().saturating_since(before) >= Duration::from_millis(20));
    }

    #[test]
    fn a_sleep_needs_no_timer_of_tokio() {
        let without_time = Builder::new_current_thread().build().unwrap();
        lasts_its_time(|sleep| without_time.block_on(sleep));

        let shut_down = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let handle = shut_down.handle().clone();
        shut_down.shutdown_background();
        lasts_its_time(|sleep| handle.block_on(sleep));
    }

    #[test]
    fn a_sleep_outside_of_a_runtime_is_pending_and_does_not_panic() {
        let mut sleep = TokioRuntime::current().sleep(Duration::from_secs(3600));
        assert_eq!(sleep.as_mut().poll(&mut Context::from_waker(Waker::noop())), Poll::Pending);
    }

    #[test]
    fn a_sleep_outlives_the_runtime_that_polled_it_first() {
        let before = Now::system();
        let mut sleep = TokioRuntime::current().sleep(Duration::from_millis(20));
        let first = Builder::new_current_thread().enable_time().build().unwrap();
        first.block_on(async {
            assert!(sleep.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        });
        drop(first);
        Builder::new_current_thread().enable_time().build().unwrap().block_on(sleep);
        assert!(Now::system().saturating_since(before) >= Duration::from_millis(20));
    }

    #[test]
    fn a_sleep_uses_the_timer_of_the_runtime_that_polls_it_first() {
        let sleep = TokioRuntime::current().sleep(Duration::from_millis(1));
        let runtime = Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let mut sleep = pin!(sleep);
            assert!(sleep.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
            sleep.await;
        });
    }

    #[test]
    fn a_sleep_ends_on_a_runtime_that_is_not_driven() {
        for millis in [0, 1, 20] {
            let idle = Builder::new_current_thread().enable_time().build().unwrap();
            let entered = idle.enter();
            let before = Now::system();
            block_on(TokioRuntime::current().sleep(Duration::from_millis(millis)));
            assert!(Now::system().saturating_since(before) >= Duration::from_millis(millis));
            drop(entered);
        }
    }

    #[test]
    fn a_sleep_that_moves_to_a_runtime_that_is_not_driven_ends() {
        let (driven, idle) = (
            Builder::new_current_thread().enable_time().build().unwrap(),
            Builder::new_current_thread().enable_time().build().unwrap(),
        );
        let mut sleep = TokioRuntime::current().sleep(Duration::from_millis(20));
        driven.block_on(async {
            assert!(sleep.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        });
        let _entered = idle.enter();
        block_on(sleep);
    }

    #[test]
    fn a_task_is_given_back_outside_of_a_runtime() {
        assert!(TokioRuntime::current().spawn(Box::pin(async {})).is_err());
    }
}
