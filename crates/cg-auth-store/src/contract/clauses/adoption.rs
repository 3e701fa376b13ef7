//! Rule 4: which token a claim hands out.

use cg_auth_core::token::store::{Claim, Claimed};

use crate::contract::{
    Failure, Subject,
    failure::expect_shape,
    process::{LONG, TOKEN, cool_down, processes, token},
};

/// Long tokens, and those with letters beyond ASCII, come back as they were.
///
/// # Errors
/// [`Failure`] says what the store did.
pub async fn a_token_is_handed_out_unchanged(subject: &dyn Subject) -> Result<(), Failure> {
    for text in ["a", TOKEN, &"eyJ.".repeat(8 * 1024), "token with spaces and \u{fc}\u{1f511}"] {
        let [process, other] = processes(subject)?;
        let issued = token(text, Some(LONG))?;
        process.publishes_token(&issued).await?;
        expect_shape!(
            other.looks().await?,
            Claimed::Token(token) if token.access_token == issued.access_token,
            "a token was published"
        );
    }
    Ok(())
}

/// A token that an API has refused is not adopted again.
///
/// # Errors
/// [`Failure`] says what the store did.
pub async fn a_token_that_is_not_wanted_is_not_handed_out(subject: &dyn Subject) -> Result<(), Failure> {
    let [process, other] = processes(subject)?;
    let refused = token(TOKEN, Some(LONG))?;
    process.publishes_token(&refused).await?;
    let unwanted = |claim: &mut Claim| {
        claim.unwanted = vec![refused.access_token.clone()];
    };
    expect_shape!(other.claims(unwanted).await?, Claimed::Won(_), "the token is not wanted");
    Ok(())
}

/// The token of the program is nothing to adopt, however long the program thinks that it lives.
///
/// # Errors
/// [`Failure`] says what the store did.
pub async fn a_token_that_the_program_holds_is_not_handed_out(subject: &dyn Subject) -> Result<(), Failure> {
    let [process, other] = processes(subject)?;
    let issued = token(TOKEN, Some(LONG))?;
    process.publishes_token(&issued).await?;
    let nearly_ended = |claim: &mut Claim| {
        claim.held = Some((issued.access_token.clone(), Some(LONG / 60)));
        claim.lease = None;
    };
    expect_shape!(other.claims(nearly_ended).await?, Claimed::Free, "the program holds the token");
    Ok(())
}

/// A program with another token adopts one that lives longer, and no other.
///
/// # Errors
/// [`Failure`] says what the store did.
pub async fn a_token_is_handed_out_only_for_one_that_lives_shorter(
    subject: &dyn Subject,
) -> Result<(), Failure> {
    let [process, other] = processes(subject)?;
    process.publishes_token(&token(TOKEN, Some(LONG))?).await?;
    let held = token("another-token", None)?.access_token;
    let holds = |left| {
        let held = held.clone();
        move |claim: &mut Claim| (claim.held, claim.lease) = (Some((held, left)), None)
    };
    expect_shape!(other.claims(holds(Some(LONG / 2))).await?, Claimed::Token(_), "its own lives shorter");
    expect_shape!(other.claims(holds(Some(2 * LONG))).await?, Claimed::Free, "its own lives longer");
    expect_shape!(other.claims(holds(None)).await?, Claimed::Free, "the lifetime of its own is unknown");
    Ok(())
}

/// A token is adopted while another process acquires the next one.
///
/// # Errors
/// [`Failure`] says what the store did.
pub async fn a_token_comes_before_the_lease_of_another(subject: &dyn Subject) -> Result<(), Failure> {
    let [process, holder, other] = processes(subject)?;
    let issued = token(TOKEN, Some(LONG))?;
    process.publishes_token(&issued).await?;
    expect_shape!(holder.claims_holding(&issued).await?, Claimed::Won(_), "the holder wants another token");
    expect_shape!(other.claims(|_| ()).await?, Claimed::Token(_), "the entry has a token and a lease");
    Ok(())
}

/// A failed renewal takes no token from the fleet.
///
/// # Errors
/// [`Failure`] says what the store did.
pub async fn a_token_comes_before_a_cool_down(subject: &dyn Subject) -> Result<(), Failure> {
    let [process, other] = processes(subject)?;
    process.publishes_token(&token(TOKEN, Some(LONG))?).await?;
    process.publishes(cool_down(LONG, 1)).await?;
    expect_shape!(other.claims(|_| ()).await?, Claimed::Token(_), "the entry has a token and a cool-down");
    Ok(())
}

/// A program that cannot acquire still adopts.
///
/// # Errors
/// [`Failure`] says what the store did.
pub async fn a_claim_that_only_looks_is_handed_a_token(subject: &dyn Subject) -> Result<(), Failure> {
    let [process, other] = processes(subject)?;
    process.publishes_token(&token(TOKEN, Some(LONG))?).await?;
    expect_shape!(other.looks().await?, Claimed::Token(_), "the entry has a token");
    Ok(())
}
