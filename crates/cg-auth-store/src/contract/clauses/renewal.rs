//! Rule 7: a token that is issued again is nothing newer.

use cg_auth_core::token::store::{Claim, Claimed, Published};

use crate::contract::{
    Failure, Subject,
    failure::expect_shape,
    process::{AFTER_SHORT, LONG, SHORT, TOKEN, processes, token},
};

/// A service that caches tokens is not asked again until the token ends.
///
/// # Errors
/// [`Failure`] says what the store did.
pub async fn the_same_token_of_another_holder_is_nothing_newer(subject: &dyn Subject) -> Result<(), Failure> {
    let [first, second, third] = processes(subject)?;
    let cached = token(TOKEN, Some(LONG))?;
    first.publishes_token(&cached).await?;
    expect_shape!(second.claims_holding(&cached).await?, Claimed::Won(_), "the token was issued once");
    for _ in 0..2 {
        let published = second.publishes_token(&cached).await?;
        expect_shape!(published, Published::NothingNewer, "the token was issued again");
    }
    expect_shape!(third.claims_holding(&cached).await?, Claimed::NothingNewer, "the token was issued again");
    Ok(())
}

/// Once the service issues another token, the next renewal is an ordinary one.
///
/// # Errors
/// [`Failure`] says what the store did.
pub async fn another_token_ends_nothing_newer(subject: &dyn Subject) -> Result<(), Failure> {
    let [first, second, third] = processes(subject)?;
    let cached = token(TOKEN, Some(LONG))?;
    first.publishes_token(&cached).await?;
    second.publishes_token(&cached).await?;
    let newer = token("another-token", Some(LONG))?;
    expect_shape!(third.publishes_token(&newer).await?, Published::Done, "another token was issued");
    expect_shape!(first.claims_holding(&newer).await?, Claimed::Won(_), "another token was issued once");
    Ok(())
}

/// "Nothing newer" is for those that hold the token. Others adopt it.
///
/// # Errors
/// [`Failure`] says what the store did.
pub async fn a_program_without_the_token_adopts_it_though_nothing_is_newer(
    subject: &dyn Subject,
) -> Result<(), Failure> {
    let [first, second, third] = processes(subject)?;
    let cached = token(TOKEN, Some(LONG))?;
    first.publishes_token(&cached).await?;
    second.publishes_token(&cached).await?;
    expect_shape!(third.claims(|_| ()).await?, Claimed::Token(_), "the program has no token");
    let refused = |claim: &mut Claim| {
        claim.unwanted = vec![cached.access_token.clone()];
    };
    expect_shape!(third.claims(refused).await?, Claimed::Won(_), "the program does not want the token");
    Ok(())
}

/// The second issue of a token does not move its end.
///
/// # Errors
/// [`Failure`] says what the store did.
pub async fn the_same_token_again_does_not_live_longer(subject: &dyn Subject) -> Result<(), Failure> {
    let [first, second, third] = processes(subject)?;
    first.publishes_token(&token(TOKEN, Some(LONG))?).await?;
    second.publishes_token(&token(TOKEN, Some(3 * LONG))?).await?;
    expect_shape!(
        third.looks().await?,
        Claimed::Token(token) if token.left.is_some_and(|left| left <= LONG),
        "the first issue lives for an hour"
    );
    first.publishes_token(&token("short", Some(SHORT))?).await?;
    second.publishes_token(&token("short", Some(SHORT))?).await?;
    subject.pass(AFTER_SHORT).await;
    expect_shape!(third.looks().await?, Claimed::Free, "the token has ended");
    Ok(())
}
