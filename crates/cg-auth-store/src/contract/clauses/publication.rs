//! Rule 6: what a publication does.

use cg_auth_core::token::store::{Claim, Claimed, Lease, Publication, Published};

use crate::contract::{
    Failure, Subject,
    failure::expect_shape,
    process::{AFTER_SHORT, LONG, SHORT, TOKEN, cool_down, processes, token},
};

/// Each outcome of an acquisition ends its lease.
///
/// # Errors
/// [`Failure`] says what the store did.
pub async fn a_publication_ends_the_lease(subject: &dyn Subject) -> Result<(), Failure> {
    let outcomes =
        [Publication::Token(token(TOKEN, Some(SHORT))?), cool_down(SHORT, 1), Publication::Released];
    for outcome in outcomes {
        let [holder, other] = processes(subject)?;
        expect_shape!(holder.claims(|_| ()).await?, Claimed::Won(_), "the entry is empty");
        expect_shape!(holder.publishes(outcome).await?, Published::Done, "the holder publishes");
        subject.pass(AFTER_SHORT).await;
        expect_shape!(
            other.claims(|_| ()).await?,
            Claimed::Won(_),
            "the holder has published, and that has ended"
        );
    }
    Ok(())
}

/// A process that has lost its lease changes nothing of its successor's.
///
/// # Errors
/// [`Failure`] says what the store did.
pub async fn a_publication_does_nothing_where_another_has_the_lease(
    subject: &dyn Subject,
) -> Result<(), Failure> {
    let outcomes = [Publication::Token(token(TOKEN, Some(LONG))?), cool_down(LONG, 1), Publication::Released];
    for outcome in outcomes {
        let [holder, late] = processes(subject)?;
        expect_shape!(holder.claims(|_| ()).await?, Claimed::Won(_), "the entry is empty");
        let published = late.publishes(outcome).await?;
        expect_shape!(published, Published::HeldElsewhere, "another has the lease");
        expect_shape!(late.claims(|_| ()).await?, Claimed::Held(_), "nothing has changed");
    }
    Ok(())
}

/// A process whose lease has ended can still publish its token, unless another process holds the lease.
///
/// # Errors
/// [`Failure`] says what the store did.
pub async fn a_token_is_saved_without_a_lease(subject: &dyn Subject) -> Result<(), Failure> {
    let [process, other] = processes(subject)?;
    let published = process.publishes_token(&token(TOKEN, Some(LONG))?).await?;
    expect_shape!(published, Published::Done, "no process holds the lease");
    expect_shape!(other.looks().await?, Claimed::Token(_), "a token was published");
    Ok(())
}

/// After a success the next failure is the first one again.
///
/// # Errors
/// [`Failure`] says what the store did.
pub async fn a_token_ends_the_cool_down_and_its_count(subject: &dyn Subject) -> Result<(), Failure> {
    let [process, other] = processes(subject)?;
    process.publishes(cool_down(LONG, 5)).await?;
    let issued = token(TOKEN, Some(LONG))?;
    process.publishes_token(&issued).await?;
    expect_shape!(
        other.claims_holding(&issued).await?,
        Claimed::Won(Lease { failures: 0, .. }),
        "a token was published after the cool-down"
    );
    Ok(())
}

/// A cancelled acquisition changes nothing but the lease.
///
/// # Errors
/// [`Failure`] says what the store did.
pub async fn a_released_lease_leaves_the_token_and_the_count(subject: &dyn Subject) -> Result<(), Failure> {
    let [process, other] = processes(subject)?;
    let issued = token(TOKEN, Some(LONG))?;
    process.publishes_token(&issued).await?;
    process.publishes(cool_down(SHORT, 2)).await?;
    subject.pass(AFTER_SHORT).await;
    let unwanted = |claim: &mut Claim| {
        claim.unwanted = vec![issued.access_token.clone()];
    };
    expect_shape!(process.claims(unwanted).await?, Claimed::Won(_), "the cool-down has ended");
    process.publishes(Publication::Released).await?;
    expect_shape!(other.looks().await?, Claimed::Token(_), "the acquisition was cancelled");
    expect_shape!(
        other.claims(unwanted).await?,
        Claimed::Won(Lease { failures: 2, .. }),
        "two acquisitions have failed"
    );
    Ok(())
}
