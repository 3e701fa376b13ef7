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

    /// Whether there is a retry left; if so, it is taken.
    pub(super) fn withdraw(&self) -> bool {
        self.0.fetch_update(Relaxed, Relaxed, |tenths| tenths.checked_sub(ONE)).is_ok()
    }
}

/// In tenths of a retry.
const ONE: u32 = 10;
const CAPACITY: u32 = 10 * ONE;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_calls_pay_for_one_retry() {
        let budget = RetryBudget::full();
        assert_eq!((0..1000).filter(|_| budget.withdraw()).count(), 10);
        let retries = (0..1000).filter(|_| {
            budget.deposit();
            budget.withdraw()
        });
        assert_eq!(retries.count(), 100);
    }

    #[test]
    fn it_never_holds_more_than_at_the_start() {
        let budget = RetryBudget::full();
        (0..1000).for_each(|_| budget.deposit());
        assert_eq!((0..1000).filter(|_| budget.withdraw()).count(), 10);
    }
}
