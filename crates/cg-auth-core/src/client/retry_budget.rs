//! [`RetryBudget`]: keeps retries from multiplying the load on a service that is down.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// A bucket that every call drops a tenth of a retry into and every retry takes a whole one from.
///
/// It starts full, with ten. So over many failing calls there is one retry to ten calls, while the retries
/// of a service that fails now and then are all there.
#[derive(Debug)]
pub(super) struct RetryBudget(AtomicU32);

impl RetryBudget {
    pub(super) const fn full() -> Self {
        Self(AtomicU32::new(CAPACITY))
    }

    /// A call has begun.
    pub(super) fn deposit(&self) {
        let _ = self.0.fetch_update(Relaxed, Relaxed, |tenths| (tenths < CAPACITY).then_some(tenths + 1));
    }

    /// A retry to be made, if there is one left.
    pub(super) fn withdraw(&self) -> Option<Retry<'_>> {
        let taken = self.0.fetch_update(Relaxed, Relaxed, |tenths| tenths.checked_sub(ONE));
        taken.ok().map(|_| Retry(self))
    }

    fn put_back(&self) {
        let _ = self.0.fetch_update(Relaxed, Relaxed, |tenths| Some((tenths + ONE).min(CAPACITY)));
    }
}

/// One retry that has been taken out of the budget. Unless it is spent it goes back: a call that is cancelled
/// while it waits for its next attempt has put no load on the service.
#[derive(Debug)]
pub(super) struct Retry<'a>(&'a RetryBudget);

impl Retry<'_> {
    /// The attempt begins.
    pub(super) fn spend(self) {
        std::mem::forget(self);
    }
}

impl Drop for Retry<'_> {
    fn drop(&mut self) {
        self.0.put_back();
    }
}

/// In tenths of a retry.
const ONE: u32 = 10;
const CAPACITY: u32 = 10 * ONE;

#[cfg(test)]
mod tests {
    use super::*;

    impl RetryBudget {
        fn spend_one(&self) -> bool {
            self.withdraw().map(Retry::spend).is_some()
        }
    }

    #[test]
    fn ten_calls_pay_for_one_retry() {
        let budget = RetryBudget::full();
        assert_eq!((0..1000).filter(|_| budget.spend_one()).count(), 10);
        let retries = (0..1000).filter(|_| {
            budget.deposit();
            budget.spend_one()
        });
        assert_eq!(retries.count(), 100);
    }

    #[test]
    fn it_never_holds_more_than_at_the_start() {
        let budget = RetryBudget::full();
        let taken = budget.withdraw();
        (0..1000).for_each(|_| budget.deposit());
        drop(taken);
        assert_eq!((0..1000).filter(|_| budget.spend_one()).count(), 10);
    }

    #[test]
    fn a_retry_that_is_not_made_goes_back() {
        let budget = RetryBudget::full();
        (0..1000).for_each(|_| drop(budget.withdraw()));
        let taken: Vec<_> = std::iter::from_fn(|| budget.withdraw()).collect();
        assert_eq!(taken.len(), 10);
        drop(taken);
        assert_eq!((0..1000).filter(|_| budget.spend_one()).count(), 10);
    }

    #[test]
    fn threads_take_no_more_than_there_is() {
        let budget = RetryBudget::full();
        let retries = || (0..1000).filter(|_| budget.spend_one()).count();
        let taken: usize = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(retries)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(taken, 10);
    }
}
