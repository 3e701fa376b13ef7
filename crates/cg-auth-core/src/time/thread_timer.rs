//! A timer on a thread of its own, for a thread that polls without an async runtime's timer.

use std::{
    collections::BTreeMap,
    pin::Pin,
    sync::{
        Condvar, LazyLock, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    task::{Context, Poll, Waker},
    thread,
    time::Duration,
};

use super::Now;
use crate::caught::caught;

/// A future that is ready once the monotonic clock of [`Now::system`] reads `deadline`.
pub(super) struct SleepUntil {
    deadline: Duration,
    number: u64,
}

impl SleepUntil {
    pub(super) fn new(deadline: Duration) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self { deadline, number: NEXT.fetch_add(1, Relaxed) }
    }

    const fn key(&self) -> Key {
        (self.deadline, self.number)
    }
}

impl Future for SleepUntil {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        // Without a thread there is no timer, and ending a wait early is better than never.
        let Some(timer) = &*TIMER else { return Poll::Ready(()) };
        if Now::system().monotonic() >= self.deadline {
            return Poll::Ready(());
        }
        // A waker is user code, so it is cloned and dropped outside of the lock.
        let waker = context.waker().clone();
        let mut wakers = timer.wakers();
        let replaced = wakers.insert(self.key(), waker);
        let is_first = wakers.first_key_value().is_some_and(|(first, _)| *first == self.key());
        drop(wakers);
        drop(replaced);
        if is_first {
            timer.changed.notify_one();
        }
        Poll::Pending
    }
}

impl Drop for SleepUntil {
    fn drop(&mut self) {
        let waker = TIMER.as_ref().map(|timer| timer.wakers().remove(&self.key()));
        drop(waker);
    }
}

/// The deadline, and a number that sets equal deadlines apart.
type Key = (Duration, u64);

#[derive(Default)]
struct Timer {
    wakers: Mutex<BTreeMap<Key, Waker>>,
    /// Signals that the earliest deadline has changed.
    changed: Condvar,
}

/// Starts its thread at the first use; `None` if the system has no thread left.
static TIMER: LazyLock<Option<&'static Timer>> = LazyLock::new(|| {
    let timer: &'static Timer = Box::leak(Box::default());
    thread::Builder::new().name("cg-auth-timer".into()).spawn(|| timer.run()).is_ok().then_some(timer)
});

impl Timer {
    fn run(&self) {
        let mut wakers = self.wakers();
        loop {
            let now = Now::system().monotonic();
            let later = wakers.split_off(&(now, u64::MAX));
            let due = std::mem::replace(&mut *wakers, later);
            if !due.is_empty() {
                drop(wakers);
                for waker in due.into_values() {
                    // A panic of one waker must not keep the others asleep.
                    caught(|| waker.wake());
                }
                wakers = self.wakers();
                continue;
            }
            let first = wakers.first_key_value().map(|((deadline, _), _)| deadline.saturating_sub(now));
            wakers = match first {
                Some(left) => {
                    self.changed.wait_timeout(wakers, left).unwrap_or_else(PoisonError::into_inner).0
                }
                None => self.changed.wait(wakers).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    fn wakers(&self) -> MutexGuard<'_, BTreeMap<Key, Waker>> {
        self.wakers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::{future::poll_fn, pin::pin, sync::Arc, task::Wake, thread::Thread};

    use super::*;

    struct Unpark(Thread);

    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        let mut future = pin!(future);
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        loop {
            match future.as_mut().poll(&mut Context::from_waker(&waker)) {
                Poll::Ready(output) => return output,
                Poll::Pending => thread::park(),
            }
        }
    }

    fn after(millis: u64) -> SleepUntil {
        SleepUntil::new(Now::system().monotonic() + Duration::from_millis(millis))
    }

    #[test]
    fn a_sleep_ends_at_its_deadline_and_not_before() {
        for millis in [0, 1, 30] {
            let before = Now::system();
            block_on(after(millis));
            assert!(Now::system().saturating_since(before) >= Duration::from_millis(millis));
        }
    }

    #[test]
    fn an_earlier_deadline_overtakes_a_later_one() {
        let mut late = pin!(after(3_600_000));
        block_on(poll_fn(|context| {
            assert!(late.as_mut().poll(context).is_pending());
            Poll::Ready(())
        }));
        block_on(after(10));
    }

    #[test]
    fn a_dropped_sleep_leaves_no_waker_behind() {
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        let mut sleep = Box::pin(after(3_600_000));
        let _ = sleep.as_mut().poll(&mut Context::from_waker(&waker));
        let key = sleep.key();
        assert!(TIMER.unwrap().wakers().contains_key(&key));
        drop(sleep);
        assert!(!TIMER.unwrap().wakers().contains_key(&key));
    }

    #[test]
    fn a_waker_that_panics_keeps_no_other_asleep() {
        struct Panics;
        impl Wake for Panics {
            fn wake(self: Arc<Self>) {
                panic!("this waker panics");
            }
        }
        let mut sleep = pin!(after(5));
        let _ = sleep.as_mut().poll(&mut Context::from_waker(&Arc::new(Panics).into()));
        block_on(after(10));
    }
}
