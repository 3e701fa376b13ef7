use std::{
    pin::Pin,
    sync::{Barrier, atomic},
    task::Wake,
    thread,
};

use super::*;

type Acquiring = Pin<Box<dyn Future<Output = Permit<()>>>>;

fn acquiring(permits: &Arc<Permits<()>>) -> Acquiring {
    let permits = Arc::clone(permits);
    Box::pin(async move { permits.acquire(()).await })
}

/// One that waits.
fn queued(permits: &Arc<Permits<()>>) -> (Acquiring, Arc<Flag>) {
    let mut acquire = acquiring(permits);
    let flag = Arc::<Flag>::default();
    assert!(acquire.as_mut().poll(&mut Context::from_waker(&Waker::from(Arc::clone(&flag)))).is_pending());
    (acquire, flag)
}

fn poll(acquire: &mut Acquiring) -> Option<Permit<()>> {
    match acquire.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(permit) => Some(permit),
        Poll::Pending => None,
    }
}

fn taken(permits: &Arc<Permits<()>>) -> Permit<()> {
    poll(&mut acquiring(permits)).expect("there is one")
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
fn there_are_as_many_as_the_limit_says() {
    let permits = Permits::new(2);
    let _held = [taken(&permits), taken(&permits)];
    assert!(poll(&mut acquiring(&permits)).is_none());
    assert_eq!(permits.counts(), (2, 0), "whoever gave up waiting has left the queue");
}

#[test]
fn a_permit_is_given_back_on_drop() {
    let permits = Permits::new(1);
    for _ in 0..3 {
        drop(taken(&permits));
    }
    assert_eq!(permits.counts(), (0, 0));
}

#[test]
fn the_first_to_wait_is_the_first_to_get_one_and_nobody_else_is_woken() {
    let permits = Permits::new(1);
    let held = taken(&permits);
    let (mut first, first_flag) = queued(&permits);
    let (mut second, second_flag) = queued(&permits);
    drop(held);
    assert!(poll(&mut acquiring(&permits)).is_none(), "nobody overtakes");
    assert!(poll(&mut second).is_none());
    assert!(first_flag.is_set() && !second_flag.is_set());
    let held = poll(&mut first).unwrap();
    drop(held);
    assert!(poll(&mut second).is_some());
}

#[test]
fn a_waiter_is_woken_by_the_waker_of_its_last_poll() {
    let permits = Permits::new(1);
    let held = taken(&permits);
    let (mut waiter, old) = queued(&permits);
    let new = Arc::<Flag>::default();
    let waker = Waker::from(Arc::clone(&new));
    assert!(waiter.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    drop(held);
    assert!(new.is_set() && !old.is_set());
}

#[test]
fn a_waiter_that_is_woken_and_dropped_passes_the_permit_on() {
    let permits = Permits::new(1);
    let held = taken(&permits);
    let (first, first_flag) = queued(&permits);
    let (mut second, second_flag) = queued(&permits);
    drop(held);
    assert!(first_flag.is_set());
    drop(first);
    assert!(second_flag.is_set());
    assert!(poll(&mut second).is_some());
    assert_eq!(permits.counts(), (0, 0));
}

#[test]
fn a_waiter_that_is_dropped_leaves_the_order_of_the_others() {
    let permits = Permits::new(1);
    let held = taken(&permits);
    let mut waiters: Vec<_> = (0..3).map(|_| queued(&permits).0).collect();
    drop(waiters.remove(1));
    assert_eq!(permits.counts(), (1, 2));
    drop(held);
    let held = poll(&mut waiters[0]).unwrap();
    assert!(poll(&mut waiters[1]).is_none());
    drop(held);
    assert!(poll(&mut waiters[1]).is_some());
}

#[test]
fn a_permit_is_given_back_by_a_panic() {
    let permits = Permits::new(1);
    let held = taken(&permits);
    let panics = move || {
        let _held = held;
        panic!("on purpose");
    };
    assert!(thread::spawn(panics).join().is_err());
    assert_eq!(permits.counts(), (0, 0));
}

#[test]
fn a_higher_limit_lets_waiters_in_and_a_lower_one_waits_for_those_inside() {
    let permits = Permits::new(1);
    let first = taken(&permits);
    let (mut second, flag) = queued(&permits);
    permits.set_limit(2);
    assert!(flag.is_set());
    let second = poll(&mut second).unwrap();
    permits.set_limit(1);
    let (mut third, _) = queued(&permits);
    drop(first);
    assert!(poll(&mut third).is_none());
    drop(second);
    assert!(poll(&mut third).is_some());
}

#[test]
fn it_can_be_seen_who_holds_one() {
    let permits = Permits::new(1);
    let context = &mut Context::from_waker(Waker::noop());
    let mut first = Box::pin(permits.acquire("first"));
    let Poll::Ready(held) = first.as_mut().poll(context) else { panic!("there is one") };
    let mut second = Box::pin(permits.acquire("second"));
    assert!(second.as_mut().poll(context).is_pending());
    assert_eq!(permits.holders(), [(1, "first")]);
    drop(held);
    assert_eq!(permits.holders(), [(2, "second")], "it has not been polled since");
}

#[test]
fn threads_that_come_and_go_leave_all_permits_behind() {
    const LIMIT: usize = 3;
    const MANY: usize = 10_000_000;
    let permits = Permits::new(LIMIT);
    let inside = atomic::AtomicUsize::new(0);
    let barrier = Barrier::new(8);
    thread::scope(|scope| {
        for thread in 0..8 {
            let (permits, inside, barrier) = (&permits, &inside, &barrier);
            scope.spawn(move || {
                barrier.wait();
                for turn in 0..500 {
                    let mut acquire = acquiring(permits);
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
                    assert!(permit.is_some(), "it hangs");
                    assert!(inside.fetch_add(1, atomic::Ordering::SeqCst) < LIMIT);
                    inside.fetch_sub(1, atomic::Ordering::SeqCst);
                }
            });
        }
    });
    assert_eq!(permits.counts(), (0, 0));
}
