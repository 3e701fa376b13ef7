//! A timer on a thread of its own, for a future that no async runtime's timer may ever wake.

use std::{
    future::poll_fn,
    pin::Pin,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
    thread,
    time::Duration,
};

use slab::Slab;

use super::clocks;
use crate::caught::caught;

/// A future that is ready once the monotonic clock of [`Now::system`](super::Now::system) reads `deadline`. It fails if the system
/// has no thread left for the timer.
pub(super) struct SleepUntil {
    deadline: Duration,
    /// Where its entry is, once it has one.
    entry: Option<usize>,
}

/// The timer has no thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NoThread;

/// Waits until the monotonic clock of [`Now::system`](super::Now::system) reads `deadline`.
pub(super) async fn sleep_until(deadline: Duration) {
    sleep_on(|| SleepUntil::new(deadline)).await;
}

/// Waits for the future that `timer` returns. While the timer has no thread, the thread that polls sleeps instead,
/// in pieces: ending the wait early would turn each pause into a busy loop, and each time limit into a failure.
async fn sleep_on<F: Future<Output = Result<(), NoThread>>>(timer: impl Fn() -> F) {
    while timer().await.is_err() {
        if IS_WITHOUT_THREADS {
            // There is no clock either, so the wait has no other end.
            return;
        }
        thread::sleep(PIECE);
        // Whatever is polled beside this wait has its turn.
        let mut has_yielded = false;
        poll_fn(|context| {
            context.waker().wake_by_ref();
            if std::mem::replace(&mut has_yielded, true) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}

impl SleepUntil {
    pub(super) const fn new(deadline: Duration) -> Self {
        Self { deadline, entry: None }
    }
}

impl Future for SleepUntil {
    type Output = Result<(), NoThread>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if self.entry.is_some_and(|entry| TIMER.state().wakes(entry, context.waker())) {
            return Poll::Pending;
        }
        if clocks::monotonic() >= self.deadline {
            return Poll::Ready(Ok(()));
        }
        // A waker is user code, so it is cloned and dropped outside of the lock.
        let waker = Some(context.waker().clone());
        let mut state = TIMER.state();
        if !state.start_thread(&TIMER) {
            drop(state);
            return Poll::Ready(Err(NoThread));
        }
        let replaced = match self.entry {
            Some(entry) => std::mem::replace(&mut state.sleeps[entry].waker, waker),
            None => {
                self.entry = Some(state.sleeps.insert(Sleep { deadline: self.deadline, waker }));
                None
            }
        };
        let wakes_too_late = state.wakes_at.is_none_or(|wakes_at| self.deadline < wakes_at);
        drop(state);
        drop(replaced);
        if wakes_too_late {
            TIMER.changed.notify_one();
        }
        Poll::Pending
    }
}

impl Drop for SleepUntil {
    fn drop(&mut self) {
        let Some(entry) = self.entry else { return };
        let sleep = TIMER.state().sleeps.remove(entry);
        drop(sleep);
    }
}

struct Timer {
    state: Mutex<State>,
    /// Signals that the thread has to wake earlier.
    changed: Condvar,
}

struct State {
    /// In no order. The thread looks at all of them when it wakes, and few of them last until their deadline.
    sleeps: Slab<Sleep>,
    has_thread: bool,
    /// The process that started the thread. A `fork` copies this state, but not the thread.
    process: u32,
    /// When the thread wakes by itself; `None` before it looks for the first time.
    wakes_at: Option<Duration>,
}

struct Sleep {
    deadline: Duration,
    /// `None` once it was woken, until it is polled again.
    waker: Option<Waker>,
}

static TIMER: Timer = Timer::new();

impl Timer {
    const fn new() -> Self {
        let state = State { sleeps: Slab::new(), has_thread: false, process: 0, wakes_at: None };
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Ends once there is no sleep.
    fn run(&self) {
        let mut state = self.state();
        let mut is_unused = false;
        loop {
            let now = clocks::monotonic();
            let (mut due, mut next) = (Vec::new(), None::<Duration>);
            for (_, Sleep { deadline, waker }) in &mut state.sleeps {
                if *deadline <= now {
                    due.extend(waker.take());
                } else if waker.is_some() {
                    next = Some(next.map_or(*deadline, |next| next.min(*deadline)));
                }
            }
            if !due.is_empty() {
                drop(state);
                for waker in due {
                    // A panic of one waker must not keep the others asleep.
                    caught(|| waker.wake());
                }
                state = self.state();
                continue;
            }
            if next.is_none() && is_unused {
                (state.has_thread, state.wakes_at) = (false, None);
                return;
            }
            is_unused = next.is_none();
            // A dropped sleep does not wake the thread, so it looks by itself whether there is one left.
            let wait = next.map_or(LONGEST_WAIT, |next| next.saturating_sub(now).min(LONGEST_WAIT));
            state.wakes_at = Some(now.saturating_add(wait));
            state = self.changed.wait_timeout(state, wait).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Starts the thread if there is none. Returns false if the system has none left; the next sleep tries
    /// again.
    fn start_thread(&mut self, timer: &'static Timer) -> bool {
        let process = if IS_WITHOUT_THREADS { 0 } else { std::process::id() };
        if self.has_thread && self.process != process {
            // What these would wake has stayed in the parent process, and may hold locks for ever.
            for (_, sleep) in &mut self.sleeps {
                std::mem::forget(sleep.waker.take());
            }
            (self.has_thread, self.wakes_at) = (false, None);
        }
        if !self.has_thread {
            let thread = thread::Builder::new().name("cg-auth-timer".into()).spawn(|| timer.run());
            (self.has_thread, self.process) = (thread.is_ok(), process);
        }
        self.has_thread
    }

    /// Whether the thread wakes `waker` at the end of the sleep already.
    fn wakes(&self, entry: usize, waker: &Waker) -> bool {
        self.sleeps[entry].waker.as_ref().is_some_and(|known| known.will_wake(waker))
    }
}

/// Where neither a process nor a thread has a number, and none can sleep.
const IS_WITHOUT_THREADS: bool = cfg!(all(target_family = "wasm", target_os = "unknown"));
/// How long a thread that polls sleeps at once.
const PIECE: Duration = Duration::from_millis(1);
/// How long the thread waits without looking. Once there is no sleep, it ends after this time.
const LONGEST_WAIT: Duration = Duration::from_secs(1);

#[cfg(all(test, feature = "tokio"))]
pub(super) use self::tests::block_on;

#[cfg(test)]
mod tests;
