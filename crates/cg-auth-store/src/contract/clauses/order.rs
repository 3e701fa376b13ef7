//! Rule 5: what a claim tells if it hands out no token.

use cg_auth_core::{
    Recovery,
    token::store::{Claim, Claimed, Lease},
};

use crate::contract::{
    Failure, Subject,
    failure::expect_shape,
    process::{LONG, TOKEN, cool_down, processes, token},
};

/// The first process of a fleet wins, after no failures.
///
/// # Errors
/// [`Failure`] says what the store did.
pub async fn an_empty_entry_gives_the_lease_to_a_claim_that_wants_it(
    subject: &dyn Subject,
) -> Result<(), Failure> {
    let [process] = processes(subject)?;
    expect_shape!(
        process.claims(|_| ()).await?,
        Claimed::Won(Lease { failures: 0, is_unreadable: false, .. }),
        "the entry is empty"
    );
    Ok(())
}

/// A look leaves the lease to others.
///
/// # Errors
/// [`Failure`] says what the store did.
pub async fn a_claim_that_only_looks_takes_no_lease(subject: &dyn Subject) -> Result<(), Failure> {
    let [process, other] = processes(subject)?;
    expect_shape!(process.looks().await?, Claimed::Free, "the entry is empty");
    expect_shape!(other.claims(|_| ()).await?, Claimed::Won(_), "another has only looked");
    expect_shape!(process.looks().await?, Claimed::Held(_), "another has the lease");
    Ok(())
}

/// A process learns how long the lease of another lasts at most.
///
/// # Errors
/// [`Failure`] says what the store did.
pub async fn the_lease_of_another_holder_is_told_with_what_is_left_of_it(
    subject: &dyn Subject,
) -> Result<(), Failure> {
    let [holder, other] = processes(subject)?;
    expect_shape!(holder.claims(|_| ()).await?, Claimed::Won(_), "the entry is empty");
    expect_shape!(
        other.claims(|_| ()).await?,
        Claimed::Held(left) if left <= LONG && left > LONG / 2,
        "another has the lease for an hour"
    );
    Ok(())
}

/// A process in a cool-down knows its rest, its count, and the failure.
///
/// # Errors
/// [`Failure`] says what the store did.
pub async fn a_cool_down_tells_what_failed(subject: &dyn Subject) -> Result<(), Failure> {
    let [process, other] = processes(subject)?;
    process.claims(|_| ()).await?;
    process.publishes(cool_down(LONG, 7)).await?;
    expect_shape!(
        other.claims(|_| ()).await?,
        Claimed::CoolingDown(cool_down)
            if cool_down.left <= LONG
                && cool_down.left > LONG / 2
                && cool_down.failures == 7
                && cool_down.failure.kind() == "api"
                && cool_down.failure.recovery() == Recovery::Retry
                && cool_down.failure.status() == Some(503),
        "a cool-down was published"
    );
    Ok(())
}

/// No process gets the lease in a cool-down, even if the service repeats its token.
///
/// # Errors
/// [`Failure`] says what the store did.
pub async fn a_cool_down_comes_before_nothing_newer(subject: &dyn Subject) -> Result<(), Failure> {
    let [first, second, third] = processes(subject)?;
    let cached = token(TOKEN, Some(LONG))?;
    first.publishes_token(&cached).await?;
    second.publishes_token(&cached).await?;
    third.publishes(cool_down(LONG, 1)).await?;
    expect_shape!(first.claims_holding(&cached).await?, Claimed::CoolingDown(_), "a cool-down was published");
    Ok(())
}

/// A program that holds the cached token learns so while another one acquires.
///
/// # Errors
/// [`Failure`] says what the store did.
pub async fn nothing_newer_comes_before_the_lease_of_another(subject: &dyn Subject) -> Result<(), Failure> {
    let [first, second, third] = processes(subject)?;
    let cached = token(TOKEN, Some(LONG))?;
    first.publishes_token(&cached).await?;
    second.publishes_token(&cached).await?;
    let refused = |claim: &mut Claim| {
        claim.unwanted = vec![cached.access_token.clone()];
    };
    expect_shape!(third.claims(refused).await?, Claimed::Won(_), "the token is not wanted");
    expect_shape!(first.claims_holding(&cached).await?, Claimed::NothingNewer, "the token was issued twice");
    Ok(())
}
