//! The runtime under threads that `shuttle` runs in many different orders: no wake is lost, no task waits for a thread
//! that is not there, and no thread stays. `RUSTFLAGS="--cfg shuttle"` builds these tests.

#![allow(clippy::unwrap_used)] // as in every test

use std::{
    future::{pending, poll_fn},
    sync::Arc,
    task::{Poll, Waker},
};

use shuttle::{
    sync::{Barrier, Mutex},
    thread,
};

use super::ThreadRuntime;
use crate::{any_order::in_any_order, time::Runtime};

fn play(scene: impl Fn() + Clone + Send + Sync + 'static) {
    in_any_order(scene, ROUNDS);
}

/// Wakes what waits for it once it has been opened as often as it says.
struct Gate {
    state: Mutex<(usize, Vec<Waker>)>,
}

impl Gate {
    fn new(openings: usize) -> Arc<Self> {
        Arc::new(Self { state: Mutex::new((openings, Vec::new())) })
    }

    fn open(&self) {
        let mut state = self.state.lock().unwrap();
        state.0 -= 1;
        let wakers = if state.0 == 0 { std::mem::take(&mut state.1) } else { Vec::new() };
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
    }

    async fn wait(&self) {
        poll_fn(|context| {
            let mut state = self.state.lock().unwrap();
            if state.0 == 0 {
                return Poll::Ready(());
            }
            state.1.push(context.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

/// Ready at its second poll, for which it wakes itself.
async fn yield_once() {
    let mut has_yielded = false;
    poll_fn(|context| match std::mem::replace(&mut has_yielded, true) {
        true => Poll::Ready(()),
        false => {
            context.waker().wake_by_ref();
            Poll::Pending
        }
    })
    .await;
}

fn spawn(runtime: &ThreadRuntime, task: impl Future<Output = ()> + Send + 'static) {
    assert!(runtime.spawn(Box::pin(task)).is_ok());
}

fn wait_for_the_last_thread(runtime: &ThreadRuntime) {
    while runtime.workers.counts() != (0, 0) {
        thread::yield_now();
    }
}

#[test]
fn every_task_that_is_woken_goes_on_and_no_thread_stays() {
    play(|| {
        let runtime = ThreadRuntime::new();
        let (gate, done) = (Gate::new(1), Gate::new(3));
        for _ in 0..2 {
            let (gate, done) = (Arc::clone(&gate), Arc::clone(&done));
            spawn(&runtime, async move {
                gate.wait().await;
                done.open();
            });
        }
        let ending = Arc::clone(&done);
        spawn(&runtime, async move {
            yield_once().await;
            gate.open();
            ending.open();
        });
        ThreadRuntime::block_on(done.wait());
        wait_for_the_last_thread(&runtime);
    });
}

#[test]
fn tasks_that_block_their_threads_meet() {
    play(|| {
        let runtime = ThreadRuntime::new();
        let (meeting, done) = (Arc::new(Barrier::new(3)), Gate::new(3));
        for _ in 0..3 {
            let (meeting, done) = (Arc::clone(&meeting), Arc::clone(&done));
            spawn(&runtime, async move {
                yield_once().await;
                meeting.wait();
                done.open();
            });
        }
        ThreadRuntime::block_on(done.wait());
        wait_for_the_last_thread(&runtime);
    });
}

#[test]
fn a_task_that_comes_when_the_last_thread_leaves_is_run() {
    play(|| {
        let runtime = ThreadRuntime::new();
        let done = Gate::new(3);
        let threads = [(); 3].map(|()| {
            let (runtime, done) = (runtime.clone(), Arc::clone(&done));
            thread::spawn(move || spawn(&runtime, async move { done.open() }))
        });
        ThreadRuntime::block_on(done.wait());
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        wait_for_the_last_thread(&runtime);
    });
}

#[test]
fn a_task_without_a_waker_keeps_no_thread() {
    play(|| {
        let runtime = ThreadRuntime::new();
        let done = Gate::new(1);
        spawn(&runtime, pending());
        let opening = Arc::clone(&done);
        spawn(&runtime, async move { opening.open() });
        ThreadRuntime::block_on(done.wait());
        wait_for_the_last_thread(&runtime);
    });
}

const ROUNDS: usize = 1000;
