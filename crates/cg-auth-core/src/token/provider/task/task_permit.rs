//! [`TaskPermit`]: the permit of the pool that an acquisition holds while it runs.

use std::sync::{Arc, Weak};

use crate::token::{
    flight::{Flight, Permit},
    provider::shared::Shared,
};

/// The permit of an acquisition. Without a pool it needs none.
pub(super) struct TaskPermit {
    shared: Weak<Shared>,
    flight: Weak<Flight>,
    permit: Option<Permit>,
}

impl TaskPermit {
    pub(super) const fn new(shared: Weak<Shared>, flight: Weak<Flight>) -> Self {
        Self { shared, flight, permit: None }
    }

    /// Waits for a permit of the pool. A parked acquisition takes none: its waiters may never poll it again.
    pub(super) async fn acquire(&mut self) {
        self.permit = self.next().await;
    }

    /// Gives the permit back, so that another acquisition can run.
    pub(super) fn release(&mut self) {
        self.permit = None;
    }

    async fn next(&self) -> Option<Permit> {
        let semaphore = self.shared.upgrade()?.semaphore.clone()?;
        let deadline = {
            let flight = self.flight.upgrade()?;
            flight.is_in_background().then(|| Arc::clone(flight.deadline()))?
        };
        Some(semaphore.acquire_permit(deadline, self.shared.clone()).await)
    }
}
