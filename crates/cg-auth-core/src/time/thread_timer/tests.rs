use std::{panic::panic_any, pin::pin, sync::Arc, task::Wake, thread::Thread};

use super::*;
use crate::time::Now;

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// An executor without a runtime. It panics when the future hangs.
pub(in crate::time) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let begun = Now::system();
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        thread::park_timeout(HANG);
        assert!(Now::system().saturating_since(begun) < HANG, "the future hangs");
    }
}

fn after(millis: u64) -> SleepUntil {
    SleepUntil::new(Now::system().monotonic() + Duration::from_millis(millis))
}

/// Polls a sleep once, with `waker` as its waker.
fn begin(sleep: Pin<&mut SleepUntil>, waker: impl Wake + Send + Sync + 'static) {
    assert!(sleep.poll(&mut Context::from_waker(&Arc::new(waker).into())).is_pending());
}

/// A thread runs `test`, so that a deadlock fails it.
fn without_deadlock(test: impl FnOnce() + Send + 'static) {
    let (sender, receiver) = std::sync::mpsc::channel();
    thread::spawn(move || {
        test();
        let _ = sender.send(());
    });
    receiver.recv_timeout(HANG).expect("neither a deadlock nor a panic");
}

#[test]
fn a_sleep_ends_at_its_deadline_and_not_before() {
    for millis in [0, 1, 30] {
        let before = Now::system();
        block_on(after(millis)).unwrap();
        assert!(Now::system().saturating_since(before) >= Duration::from_millis(millis));
    }
}

#[test]
fn earlier_deadlines_overtake_a_later_one() {
    let mut late = pin!(after(3_600_000));
    begin(late.as_mut(), Unpark(thread::current()));
    let begun = Now::system();
    // If the thread had to wake by itself for each of them, that would take a minute.
    for _ in 0..60 {
        block_on(after(1)).unwrap();
    }
    assert!(Now::system().saturating_since(begun) < HANG);
}

#[test]
fn a_sleep_wakes_the_waker_of_its_last_poll_alone() {
    let (sender, receiver) = std::sync::mpsc::channel();
    let mut sleep = pin!(after(50));
    let first = Waker::from(Arc::new(Tell(sender.clone(), "first")));
    let last = Waker::from(Arc::new(Tell(sender, "last")));
    for waker in [&first, &first, &last, &last] {
        assert!(sleep.as_mut().poll(&mut Context::from_waker(waker)).is_pending());
    }
    assert_eq!(receiver.recv_timeout(HANG), Ok("last"));
    block_on(after(50)).unwrap();
    assert!(receiver.try_recv().is_err(), "one wake");
}

#[test]
fn the_place_of_a_sleep_that_was_woken_is_not_taken_by_another() {
    let mut woken = pin!(after(5));
    begin(woken.as_mut(), Unpark(thread::current()));
    block_on(after(20)).unwrap();
    let waker = Arc::new(Unpark(thread::current()));
    let mut later = Box::pin(after(3_600_000));
    assert!(later.as_mut().poll(&mut Context::from_waker(&Arc::clone(&waker).into())).is_pending());
    assert_eq!(woken.as_mut().poll(&mut Context::from_waker(Waker::noop())), Poll::Ready(Ok(())));
    woken.set(SleepUntil::new(Duration::ZERO));
    assert_eq!(Arc::strong_count(&waker), 2, "the later sleep keeps its waker");
}

#[test]
fn a_dropped_sleep_leaves_no_waker_behind() {
    let waker = Arc::new(Unpark(thread::current()));
    let mut sleep = Box::pin(after(3_600_000));
    let _ = sleep.as_mut().poll(&mut Context::from_waker(&Arc::clone(&waker).into()));
    assert_eq!(Arc::strong_count(&waker), 2);
    drop(sleep);
    assert_eq!(Arc::strong_count(&waker), 1);
}

/// A waker that owns a sleep, which its `Drop` removes from the timer.
struct Owner(#[allow(dead_code)] Pin<Box<SleepUntil>>);

impl Owner {
    fn new() -> Self {
        let mut sleep = Box::pin(after(3_600_000));
        begin(sleep.as_mut(), Unpark(thread::current()));
        Self(sleep)
    }
}

impl Wake for Owner {
    fn wake(self: Arc<Self>) {}
}

#[test]
fn a_waker_that_uses_the_timer_when_it_is_dropped_finds_no_lock_held() {
    without_deadlock(|| {
        let mut replaced = Box::pin(after(3_600_000));
        begin(replaced.as_mut(), Owner::new());
        begin(replaced.as_mut(), Owner::new());
        drop(replaced);
        let mut woken = pin!(after(5));
        begin(woken.as_mut(), Owner::new());
        block_on(after(10)).unwrap();
        // The thread of the timer goes on.
        block_on(after(10)).unwrap();
    });
}

/// A payload that panics when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic_any(Self);
    }
}

/// A waker of a broken executor.
struct Panics;

impl Wake for Panics {
    fn wake(self: Arc<Self>) {
        panic_any(Bomb);
    }
}

#[test]
fn a_waker_whose_panic_panics_again_keeps_no_other_asleep() {
    without_deadlock(|| {
        let mut sleep = pin!(after(5));
        begin(sleep.as_mut(), Panics);
        block_on(after(10)).unwrap();
        block_on(after(10)).unwrap();
    });
}

/// No test takes a tenth of this.
const HANG: Duration = Duration::from_secs(30);

#[test]
fn without_a_thread_a_wait_lasts_its_time_and_what_is_polled_beside_it_goes_on() {
    let deadline = Now::system().monotonic() + Duration::from_millis(30);
    let timer = async || {
        let is_over = Now::system().monotonic() >= deadline;
        if is_over { Ok(()) } else { Err(NoThread) }
    };
    let mut wait = pin!(sleep_on(timer));
    let mut polls = 0;
    block_on(poll_fn(|context| {
        polls += 1;
        wait.as_mut().poll(context)
    }));
    assert!(Now::system().monotonic() >= deadline);
    assert!(polls > 1, "{polls}");
}

/// As a child finds it after a `fork`: the state says that there is a thread, and there is none.
#[test]
fn a_process_without_the_thread_of_its_parent_starts_another() {
    static OF_THE_PARENT: Timer = Timer::new();
    let (sender, receiver) = std::sync::mpsc::channel();
    let mut state = OF_THE_PARENT.state();
    (state.has_thread, state.process, state.wakes_at) = (true, 0, Some(Duration::MAX));
    let tell = |name| {
        let waker = Some(Waker::from(Arc::new(Tell(sender.clone(), name))));
        Sleep { deadline: Duration::ZERO, waker }
    };
    state.sleeps.insert(tell("of the parent"));
    assert!(state.start_thread(&OF_THE_PARENT));
    state.sleeps.insert(tell("of the child"));
    drop(state);
    assert_eq!(receiver.recv_timeout(HANG), Ok("of the child"));
}

/// Tells its name when it is woken.
struct Tell(std::sync::mpsc::Sender<&'static str>, &'static str);

impl Wake for Tell {
    fn wake(self: Arc<Self>) {
        let _ = self.0.send(self.1);
    }
}
