//! [`ManualClock`]: time that passes when a test says so.

use std::{
    future::poll_fn,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Poll, Waker},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use crate::time::{BoxFuture, Now, Runtime};

/// A [`Runtime`] whose two clocks move only when they are told to, together or apart.
///
/// A clone is the same clock. Sleepers wake when the monotonic clock reaches their time. There is nothing
/// to spawn a task on: [`Runtime::spawn`] gives it back.
///
/// ```
/// use std::time::Duration;
///
/// use cg_auth_core::{testing::ManualClock, time::Runtime};
///
/// let clock = ManualClock::new();
/// let before = clock.now();
/// clock.advance(Duration::from_secs(3600));
/// assert_eq!(clock.now().saturating_since(before), Duration::from_secs(3600));
/// ```
#[derive(Debug, Clone)]
pub struct ManualClock {
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    monotonic: Duration,
    wall: SystemTime,
    sleepers: Vec<Waker>,
}

impl ManualClock {
    /// A clock that shows 2030-01-01 00:00:00 UTC.
    #[must_use]
    pub fn new() -> Self {
        Self::starting_at(UNIX_EPOCH + Duration::from_secs(1_893_456_000))
    }

    /// A clock whose wall shows `wall`.
    #[must_use]
    pub fn starting_at(wall: SystemTime) -> Self {
        let state = State { monotonic: Duration::ZERO, wall, sleepers: Vec::new() };
        Self { state: Arc::new(Mutex::new(state)) }
    }

    /// Lets time pass: both clocks move.
    pub fn advance(&self, duration: Duration) {
        let mut state = self.state();
        state.monotonic = state.monotonic.saturating_add(duration);
        state.wall = state.wall.checked_add(duration).unwrap_or(state.wall);
        let sleepers = std::mem::take(&mut state.sleepers);
        drop(state);
        sleepers.into_iter().for_each(Waker::wake);
    }

    /// Sets the wall clock alone, as an operator or a time service does.
    pub fn set_wall(&self, wall: SystemTime) {
        self.state().wall = wall;
    }

    /// Suspends the host: the wall clock moves on, the monotonic clock stands still.
    pub fn suspend(&self, duration: Duration) {
        let mut state = self.state();
        state.wall = state.wall.checked_add(duration).unwrap_or(state.wall);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Runtime for ManualClock {
    fn now(&self) -> Now {
        let state = self.state();
        Now::new(state.monotonic, state.wall)
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        let clock = self.clone();
        let until = self.state().monotonic.saturating_add(duration);
        Box::pin(poll_fn(move |context| {
            let mut state = clock.state();
            if state.monotonic >= until {
                return Poll::Ready(());
            }
            if !state.sleepers.iter().any(|sleeper| sleeper.will_wake(context.waker())) {
                state.sleepers.push(context.waker().clone());
            }
            Poll::Pending
        }))
    }

    fn spawn(&self, task: BoxFuture<'static, ()>) -> Result<(), BoxFuture<'static, ()>> {
        Err(task)
    }
}
