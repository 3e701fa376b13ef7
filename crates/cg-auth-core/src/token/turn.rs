//! [`take_turn`]: the permit of an attempt, where a pool lets only so many be made at once.

use std::{
    collections::BTreeMap,
    future::poll_fn,
    pin::pin,
    sync::{Arc, Weak},
    task::Poll,
};

use super::{
    flight::Flight,
    permits::{Permit, Permits},
};
use crate::time::BoxFuture;

/// Of the attempts of a pool.
pub(super) type Turns = Permits<Weak<Flight>>;

/// Waits for a permit. Whoever waits moves on the attempts that hold one and have no task of their own: those who
/// wait for their outcomes may not be polled, or may have left.
pub(super) async fn take_turn(
    turns: &Arc<Turns>,
    flight: &Weak<Flight>,
    executor: impl Fn() -> u64,
) -> Permit<Weak<Flight>> {
    let mut turn = pin!(turns.acquire(Weak::clone(flight)));
    let mut before: BTreeMap<u64, BoxFuture<'static, ()>> = BTreeMap::new();
    poll_fn(|context| {
        if let Poll::Ready(permit) = turn.as_mut().poll(context) {
            return Poll::Ready(permit);
        }
        let here = executor();
        for (number, flight) in turns.holders() {
            if let Some(flight) = flight.upgrade().filter(|flight| flight.is_parked_under(here)) {
                before.entry(number).or_insert_with(|| assist(Arc::clone(turns), number, flight, here));
            }
        }
        // One that ends wakes whoever moved it on, who then looks for the one that holds its permit now.
        before.retain(|_, assisted| assisted.as_mut().poll(context).is_pending());
        Poll::Pending
    })
    .await
}

fn assist(turns: Arc<Turns>, number: u64, flight: Arc<Flight>, executor: u64) -> BoxFuture<'static, ()> {
    Box::pin(async move { flight.assist(executor, || !turns.is_held(number)).await })
}
