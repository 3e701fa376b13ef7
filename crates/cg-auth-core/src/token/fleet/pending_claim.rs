//! [`PendingClaim`]: ends the lease that a store grants to an acquisition that was cancelled meanwhile.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use super::{Entry, HeldLease};
use crate::token::store::{Claim, Claimed, Holder, StoreError};

/// A claim that may win a lease, and its answer. A store may grant it after the acquisition was cancelled. So if it is
/// dropped early, a background task waits for the answer and ends the lease.
pub(in crate::token) struct PendingClaim {
    entry: Entry,
    holder: Holder,
    answer: Option<Answer>,
}

type Answer = Pin<Box<dyn Future<Output = Result<Claimed, StoreError>> + Send>>;

impl PendingClaim {
    pub(in crate::token) fn new(entry: &Entry, claim: Claim) -> Self {
        let (asked, holder) = (entry.clone(), claim.holder);
        let answer = Box::pin(async move { asked.claim(&claim).await });
        Self { entry: entry.clone(), holder, answer: Some(answer) }
    }
}

/// The answer, with the lease that it brings.
impl Future for PendingClaim {
    type Output = (Result<Claimed, StoreError>, Option<HeldLease>);

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(answer) = &mut self.answer else { return Poll::Pending };
        let claimed = ready!(answer.as_mut().poll(context));
        self.answer = None;
        let lease = won(&self.entry, self.holder, &claimed);
        Poll::Ready((claimed, lease))
    }
}

impl Drop for PendingClaim {
    fn drop(&mut self) {
        let Some(answer) = self.answer.take() else { return };
        let (entry, holder) = (self.entry.clone(), self.holder);
        let runtime = self.entry.runtime();
        let _ = runtime.spawn(Box::pin(async move { drop(won(&entry, holder, &answer.await)) }));
    }
}

fn won(entry: &Entry, holder: Holder, claimed: &Result<Claimed, StoreError>) -> Option<HeldLease> {
    match claimed {
        Ok(Claimed::Won(lease)) => Some(HeldLease::new(entry.clone(), holder, *lease)),
        _ => None,
    }
}
