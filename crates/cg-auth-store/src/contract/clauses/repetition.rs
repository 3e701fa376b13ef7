//! Rule 2: each operation can be repeated.

use cg_auth_core::token::store::{Claimed, Published};

use crate::contract::{
    Failure, Subject,
    failure::{ensure, expect_shape},
    process::{AFTER_SHORT, LONG, SHORT, TOKEN, cool_down, processes, token},
};

/// The answer to a claim may be lost, so its holder wins again.
///
/// # Errors
/// [`Failure`] says what the store did.
pub async fn a_repeated_claim_of_the_holder_is_answered_with_the_lease(
    subject: &dyn Subject,
) -> Result<(), Failure> {
    let [holder] = processes(subject)?;
    for _ in 0..3 {
        expect_shape!(holder.claims(|_| ()).await?, Claimed::Won(_), "the holder claims again");
    }
    Ok(())
}

/// A token that its holder did not want, or does not know any more, does not end its lease.
///
/// # Errors
/// [`Failure`] says what the store did.
pub async fn the_holder_is_answered_with_the_lease_whatever_the_entry_holds(
    subject: &dyn Subject,
) -> Result<(), Failure> {
    let [other, holder] = processes(subject)?;
    let old = token(TOKEN, Some(LONG))?;
    other.publishes_token(&old).await?;
    let unwanted = |claim: &mut cg_auth_core::token::store::Claim| {
        claim.unwanted = vec![old.access_token.clone()];
    };
    expect_shape!(holder.claims(unwanted).await?, Claimed::Won(_), "the token is not wanted");
    expect_shape!(holder.claims(|_| ()).await?, Claimed::Won(_), "the holder extends its lease");
    Ok(())
}

/// A lease that its holder has extended outlives its first end.
///
/// # Errors
/// [`Failure`] says what the store did.
pub async fn a_repeated_claim_extends_the_lease(subject: &dyn Subject) -> Result<(), Failure> {
    let [holder, other] = processes(subject)?;
    expect_shape!(
        holder.claims(|claim| claim.lease = Some(SHORT)).await?,
        Claimed::Won(_),
        "the entry is empty"
    );
    expect_shape!(holder.claims(|_| ()).await?, Claimed::Won(_), "the holder extends its lease");
    subject.pass(AFTER_SHORT).await;
    expect_shape!(
        other.claims(|_| ()).await?,
        Claimed::Held(left) if left > LONG / 2,
        "another claims the extended lease"
    );
    Ok(())
}

/// A holder that publishes again because the answer was lost does not publish "nothing newer".
///
/// # Errors
/// [`Failure`] says what the store did.
pub async fn a_repeated_publication_of_a_token_is_no_second_issue(
    subject: &dyn Subject,
) -> Result<(), Failure> {
    let [holder, other] = processes(subject)?;
    let issued = token(TOKEN, Some(LONG))?;
    holder.claims(|_| ()).await?;
    for _ in 0..2 {
        expect_shape!(
            holder.publishes_token(&issued).await?,
            Published::Done,
            "its holder publishes a token"
        );
    }
    expect_shape!(other.claims_holding(&issued).await?, Claimed::Won(_), "the token was issued once");
    Ok(())
}

/// A cool-down that is published twice is one failure.
///
/// # Errors
/// [`Failure`] says what the store did.
pub async fn a_repeated_cool_down_counts_once(subject: &dyn Subject) -> Result<(), Failure> {
    let [holder, other] = processes(subject)?;
    holder.claims(|_| ()).await?;
    for _ in 0..2 {
        let published = holder.publishes(cool_down(LONG, 3)).await?;
        ensure!(published == Published::Done, "its holder publishes a cool-down: {published:?}");
    }
    expect_shape!(
        other.claims(|_| ()).await?,
        Claimed::CoolingDown(cool_down) if cool_down.failures == 3,
        "three failures were published"
    );
    Ok(())
}

/// A second removal, and one of an entry that never was, are no errors.
///
/// # Errors
/// [`Failure`] says what the store did.
pub async fn a_repeated_removal_removes_nothing_more(subject: &dyn Subject) -> Result<(), Failure> {
    let [process] = processes(subject)?;
    for _ in 0..2 {
        process.removes().await?;
    }
    process.publishes_token(&token(TOKEN, Some(LONG))?).await?;
    for _ in 0..2 {
        process.removes().await?;
    }
    expect_shape!(process.looks().await?, Claimed::Free, "the entry is removed");
    Ok(())
}
