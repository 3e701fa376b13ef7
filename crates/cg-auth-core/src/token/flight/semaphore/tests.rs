use std::{
    pin::Pin,
    sync::{Barrier, atomic},
    task::Wake,
    thread,
};

use super::*;
use crate::{
    model::BaseUrl,
    testing::{ManualClock, ScriptedTransport},
};

type Acquiring = Pin<Box<dyn Future<Output = Permit>>>;

fn acquiring(semaphore: &Arc<Semaphore>) -> Acquiring {
    let semaphore = Arc::clone(semaphore);
    let deadline = Arc::new(Deadline::new(Duration::MAX, semaphore.client.runtime().now()));
    Box::pin(async move { semaphore.acquire_permit(deadline, Weak::<NoAcquisition>::new()).await })
}

struct NoAcquisition;

impl PermitOwner for NoAcquisition {
    fn permit_ends(&self) {}
}

fn semaphore(limit: usize) -> Arc<Semaphore> {
    let base = BaseUrl::parse("https://example.com").unwrap();
    Semaphore::new(limit, AuthClient::with_runtime(base, ScriptedTransport::new(), ManualClock::new()))
}

/// A waiter in the queue, and the flag that its waker sets.
fn queued(semaphore: &Arc<Semaphore>) -> (Acquiring, Arc<Flag>) {
    let mut acquire = acquiring(semaphore);
    let flag = Arc::<Flag>::default();
    assert!(acquire.as_mut().poll(&mut Context::from_waker(&Waker::from(Arc::clone(&flag)))).is_pending());
    (acquire, flag)
}

fn poll(acquire: &mut Acquiring) -> Option<Permit> {
    match acquire.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(permit) => Some(permit),
        Poll::Pending => None,
    }
}

fn taken(semaphore: &Arc<Semaphore>) -> Permit {
    poll(&mut acquiring(semaphore)).expect("a permit is free")
}

#[derive(Default)]
struct Flag(atomic::AtomicBool);

impl Flag {
    fn is_set(&self) -> bool {
        self.0.load(atomic::Ordering::SeqCst)
    }
}

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, atomic::Ordering::SeqCst);
    }
}

#[test]
fn as_many_permits_are_held_as_the_limit_allows() {
    let semaphore = semaphore(2);
    let _held = [taken(&semaphore), taken(&semaphore)];
    assert!(poll(&mut acquiring(&semaphore)).is_none());
    assert_eq!(semaphore.counts(), (2, 0), "a dropped waiter leaves the queue");
}

#[test]
fn dropping_a_permit_gives_it_back() {
    let semaphore = semaphore(1);
    for _ in 0..3 {
        drop(taken(&semaphore));
    }
    assert_eq!(semaphore.counts(), (0, 0));
}

#[test]
fn the_first_waiter_gets_the_permit_and_only_that_one_is_woken() {
    let semaphore = semaphore(1);
    let held = taken(&semaphore);
    let (mut first, first_flag) = queued(&semaphore);
    let (mut second, second_flag) = queued(&semaphore);
    drop(held);
    assert!(poll(&mut acquiring(&semaphore)).is_none(), "a newcomer does not overtake the queue");
    assert!(poll(&mut second).is_none());
    assert!(first_flag.is_set() && !second_flag.is_set());
    let held = poll(&mut first).unwrap();
    drop(held);
    assert!(poll(&mut second).is_some());
}

#[test]
fn a_waiter_is_woken_by_the_waker_of_its_last_poll() {
    let semaphore = semaphore(1);
    let held = taken(&semaphore);
    let (mut waiter, old) = queued(&semaphore);
    let new = Arc::<Flag>::default();
    let waker = Waker::from(Arc::clone(&new));
    assert!(waiter.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    drop(held);
    assert!(new.is_set() && !old.is_set());
}

#[test]
fn a_waiter_that_is_woken_and_dropped_passes_the_permit_on() {
    let semaphore = semaphore(1);
    let held = taken(&semaphore);
    let (first, first_flag) = queued(&semaphore);
    let (mut second, second_flag) = queued(&semaphore);
    drop(held);
    assert!(first_flag.is_set());
    drop(first);
    assert!(second_flag.is_set());
    assert!(poll(&mut second).is_some());
    assert_eq!(semaphore.counts(), (0, 0));
}

#[test]
fn a_dropped_waiter_keeps_the_order_of_the_others() {
    let semaphore = semaphore(1);
    let held = taken(&semaphore);
    let mut waiters: Vec<_> = (0..3).map(|_| queued(&semaphore).0).collect();
    drop(waiters.remove(1));
    assert_eq!(semaphore.counts(), (1, 2));
    drop(held);
    let held = poll(&mut waiters[0]).unwrap();
    assert!(poll(&mut waiters[1]).is_none());
    drop(held);
    assert!(poll(&mut waiters[1]).is_some());
}

#[test]
fn a_panic_gives_the_permit_back() {
    let semaphore = semaphore(1);
    let held = taken(&semaphore);
    let panics = move || {
        let _held = held;
        panic!("on purpose");
    };
    assert!(thread::spawn(panics).join().is_err());
    assert_eq!(semaphore.counts(), (0, 0));
}

#[test]
fn a_permit_counts_as_held_before_its_waiter_is_polled_again() {
    let semaphore = semaphore(1);
    let first = taken(&semaphore);
    let (second, _) = queued(&semaphore);
    assert_eq!(semaphore.counts(), (1, 1));
    drop(first);
    assert_eq!(semaphore.counts(), (1, 0));
    drop(second);
    assert_eq!(semaphore.counts(), (0, 0));
}

#[test]
fn threads_that_come_and_go_leave_no_permit_held() {
    const LIMIT: usize = 3;
    const MANY: usize = 10_000_000;
    let semaphore = semaphore(LIMIT);
    let running = atomic::AtomicUsize::new(0);
    let barrier = Barrier::new(8);
    thread::scope(|scope| {
        for thread in 0..8 {
            let (semaphore, running, barrier) = (&semaphore, &running, &barrier);
            scope.spawn(move || {
                barrier.wait();
                for turn in 0..500 {
                    let mut acquire = acquiring(semaphore);
                    let mut permit = poll(&mut acquire);
                    if (thread + turn) % 3 == 0 {
                        continue;
                    }
                    for _ in 0..MANY {
                        if permit.is_some() {
                            break;
                        }
                        thread::yield_now();
                        permit = poll(&mut acquire);
                    }
                    assert!(permit.is_some(), "the test hangs");
                    assert!(running.fetch_add(1, atomic::Ordering::SeqCst) < LIMIT);
                    running.fetch_sub(1, atomic::Ordering::SeqCst);
                }
            });
        }
    });
    assert_eq!(semaphore.counts(), (0, 0));
}
