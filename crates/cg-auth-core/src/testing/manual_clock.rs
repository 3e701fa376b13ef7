//! [`ManualClock`]: clocks that only a test moves.

use std::{
    collections::BTreeMap,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use crate::time::{BoxFuture, Now, Runtime};

/// A [`Runtime`] whose clocks only a test moves, together or apart: a monotonic clock, a wall clock and
/// optionally a [boot clock](Self::with_boot_clock).
///
/// A clone is the same clock. A sleep ends when the monotonic clock reaches its end. A manual clock runs no
/// background tasks: [`Runtime::spawn`] returns the task.
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
    boot: Option<Duration>,
    wall: SystemTime,
    /// The wakers by the number of their sleep, so that a dropped sleep removes its own.
    sleepers: BTreeMap<u64, Waker>,
    next_sleeper: u64,
}

impl ManualClock {
    /// A clock whose wall clock shows 2030-01-01 00:00:00 UTC.
    #[must_use]
    pub fn new() -> Self {
        Self::starting_at(UNIX_EPOCH + Duration::from_secs(1_893_456_000))
    }

    /// A clock whose wall clock shows `wall`.
    #[must_use]
    pub fn starting_at(wall: SystemTime) -> Self {
        let state =
            State { monotonic: Duration::ZERO, boot: None, wall, sleepers: BTreeMap::new(), next_sleeper: 0 };
        Self { state: Arc::new(Mutex::new(state)) }
    }

    /// Adds a boot clock, which runs on during suspension, as on Linux.
    #[must_use]
    pub fn with_boot_clock(self) -> Self {
        let mut state = self.state();
        let monotonic = state.monotonic;
        state.boot.get_or_insert(monotonic);
        drop(state);
        self
    }

    /// Moves all clocks forward by `duration`.
    pub fn advance(&self, duration: Duration) {
        let mut state = self.state();
        state.monotonic = state.monotonic.saturating_add(duration);
        state.pass_suspended(duration);
        let sleepers = std::mem::take(&mut state.sleepers);
        drop(state);
        sleepers.into_values().for_each(Waker::wake);
    }

    /// Sets the wall clock only, as an operator or a time service does.
    pub fn set_wall(&self, wall: SystemTime) {
        self.state().wall = wall;
    }

    /// Suspends the host for `duration`: the monotonic clock stops, the other clocks move on.
    pub fn suspend(&self, duration: Duration) {
        self.state().pass_suspended(duration);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Moves the clocks that run on during suspension, the wall clock at most to the last date that can be
    /// written.
    fn pass_suspended(&mut self, duration: Duration) {
        self.boot = self.boot.map(|boot| boot.saturating_add(duration));
        let last = (UNIX_EPOCH + LAST_MOMENT).max(self.wall);
        self.wall = self.wall.checked_add(duration).map_or(last, |wall| wall.min(last));
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
        let now = Now::new(state.monotonic, state.wall);
        state.boot.map_or(now, |boot| now.with_boot(boot))
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        let mut state = self.state();
        let until = state.monotonic.saturating_add(duration);
        let number = state.next_sleeper;
        state.next_sleeper += 1;
        Box::pin(Sleep { clock: self.clone(), until, number })
    }

    fn spawn(&self, task: BoxFuture<'static, ()>) -> Result<(), BoxFuture<'static, ()>> {
        Err(task)
    }
}

struct Sleep {
    clock: ManualClock,
    until: Duration,
    number: u64,
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.clock.state();
        if state.monotonic >= self.until {
            return Poll::Ready(());
        }
        state.sleepers.insert(self.number, context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.clock.state().sleepers.remove(&self.number);
    }
}

/// 9999-12-31 23:59:59 UTC: most formats of a date end there.
const LAST_MOMENT: Duration = Duration::from_secs(253_402_300_799);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_sleep_removes_its_waker() {
        let clock = ManualClock::new();
        for _ in 0..3 {
            let mut sleep = clock.sleep(Duration::from_secs(1));
            assert!(sleep.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        }
        assert!(clock.state().sleepers.is_empty());
    }

    #[test]
    fn a_sleep_ends_when_the_monotonic_clock_reaches_its_end() {
        let clock = ManualClock::new();
        let mut sleep = clock.sleep(Duration::from_secs(2));
        for (pending, step) in [(true, 1), (true, 0), (false, 1)] {
            clock.advance(Duration::from_secs(step));
            assert_eq!(sleep.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending(), pending);
        }
    }

    #[test]
    fn the_boot_clock_counts_suspension_and_the_monotonic_clock_does_not() {
        let clock = ManualClock::new().with_boot_clock();
        let second = Duration::from_secs(1);
        clock.advance(second);
        clock.suspend(second);
        assert_eq!((clock.now().monotonic(), clock.now().boot()), (second, Some(2 * second)));
        assert_eq!(ManualClock::new().now().boot(), None);
    }

    #[test]
    fn the_wall_clock_stops_at_the_last_date_that_can_be_written() {
        let clock = ManualClock::new();
        clock.advance(Duration::MAX);
        clock.suspend(Duration::MAX);
        assert_eq!(clock.now().wall(), UNIX_EPOCH + LAST_MOMENT);
        assert_eq!(clock.now().monotonic(), Duration::MAX);
    }
}
