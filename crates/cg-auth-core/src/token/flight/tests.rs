use std::{
    fmt,
    future::{pending, poll_fn},
    pin::{Pin, pin},
    sync::{
        Mutex as StdMutex,
        atomic::{AtomicBool, Ordering},
    },
    task::Wake,
    time::{Duration, UNIX_EPOCH},
};

use super::*;
use crate::time::Now;

fn flight(future: impl Future<Output = ()> + Send + 'static) -> Arc<Flight> {
    Arc::new(Flight::new(
        Box::pin(future),
        Arc::new(Deadline::new(Duration::MAX, Now::new(Duration::ZERO, UNIX_EPOCH))),
    ))
}

type Task = BoxFuture<'static, ()>;

/// A runtime whose clocks stand still and which spawns with a function.
struct Spawns<F>(F);

impl<F: Fn(Task) -> Result<(), Task> + Send + Sync> Runtime for Spawns<F> {
    fn now(&self) -> Now {
        Now::new(Duration::ZERO, UNIX_EPOCH)
    }

    fn sleep(&self, _: Duration) -> Task {
        Box::pin(pending())
    }

    fn spawn(&self, task: Task) -> Result<(), Task> {
        (self.0)(task)
    }
}

impl<F> fmt::Debug for Spawns<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Spawns")
    }
}

/// A task that calls a function before it is dropped.
struct BeforeDrop<F: FnMut()>(F, Task);

impl<F: FnMut() + Unpin> Future for BeforeDrop<F> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        self.1.as_mut().poll(context)
    }
}

impl<F: FnMut()> Drop for BeforeDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

#[test]
fn a_task_that_its_runtime_returns_does_not_end_the_next_one() {
    let flight = flight(pending());
    let spawned = Arc::<StdMutex<Vec<Task>>>::default();
    let next_caller = {
        let (flight, spawned) = (Arc::clone(&flight), Arc::clone(&spawned));
        move || {
            let spawned = Arc::clone(&spawned);
            let runtime = Spawns(move |task| {
                spawned.lock().unwrap().push(task);
                Ok(())
            });
            assert!(flight.hand_over(&runtime));
        }
    };
    let returns = Spawns(move |task| Err(Box::pin(BeforeDrop(next_caller.clone(), task)) as Task));
    assert!(!flight.hand_over(&returns));
    assert!(flight.is_in_background(), "the task of the next caller goes on");
    assert_eq!(spawned.lock().unwrap().len(), 1);
}

#[derive(Default)]
struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[test]
fn a_waiter_who_misses_the_future_during_a_poll_that_woke_it_is_woken_again() {
    let flag = Arc::<Flag>::default();
    let waker = Waker::from(Arc::clone(&flag));
    let second = Arc::<StdMutex<Option<BoxFuture<'static, Outcome>>>>::default();
    let polled = Arc::clone(&second);
    let flight = flight(poll_fn(move |context| {
        context.waker().wake_by_ref();
        // The second waiter is polled on another thread, say.
        if let Some(waiter) = &mut *polled.lock().unwrap() {
            assert!(waiter.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        }
        Poll::Pending
    }));
    *second.lock().unwrap() = Some(Box::pin({
        let flight = Arc::clone(&flight);
        async move { flight.outcome().await }
    }));
    assert!(pin!(flight.outcome()).poll(&mut Context::from_waker(Waker::noop())).is_pending());
    assert!(flag.0.load(Ordering::SeqCst), "no waiter would poll the future again");
}

#[test]
fn a_task_that_takes_over_during_a_poll_is_woken_after_it_and_goes_on_alone() {
    let spawned = Arc::<StdMutex<Vec<Task>>>::default();
    let own = Arc::<StdMutex<Option<Arc<Flight>>>>::default();
    let (tasks, to_hand_over) = (Arc::clone(&spawned), Arc::clone(&own));
    let flag = Arc::<Flag>::default();
    let waker = Waker::from(Arc::clone(&flag));
    let mut polls = 0;
    let flight = flight(poll_fn(move |_| {
        polls += 1;
        if let Some(flight) = to_hand_over.lock().unwrap().take() {
            let (tasks, waker) = (Arc::clone(&tasks), waker.clone());
            // Another thread does this, say, whose runtime polls the task at once.
            let spawns = Spawns(move |mut task: Task| {
                assert!(task.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
                tasks.lock().unwrap().push(task);
                Ok(())
            });
            assert!(flight.hand_over(&spawns));
        }
        if polls < 2 { Poll::Pending } else { Poll::Ready(()) }
    }));
    *own.lock().unwrap() = Some(Arc::clone(&flight));
    assert!(pin!(flight.outcome()).poll(&mut Context::from_waker(Waker::noop())).is_pending());
    assert!(flag.0.load(Ordering::SeqCst), "the task has not found the future");
    let mut task = spawned.lock().unwrap().pop().unwrap();
    assert!(task.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready());
}

#[test]
fn a_task_that_is_dropped_before_it_takes_over_leaves_the_future_to_the_waiters() {
    let own = Arc::<StdMutex<Option<Arc<Flight>>>>::default();
    let to_hand_over = Arc::clone(&own);
    let mut polls = 0;
    let flight = flight(poll_fn(move |_| {
        polls += 1;
        if let Some(flight) = to_hand_over.lock().unwrap().take() {
            let drops = Spawns(|mut task: Task| {
                assert!(task.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
                Ok(())
            });
            assert!(!flight.hand_over(&drops));
        }
        if polls < 2 { Poll::Pending } else { Poll::Ready(()) }
    }));
    *own.lock().unwrap() = Some(Arc::clone(&flight));
    let mut waiter = pin!(flight.outcome());
    for _ in 0..2 {
        assert!(waiter.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
    assert!(flight.has_ended(), "the waiter has polled the future to its end");
}

#[test]
fn a_flight_whose_task_was_dropped_unpolled_is_handed_over_no_more() {
    let flight = flight(pending());
    let drops = Spawns(|task| {
        drop(task);
        Ok(())
    });
    assert!(!flight.hand_over(&drops), "the task is gone at once");
    let keeps = Spawns(|task: Task| {
        mem::forget(task);
        Ok(())
    });
    assert!(!flight.hand_over(&keeps) && !flight.is_in_background());
}
