//! Rule 11: `inspect` tells what the entry holds and changes nothing.

use std::time::Duration;

use cg_auth_core::token::store::{Claimed, EntryState, Lease, Published};

use crate::contract::{
    Failure, Subject,
    failure::{ensure, expect_shape},
    process::{AFTER_SHORT, LONG, SHORT, TOKEN, cool_down, processes, token},
};

/// Token, "nothing newer", lease, cool-down and count.
///
/// # Errors
/// [`Failure`] says what the store did.
pub async fn each_part_of_an_entry_is_shown(subject: &dyn Subject) -> Result<(), Failure> {
    let [process, other] = processes(subject)?;
    ensure!(other.inspects().await?.is_empty(), "a new entry is empty");

    let issued = token(TOKEN, Some(LONG))?;
    process.publishes_token(&issued).await?;
    let state = other.inspects().await?;
    let lifetime = state.token.map(|token| token.lifetime);
    ensure!(lifetime == Some(Some(LONG)), "the token has its whole lifetime: {state:?}");
    ensure!(state.token.is_some_and(|token| is_rest_of_long(token.left)), "the rest is shown: {state:?}");
    let without_token = with(state.clone(), |state| state.token = None);
    ensure!(without_token.is_empty(), "the entry holds the token alone: {state:?}");

    expect_shape!(other.publishes_token(&issued).await?, Published::NothingNewer, "it is issued again");
    ensure!(process.inspects().await?.has_nothing_newer, "nothing is newer");

    process.publishes_token(&token("another-token", None)?).await?;
    let state = other.inspects().await?;
    ensure!(!state.has_nothing_newer, "another token is issued: {state:?}");
    expect_shape!(state.token, Some(token) if token.lifetime.is_none(), "its lifetime is unknown");
    ensure!(
        state.token.is_some_and(|token| is_rest_of_long(token.left)),
        "it is kept for an hour: {state:?}"
    );

    other.claims_holding(&token("another-token", Some(SHORT))?).await?;
    let state = process.inspects().await?;
    ensure!(state.lease.is_some_and(is_rest_of_long), "the lease has its end: {state:?}");

    other.publishes(cool_down(LONG, 3)).await?;
    let state = process.inspects().await?;
    ensure!(state.lease.is_none(), "the lease has ended: {state:?}");
    ensure!(state.failures == 3, "three acquisitions have failed: {state:?}");
    expect_shape!(
        &state.cool_down,
        Some(pause) if is_rest_of_long(pause.left)
            && pause.failures == 3
            && pause.failure.kind() == "api"
            && pause.failure.status() == Some(503),
        "the cool-down is shown with its failure"
    );
    ensure!(state.token.is_some(), "the token is still there: {state:?}");
    Ok(())
}

/// The count of failures stays.
///
/// # Errors
/// [`Failure`] says what the store did.
pub async fn what_has_ended_is_not_shown(subject: &dyn Subject) -> Result<(), Failure> {
    let [process, other] = processes(subject)?;
    process.publishes_token(&token(TOKEN, Some(SHORT))?).await?;
    other.publishes_token(&token(TOKEN, Some(SHORT))?).await?;
    process.publishes(cool_down(SHORT, 2)).await?;
    subject.pass(AFTER_SHORT).await;
    expect_shape!(
        process.claims(|claim| claim.lease = Some(SHORT)).await?,
        Claimed::Won(Lease { failures: 2, .. }),
        "the cool-down has ended"
    );
    subject.pass(AFTER_SHORT).await;
    let ended = with(EntryState::default(), |state| state.failures = 2);
    let state = other.inspects().await?;
    ensure!(state == ended, "only the count is left: {state:?}");
    Ok(())
}

/// Tried only where the subject can [damage](Subject::damage) an entry.
///
/// # Errors
/// [`Failure`] says what the store did.
pub async fn an_unreadable_token_is_shown_as_such(subject: &dyn Subject) -> Result<(), Failure> {
    let [process, other] = processes(subject)?;
    process.publishes_token(&token(TOKEN, Some(LONG))?).await?;
    if !subject.damage(&process.entry).await {
        return Ok(());
    }
    let state = other.inspects().await?;
    ensure!(state.is_unreadable && state.token.is_none(), "the token is unreadable: {state:?}");
    Ok(())
}

/// It takes no lease, and leaves the lease of another as it is.
///
/// # Errors
/// [`Failure`] says what the store did.
pub async fn a_look_at_an_entry_changes_nothing(subject: &dyn Subject) -> Result<(), Failure> {
    let [process, other] = processes(subject)?;
    process.inspects().await?;
    expect_shape!(other.claims(|_| ()).await?, Claimed::Won(_), "no look takes the lease");
    for _ in 0..3 {
        process.inspects().await?;
    }
    expect_shape!(process.claims(|_| ()).await?, Claimed::Held(_), "the lease is still the other's");
    other.publishes_token(&token(TOKEN, Some(LONG))?).await?;
    process.inspects().await?;
    expect_shape!(process.looks().await?, Claimed::Token(_), "the token is still there");
    Ok(())
}

/// `state` with a change.
fn with(mut state: EntryState, change: impl FnOnce(&mut EntryState)) -> EntryState {
    change(&mut state);
    state
}

/// No case takes ten minutes.
fn is_rest_of_long(left: Duration) -> bool {
    left <= LONG && left > LONG - Duration::from_secs(600)
}
