use std::{
    future::{pending, poll_fn},
    panic::{catch_unwind, panic_any},
    pin::Pin,
    sync::{Barrier, Mutex, mpsc},
    task::{Context, Poll, Waker},
    thread,
};

use super::*;

/// Wakes what waits for it, once it is open.
#[derive(Default)]
struct Gate {
    state: Mutex<(bool, Vec<Waker>)>,
}

impl Gate {
    fn open(&self) {
        let wakers = {
            let mut state = self.state.lock().unwrap();
            state.0 = true;
            std::mem::take(&mut state.1)
        };
        wakers.into_iter().for_each(Waker::wake);
    }

    fn poll(&self, context: &Context<'_>) -> Poll<()> {
        let mut state = self.state.lock().unwrap();
        if state.0 {
            return Poll::Ready(());
        }
        state.1.push(context.waker().clone());
        Poll::Pending
    }

    async fn wait(&self) {
        poll_fn(|context| self.poll(context)).await;
    }

    fn waiting(&self) -> usize {
        self.state.lock().unwrap().1.len()
    }
}

/// A thread runs `test`, so that a hang fails it.
fn bounded<T: Send + 'static>(test: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || sender.send(test()));
    receiver.recv_timeout(HANG).expect("the test neither hangs nor panics")
}

fn until(mut is_so: impl FnMut() -> bool) {
    let begun = Now::system();
    while !is_so() {
        assert!(Now::system().saturating_since(begun) < HANG, "it never becomes so");
        thread::yield_now();
    }
}

fn spawn(runtime: &ThreadRuntime, task: impl Future<Output = ()> + Send + 'static) {
    assert!(runtime.spawn(Box::pin(task)).is_ok());
}

fn meet(barrier: &Barrier) {
    barrier.wait();
}

fn is_without_threads(runtime: &ThreadRuntime) -> bool {
    runtime.workers.counts() == (0, 0)
}

#[test]
fn a_wait_ends_with_the_output_of_its_future() {
    assert_eq!(ThreadRuntime::block_on(async { 7 }), 7);
    bounded(|| ThreadRuntime::block_on(ThreadRuntime::new().sleep(Duration::from_millis(1))));
}

#[test]
fn a_wake_during_the_poll_is_not_lost() {
    let polls = bounded(|| {
        let mut polls = 0;
        ThreadRuntime::block_on(poll_fn(|context| {
            polls += 1;
            context.waker().wake_by_ref();
            if polls < 100 { Poll::Pending } else { Poll::Ready(()) }
        }));
        polls
    });
    assert_eq!(polls, 100);
}

#[test]
fn no_wake_of_another_thread_is_lost() {
    bounded(|| {
        let (sender, receiver) = mpsc::channel::<Arc<Gate>>();
        let opener = thread::spawn(move || receiver.into_iter().for_each(|gate| gate.open()));
        for _ in 0..5000 {
            let gate = Arc::<Gate>::default();
            sender.send(Arc::clone(&gate)).unwrap();
            ThreadRuntime::block_on(gate.wait());
        }
        drop(sender);
        opener.join().unwrap();
    });
}

#[test]
fn an_unpark_of_the_program_neither_ends_a_wait_nor_is_consumed_by_it() {
    bounded(|| {
        thread::current().unpark();
        let mut polls = 0;
        let mut sleep = ThreadRuntime::new().sleep(Duration::from_millis(20));
        ThreadRuntime::block_on(poll_fn(|context| {
            polls += 1;
            sleep.as_mut().poll(context)
        }));
        // Without a waker, with one, and once it is over.
        assert!(polls <= 3, "{polls}");
        thread::park();
    });
}

#[test]
fn a_thread_sleeps_between_two_wakes() {
    bounded(|| {
        let mut polls = 0;
        let mut sleep = ThreadRuntime::new().sleep(Duration::from_millis(20));
        ThreadRuntime::block_on(poll_fn(|context| {
            polls += 1;
            if polls == 2 {
                context.waker().wake_by_ref();
            }
            sleep.as_mut().poll(context)
        }));
        assert!(polls <= 4, "{polls}");
    });
}

#[test]
fn a_wait_inside_of_a_wait_ends_both() {
    bounded(|| {
        let gate = Arc::<Gate>::default();
        let (outer, opener) = (Arc::clone(&gate), Arc::clone(&gate));
        ThreadRuntime::block_on(poll_fn(|context| {
            let poll = outer.poll(context);
            // The wake of the outer wait comes while the inner one sleeps.
            opener.open();
            ThreadRuntime::block_on(ThreadRuntime::new().sleep(Duration::from_millis(5)));
            poll
        }));
    });
}

#[test]
fn a_panic_of_a_future_reaches_the_caller_who_waits_for_it() {
    assert!(catch_unwind(|| ThreadRuntime::block_on(async { panic!("as expected") })).is_err());
}

#[test]
fn tasks_that_wait_share_one_thread() {
    let (runtime, gate) = (ThreadRuntime::new(), Arc::<Gate>::default());
    for _ in 0..10_000 {
        let gate = Arc::clone(&gate);
        spawn(&runtime, async move { gate.wait().await });
    }
    until(|| gate.waiting() == 10_000 && runtime.workers.counts() == (10_000, 1));
    gate.open();
    until(|| is_without_threads(&runtime));
}

#[test]
fn a_task_that_blocks_its_thread_delays_no_other() {
    let (runtime, barrier) = (ThreadRuntime::new(), Arc::new(Barrier::new(9)));
    for _ in 0..8 {
        let barrier = Arc::clone(&barrier);
        spawn(&runtime, async move { meet(&barrier) });
    }
    bounded(move || meet(&barrier));
    until(|| is_without_threads(&runtime));
}

#[test]
fn a_task_that_is_woken_delays_no_other_when_it_blocks() {
    let (runtime, gate, barrier) = (ThreadRuntime::new(), Arc::<Gate>::default(), Arc::new(Barrier::new(9)));
    for _ in 0..8 {
        let (gate, barrier) = (Arc::clone(&gate), Arc::clone(&barrier));
        spawn(&runtime, async move {
            gate.wait().await;
            meet(&barrier);
        });
    }
    until(|| gate.waiting() == 8 && runtime.workers.counts().1 == 1);
    gate.open();
    bounded(move || meet(&barrier));
    until(|| is_without_threads(&runtime));
}

#[test]
fn a_task_that_is_woken_while_it_is_polled_is_polled_again() {
    let (runtime, (sender, receiver)) = (ThreadRuntime::new(), mpsc::channel());
    let mut polls = 0;
    spawn(
        &runtime,
        poll_fn(move |context| {
            polls += 1;
            context.waker().wake_by_ref();
            context.waker().wake_by_ref();
            sender.send(polls).unwrap();
            if polls < 3 { Poll::Pending } else { Poll::Ready(()) }
        }),
    );
    assert_eq!(receiver.iter().collect::<Vec<_>>(), [1, 2, 3]);
    until(|| is_without_threads(&runtime));
}

#[test]
fn a_task_is_polled_by_one_thread_at_a_time() {
    let (runtime, (sender, receiver)) = (ThreadRuntime::new(), mpsc::channel());
    let (mut polls, polled) = (0, Arc::new(Mutex::new(())));
    spawn(
        &runtime,
        poll_fn(move |context| {
            let _only = polled.try_lock().expect("no other thread polls it");
            polls += 1;
            let wakers = [(); 3].map(|()| context.waker().clone());
            for waker in wakers {
                thread::spawn(move || waker.wake());
            }
            sender.send(()).unwrap();
            if polls < 100 { Poll::Pending } else { Poll::Ready(()) }
        }),
    );
    assert_eq!(bounded(move || receiver.iter().count()), 100);
    until(|| is_without_threads(&runtime));
}

/// A payload that panics when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic_any(Self);
    }
}

/// Panics when it is dropped.
struct PanicsInDrop;

impl Future for PanicsInDrop {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        Poll::Pending
    }
}

impl Drop for PanicsInDrop {
    fn drop(&mut self) {
        panic_any(Bomb);
    }
}

#[test]
fn a_task_that_panics_ends_alone() {
    let (runtime, gate, (sender, receiver)) = (ThreadRuntime::new(), Arc::<Gate>::default(), mpsc::channel());
    let waiting = Arc::clone(&gate);
    spawn(&runtime, async move {
        waiting.wait().await;
        sender.send(()).unwrap();
    });
    spawn(&runtime, async { panic_any(Bomb) });
    spawn(&runtime, async {
        let _panics_too = PanicsInDrop;
    });
    // No waker of the task is left, so it is dropped.
    spawn(&runtime, PanicsInDrop);
    until(|| runtime.workers.counts() == (1, 1));
    gate.open();
    receiver.recv_timeout(HANG).unwrap();
    until(|| is_without_threads(&runtime));
}

#[test]
fn a_task_without_a_waker_is_dropped() {
    let (runtime, held) = (ThreadRuntime::new(), Arc::new(()));
    let kept = Arc::clone(&held);
    spawn(&runtime, async move {
        let _kept = kept;
        pending::<()>().await;
    });
    until(|| Arc::strong_count(&held) == 1 && is_without_threads(&runtime));
}

#[test]
fn a_waker_that_outlives_its_task_does_nothing() {
    let (runtime, (sender, receiver)) = (ThreadRuntime::new(), mpsc::channel());
    spawn(
        &runtime,
        poll_fn(move |context| {
            sender.send(context.waker().clone()).unwrap();
            Poll::Ready(())
        }),
    );
    let waker = receiver.recv_timeout(HANG).unwrap();
    until(|| is_without_threads(&runtime));
    waker.wake_by_ref();
    waker.wake();
    assert!(is_without_threads(&runtime));
}

#[test]
fn a_clone_is_the_same_runtime_and_debug_counts_its_tasks() {
    let (runtime, gate) = (ThreadRuntime::new(), Arc::<Gate>::default());
    let waiting = Arc::clone(&gate);
    spawn(&runtime.clone(), async move { waiting.wait().await });
    until(|| gate.waiting() == 1);
    assert_eq!(format!("{runtime:?}"), "ThreadRuntime { tasks: 1, threads: 1 }");
    gate.open();
    until(|| is_without_threads(&runtime));
}

/// No test takes a tenth of this.
const HANG: Duration = Duration::from_secs(60);
