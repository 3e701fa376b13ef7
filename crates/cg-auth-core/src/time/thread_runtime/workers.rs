//! [`Workers`]: threads that poll the tasks that are ready.

use std::{
    collections::VecDeque,
    io,
    sync::{Arc, PoisonError},
    task::{Context, Poll, Wake, Waker},
};

use super::sync::{Builder, Condvar, Mutex, MutexGuard};
use crate::{caught::caught, time::BoxFuture};

/// The tasks of a runtime, and the threads that poll them. While there is a task, there is a thread.
#[derive(Default)]
pub(super) struct Workers {
    state: Mutex<State>,
    /// Signals an idle thread that a task is ready, or that there is no task left.
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// The tasks that are ready to be polled, in the order of their wakes.
    ready: VecDeque<Arc<Task>>,
    /// How many tasks have not ended.
    tasks: usize,
    threads: usize,
    /// How many of the threads wait for a task. One is enough, so another thread ends instead.
    idle: usize,
    /// Whether a new thread has not looked for a task yet. It starts the next thread if more tasks are ready, so a
    /// burst of short tasks starts few threads.
    is_starting: bool,
}

impl Workers {
    /// Takes `task`, or returns it if no thread is free and the system has none left.
    pub(super) fn spawn(
        self: &Arc<Self>,
        future: BoxFuture<'static, ()>,
    ) -> Result<(), BoxFuture<'static, ()>> {
        let mut state = self.state();
        if self.call_thread(&mut state).is_err() {
            drop(state);
            return Err(future);
        }
        state.tasks += 1;
        let future = Some((future, Counted(Arc::clone(self))));
        let task = Mutex::new(TaskState { future, is_woken: true });
        state.ready.push_back(Arc::new(Task { workers: Arc::clone(self), state: task }));
        Ok(())
    }

    /// How many tasks have not ended, and how many threads there are.
    pub(super) fn counts(&self) -> (usize, usize) {
        let state = self.state();
        (state.tasks, state.threads)
    }

    fn enqueue(self: &Arc<Self>, task: Arc<Task>) {
        let mut state = self.state();
        state.ready.push_back(task);
        // If the system has no thread left, a running thread takes the task when it is free.
        let _ = self.call_thread(&mut state);
    }

    /// Makes a thread look for a ready task: an idle one, one that is starting, or a new one.
    fn call_thread(self: &Arc<Self>, state: &mut State) -> io::Result<()> {
        if state.idle > 0 {
            self.changed.notify_one();
        } else if !state.is_starting {
            let workers = Arc::clone(self);
            Builder::new().name("cg-auth-worker".into()).spawn(move || workers.run())?;
            state.threads += 1;
            state.is_starting = true;
        }
        Ok(())
    }

    fn run(self: Arc<Self>) {
        let mut state = self.state();
        state.is_starting = false;
        loop {
            if let Some(task) = state.ready.pop_front() {
                if !state.ready.is_empty() {
                    let _ = self.call_thread(&mut state);
                }
                drop(state);
                // Dropping the last waker of a task drops its future, which is code of the program.
                caught(|| task.poll());
                state = self.state();
            } else if state.tasks == 0 || state.idle > 0 {
                state.threads -= 1;
                return;
            } else {
                state.idle += 1;
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                state.idle -= 1;
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A task is owned by the queue while it is ready, by a thread while it is polled, and by its wakers while it waits.
struct Task {
    workers: Arc<Workers>,
    state: Mutex<TaskState>,
}

struct TaskState {
    /// `None` while a thread polls it, and once it has ended.
    future: Option<(BoxFuture<'static, ()>, Counted)>,
    /// Whether it is in the queue, or has to go there after the poll.
    is_woken: bool,
}

impl Task {
    fn poll(self: Arc<Self>) {
        let mut state = self.state();
        state.is_woken = false;
        let taken = state.future.take();
        drop(state);
        let Some((mut future, counted)) = taken else { return };
        let waker = Waker::from(Arc::clone(&self));
        let poll = caught(|| future.as_mut().poll(&mut Context::from_waker(&waker)));
        if poll != Some(Poll::Pending) {
            // It has ended, or has panicked.
            caught(|| drop(future));
            return;
        }
        let mut state = self.state();
        state.future = Some((future, counted));
        let is_woken = state.is_woken;
        drop(state);
        if is_woken {
            Arc::clone(&self.workers).enqueue(self);
        }
    }

    fn state(&self) -> MutexGuard<'_, TaskState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        let mut state = self.state();
        let is_first = !std::mem::replace(&mut state.is_woken, true);
        let waits = state.future.is_some();
        drop(state);
        if is_first && waits {
            Arc::clone(&self.workers).enqueue(self);
        }
    }
}

/// Counts as a task until it is dropped.
struct Counted(Arc<Workers>);

impl Drop for Counted {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.tasks -= 1;
        if state.tasks == 0 {
            self.0.changed.notify_all();
        }
    }
}

#[cfg(test)]
#[cfg(not(shuttle))]
mod tests {
    use super::*;

    #[test]
    fn a_burst_starts_one_thread_at_a_time() {
        let workers = Arc::<Workers>::default();
        // A thread that starts waits for this lock.
        let mut state = workers.state();
        for _ in 0..10 {
            workers.call_thread(&mut state).unwrap();
        }
        assert_eq!(state.threads, 1);
    }
}
