//! [`RetryBudget`]: limits retries, so that they do not multiply the load on a service that is down.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// A token bucket: every call deposits a tenth of a retry, every retry withdraws a whole one.
///
/// It starts full, with ten retries. If all calls fail, it allows about one retry for ten calls. If calls
/// fail only now and then, it allows all their retries.
#[derive(Debug)]
pub(super) struct RetryBudget(AtomicU32);

impl RetryBudget {
    pub(super) const fn full() -> Self {
        Self(AtomicU32::new(CAPACITY))
    }

    pub(super) const fn empty() -> Self {
        Self(AtomicU32::new(0))
    }

    /// The retries that are left, as a number with one decimal.
    pub(super) fn left(&self) -> f64 {
        f64::from(self.0.load(Relaxed)) / f64::from(ONE)
    }

    /// Adds a tenth of a retry, at the start of a call.
    pub(super) fn deposit(&self) {
        let _ = self.0.fetch_update(Relaxed, Relaxed, |tenths| (tenths < CAPACITY).then_some(tenths + 1));
    }

    /// Takes one retry out, if there is one left.
    pub(super) fn withdraw(&self) -> Option<Retry<'_>> {
        let taken = self.0.fetch_update(Relaxed, Relaxed, |tenths| tenths.checked_sub(ONE));
        taken.ok().map(|_| Retry(self))
    }

    fn put_back(&self) {
        let _ = self.0.fetch_update(Relaxed, Relaxed, |tenths| Some((tenths + ONE).min(CAPACITY)));
    }
}

/// One retry that was withdrawn from the budget.
///
/// Dropping it unspent returns it, because a call that is cancelled during its back-off puts no load on the
/// service.
#[derive(Debug)]
pub(super) struct Retry<'a>(&'a RetryBudget);

impl Retry<'_> {
    /// Uses the retry, at the start of its attempt.
    pub(super) fn spend(self) {
        std::mem::forget(self);
    }
}

impl Drop for Retry<'_> {
    fn drop(&mut self) {
        self.0.put_back();
    }
}

/// The unit of the budget is a tenth of a retry.
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
    fn the_rest_is_counted_in_retries() {
        let budget = RetryBudget::full();
        assert!((budget.left() - 10.0).abs() < f64::EPSILON);
        budget.spend_one();
        budget.deposit();
        assert!((budget.left() - 9.1).abs() < 1e-9, "{}", budget.left());
    }

    #[test]
    fn the_budget_holds_at_most_ten_retries() {
        let budget = RetryBudget::full();
        let taken = budget.withdraw();
        (0..1000).for_each(|_| budget.deposit());
        drop(taken);
        assert_eq!((0..1000).filter(|_| budget.spend_one()).count(), 10);
    }

    #[test]
    fn a_retry_that_is_dropped_unspent_returns_to_the_budget() {
        let budget = RetryBudget::full();
        (0..1000).for_each(|_| drop(budget.withdraw()));
        let taken: Vec<_> = std::iter::from_fn(|| budget.withdraw()).collect();
        assert_eq!(taken.len(), 10);
        drop(taken);
        assert_eq!((0..1000).filter(|_| budget.spend_one()).count(), 10);
    }

    #[test]
    fn concurrent_threads_withdraw_no_more_than_ten_retries() {
        let budget = RetryBudget::full();
        let retries = || (0..1000).filter(|_| budget.spend_one()).count();
        let taken: usize = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(retries)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(taken, 10);
    }
}
