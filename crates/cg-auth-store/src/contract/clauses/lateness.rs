//! Rule 12: an operation that comes late changes nothing.
//!
//! A store that cannot be [frozen](Subject::freeze) passes.

use std::{
    future::poll_fn,
    pin::pin,
    task::{Context, Poll, Waker},
};

use cg_auth_core::token::store::{Claimed, Publication, StoreError};

use crate::contract::{
    Failure, Subject,
    failure::{ensure, expect_shape},
    process::{AFTER_SHORT, LONG, SHORT, TOKEN, processes, token},
};

/// The program has given the claim up, so it would not end the lease.
///
/// # Errors
/// [`Failure`] says what the store did.
pub async fn a_claim_that_comes_late_takes_no_lease(subject: &dyn Subject) -> Result<(), Failure> {
    let [late, other] = processes(subject)?;
    late.looks().await?;
    other.looks().await?;
    if comes_late(subject, late.claims(|_| ())).await? {
        expect_shape!(other.claims(|_| ()).await?, Claimed::Won(_), "a claim came late");
    }
    Ok(())
}

/// Another process may acquire by then.
///
/// # Errors
/// [`Failure`] says what the store did.
pub async fn a_publication_that_comes_late_is_not_saved_and_ends_no_lease(
    subject: &dyn Subject,
) -> Result<(), Failure> {
    let [late, other] = processes(subject)?;
    // A store that learns a step with its first use could not carry it out late.
    late.publishes(Publication::Released).await?;
    expect_shape!(late.claims(|_| ()).await?, Claimed::Won(_), "the entry is empty");
    other.looks().await?;
    let issued = token(TOKEN, Some(LONG))?;
    if comes_late(subject, late.publishes_token(&issued)).await? {
        expect_shape!(other.claims(|_| ()).await?, Claimed::Held(_), "a publication came late");
    }
    Ok(())
}

/// Another process may have published by then.
///
/// # Errors
/// [`Failure`] says what the store did.
pub async fn a_removal_that_comes_late_removes_nothing(subject: &dyn Subject) -> Result<(), Failure> {
    let [late, other] = processes(subject)?;
    late.removes().await?;
    late.publishes_token(&token(TOKEN, Some(LONG))?).await?;
    other.looks().await?;
    if comes_late(subject, late.removes()).await? {
        expect_shape!(other.looks().await?, Claimed::Token(_), "a removal came late");
    }
    Ok(())
}

/// A publication that is on its way for a while does not make the token live longer.
///
/// # Errors
/// [`Failure`] says what the store did.
pub async fn the_lifetime_of_a_published_token_counts_from_the_call(
    subject: &dyn Subject,
) -> Result<(), Failure> {
    let [holder, other] = processes(subject)?;
    holder.looks().await?;
    other.looks().await?;
    let issued = token(TOKEN, Some(LONG))?;
    if !subject.freeze().await {
        return Ok(());
    }
    let mut publication = pin!(holder.publishes_token(&issued));
    let begun = publication.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    subject.pass(SHORT).await;
    subject.thaw().await;
    ensure!(begun.is_pending(), "the store answers although it is frozen");
    // On a busy machine the publication may come too late. Then the entry has no token.
    if publication.await.is_ok() {
        expect_shape!(
            other.looks().await?,
            Claimed::Token(token) if token.left.is_some_and(|left| left <= LONG - SHORT),
            "a publication took a while"
        );
    }
    Ok(())
}

/// Begins `operation` while the store is frozen, and gives it up before the store goes on. False if the store cannot be
/// frozen.
async fn comes_late<T>(
    subject: &dyn Subject,
    operation: impl Future<Output = Result<T, StoreError>>,
) -> Result<bool, Failure> {
    if !subject.freeze().await {
        return Ok(false);
    }
    let is_done = {
        let mut operation = pin!(operation);
        let mut passing = subject.pass(subject.operation_limit() + SHORT);
        let (mut outcome, mut is_begun) = (None, false);
        poll_fn(|context| {
            if outcome.is_none()
                && let Poll::Ready(result) = operation.as_mut().poll(context)
            {
                outcome = Some(result.is_ok());
            }
            // A manual clock moves once the operation has begun.
            if !std::mem::replace(&mut is_begun, true) {
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            passing.as_mut().poll(context)
        })
        .await;
        outcome == Some(true)
    };
    subject.thaw().await;
    ensure!(!is_done, "the store answers although it is frozen");
    // Gives the store time to run the operations that wait in it.
    subject.pass(AFTER_SHORT).await;
    Ok(true)
}
