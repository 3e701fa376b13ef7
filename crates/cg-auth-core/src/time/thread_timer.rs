//! A timer on a thread of its own, for a future that no async runtime's timer may ever wake.

use std::{
    collections::BTreeMap,
    future::poll_fn,
    pin::Pin,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
    thread,
    time::Duration,
};

use super::clocks;
use crate::caught::caught;

/// A future that is ready once the monotonic clock of [`Now::system`](super::Now::system) reads `deadline`. It fails if the system
/// has no thread left for the timer.
pub(super) struct SleepUntil {
    deadline: Duration,
    /// The number of its entry, once it has one.
    number: Option<u64>,
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
        Self { deadline, number: None }
    }
}

impl Future for SleepUntil {
    type Output = Result<(), NoThread>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if clocks::monotonic() >= self.deadline {
            return Poll::Ready(Ok(()));
        }
        // A waker is user code, so it is cloned and dropped outside of the lock.
        let waker = context.waker().clone();
        let mut state = TIMER.state();
        if !state.start_thread(&TIMER) {
            drop(state);
            return Poll::Ready(Err(NoThread));
        }
        let number = self.number.unwrap_or_else(|| state.next_number());
        self.number = Some(number);
        let replaced = state.wakers.insert((self.deadline, number), waker);
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
        let Some(number) = self.number else { return };
        let waker = TIMER.state().wakers.remove(&(self.deadline, number));
        drop(waker);
    }
}

struct Timer {
    state: Mutex<State>,
    /// Signals that the thread has to wake earlier.
    changed: Condvar,
}

struct State {
    /// By deadline, and a number that sets equal deadlines apart.
    wakers: BTreeMap<(Duration, u64), Waker>,
    last_number: u64,
    has_thread: bool,
    /// The process that started the thread. A `fork` copies this state, but not the thread.
    process: u32,
    /// When the thread wakes by itself; `None` before it looks for the first time.
    wakes_at: Option<Duration>,
}

static TIMER: Timer = Timer::new();

impl Timer {
    const fn new() -> Self {
        let state =
            State { wakers: BTreeMap::new(), last_number: 0, has_thread: false, process: 0, wakes_at: None };
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Ends once there is no sleep.
    fn run(&self) {
        let mut state = self.state();
        let mut is_unused = false;
        loop {
            let now = clocks::monotonic();
            let later = state.wakers.split_off(&(now, u64::MAX));
            let due = std::mem::replace(&mut state.wakers, later);
            if !due.is_empty() {
                drop(state);
                for waker in due.into_values() {
                    // A panic of one waker must not keep the others asleep.
                    caught(|| waker.wake());
                }
                state = self.state();
                continue;
            }
            let next = state.wakers.first_key_value().map(|((deadline, _), _)| deadline.saturating_sub(now));
            if next.is_none() && is_unused {
                (state.has_thread, state.wakes_at) = (false, None);
                return;
            }
            is_unused = next.is_none();
            // A dropped sleep does not wake the thread, so it looks by itself whether there is one left.
            let wait = next.unwrap_or(LONGEST_WAIT).min(LONGEST_WAIT);
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
            std::mem::forget(std::mem::take(&mut self.wakers));
            (self.has_thread, self.wakes_at) = (false, None);
        }
        if !self.has_thread {
            let thread = thread::Builder::new().name("cg-auth-timer".into()).spawn(|| timer.run());
            (self.has_thread, self.process) = (thread.is_ok(), process);
        }
        self.has_thread
    }

    const fn next_number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
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
