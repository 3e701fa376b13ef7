//! [`HeldLease`]: the lease of an acquisition that runs.

use std::{future::poll_fn, pin::pin, task::Poll, time::Duration};

use super::{Entry, LEASE};
use crate::token::store::{Claim, Holder, Lease, Publication, Published, StoreError};

/// Extends the lease while the acquisition runs, and ends it with its outcome. Dropping it ends the lease in a
/// background task; if the runtime cannot spawn one, the lease runs out.
pub(in crate::token) struct HeldLease {
    entry: Entry,
    holder: Holder,
    lease: Lease,
    is_published: bool,
}

impl HeldLease {
    pub(in crate::token) const fn new(entry: Entry, holder: Holder, lease: Lease) -> Self {
        Self { entry, holder, lease, is_published: false }
    }

    /// How many acquisitions of the fleet have failed in a row.
    pub(in crate::token) const fn failures(&self) -> u32 {
        self.lease.failures
    }

    /// Runs `acquisition` and extends the lease until it ends. Returns its output.
    pub(in crate::token) async fn extended_during<T>(&self, acquisition: impl Future<Output = T>) -> T {
        let extension = async {
            let claim = Claim { lease: Some(LEASE), ..Claim::new(self.holder) };
            loop {
                self.entry.runtime().sleep(EXTENSION).await;
                // A lost lease costs the fleet a second acquisition, and does not affect this one.
                let _ = self.entry.claim(&claim).await;
            }
        };
        let (mut acquisition, mut extension) = (pin!(acquisition), pin!(extension));
        poll_fn(move |context| {
            let output = acquisition.as_mut().poll(context);
            if output.is_pending() {
                let _: Poll<std::convert::Infallible> = extension.as_mut().poll(context);
            }
            output
        })
        .await
    }

    /// Shares the outcome and ends the lease.
    pub(in crate::token) async fn publish(
        mut self,
        publication: &Publication,
    ) -> Result<Published, StoreError> {
        let result = self.entry.publish(self.holder, publication).await;
        self.is_published = true;
        result
    }
}

impl Drop for HeldLease {
    fn drop(&mut self) {
        if self.is_published {
            return;
        }
        let (entry, holder) = (self.entry.clone(), self.holder);
        let release = async move {
            let _ = entry.publish(holder, &Publication::Released).await;
        };
        let _ = self.entry.runtime().spawn(Box::pin(release));
    }
}

/// How often a lease is extended.
const EXTENSION: Duration = Duration::from_secs(2);
