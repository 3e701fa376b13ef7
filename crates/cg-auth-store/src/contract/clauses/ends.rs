//! Rule 3: a token, a lease and a cool-down end by the clock of the store.

use std::time::Duration;

use cg_auth_core::token::store::{Claimed, Lease};

use crate::contract::{
    Failure, Subject,
    failure::{ensure, expect_shape},
    process::{AFTER_SHORT, LONG, SHORT, TOKEN, cool_down, processes, token},
};

/// No token is handed out after its end.
///
/// # Errors
/// [`Failure`] says what the store did.
pub async fn a_token_ends(subject: &dyn Subject) -> Result<(), Failure> {
    let [process, other] = processes(subject)?;
    process.publishes_token(&token(TOKEN, Some(SHORT))?).await?;
    subject.pass(AFTER_SHORT).await;
    expect_shape!(other.looks().await?, Claimed::Free, "the token has ended");
    Ok(())
}

/// The lease of a process that has died ends, and another one wins.
///
/// # Errors
/// [`Failure`] says what the store did.
pub async fn a_lease_ends(subject: &dyn Subject) -> Result<(), Failure> {
    let [dead, other] = processes(subject)?;
    expect_shape!(
        dead.claims(|claim| claim.lease = Some(SHORT)).await?,
        Claimed::Won(_),
        "the entry is empty"
    );
    subject.pass(AFTER_SHORT).await;
    expect_shape!(other.claims(|_| ()).await?, Claimed::Won(_), "the lease has ended");
    Ok(())
}

/// After a cool-down one process acquires, and knows how many acquisitions have failed.
///
/// # Errors
/// [`Failure`] says what the store did.
pub async fn a_cool_down_ends_and_its_count_stays(subject: &dyn Subject) -> Result<(), Failure> {
    let [process, other] = processes(subject)?;
    process.publishes(cool_down(SHORT, 3)).await?;
    subject.pass(AFTER_SHORT).await;
    expect_shape!(
        other.claims(|_| ()).await?,
        Claimed::Won(Lease { failures: 3, .. }),
        "the cool-down after three failures has ended"
    );
    Ok(())
}

/// "Nothing newer" does not outlive the token of which it is said.
///
/// # Errors
/// [`Failure`] says what the store did.
pub async fn nothing_newer_ends_with_its_token(subject: &dyn Subject) -> Result<(), Failure> {
    let [first, second, third] = processes(subject)?;
    let cached = token(TOKEN, Some(SHORT))?;
    first.publishes_token(&cached).await?;
    second.publishes_token(&cached).await?;
    subject.pass(AFTER_SHORT).await;
    expect_shape!(third.claims_holding(&cached).await?, Claimed::Won(_), "the token has ended");
    Ok(())
}

/// A token comes with its whole lifetime, and with what is left of it.
///
/// # Errors
/// [`Failure`] says what the store did.
pub async fn a_token_tells_what_is_left_of_its_lifetime(subject: &dyn Subject) -> Result<(), Failure> {
    let [process, other] = processes(subject)?;
    let mut issued = token(TOKEN, Some(2 * LONG))?;
    issued.left = Some(LONG);
    process.publishes_token(&issued).await?;
    subject.pass(SHORT).await;
    let most = LONG - SHORT / 2;
    expect_shape!(
        other.looks().await?,
        Claimed::Token(token)
            if token.lifetime == Some(2 * LONG)
                && token.left.is_some_and(|left| left <= most && left > LONG / 2),
        "an hour of two is left, less what has passed"
    );
    Ok(())
}

/// Runs only over a store with a manual clock, because an hour has to pass.
///
/// # Errors
/// [`Failure`] says what the store did.
pub async fn a_token_of_unknown_lifetime_is_kept_for_an_hour(subject: &dyn Subject) -> Result<(), Failure> {
    let [process, other] = processes(subject)?;
    process.publishes_token(&token(TOKEN, None)?).await?;
    expect_shape!(
        other.looks().await?,
        Claimed::Token(token) if token.lifetime.is_none() && token.left.is_none(),
        "the lifetime is unknown"
    );
    if subject.has_manual_clock() {
        let minute = Duration::from_secs(60);
        subject.pass(59 * minute).await;
        expect_shape!(other.looks().await?, Claimed::Token(_), "59 minutes have passed");
        subject.pass(minute).await;
        let claimed = other.looks().await?;
        ensure!(matches!(claimed, Claimed::Free), "an hour has passed: {claimed:?}");
    }
    Ok(())
}
