//! Rule 9: an entry that cannot be read is like an empty one.

use cg_auth_core::token::store::{Claimed, Lease};

use crate::contract::{
    Failure, Subject,
    failure::expect_shape,
    process::{LONG, TOKEN, processes, token},
};

/// Tried only where the subject can [damage](Subject::damage) an entry.
///
/// # Errors
/// [`Failure`] says what the store did.
pub async fn an_unreadable_token_is_like_none_and_the_lease_says_so(
    subject: &dyn Subject,
) -> Result<(), Failure> {
    let [process, other] = processes(subject)?;
    let issued = token(TOKEN, Some(LONG))?;
    process.publishes_token(&issued).await?;
    if !subject.damage(&process.entry).await {
        return Ok(());
    }
    expect_shape!(other.looks().await?, Claimed::Free, "the token is unreadable");
    expect_shape!(
        other.claims(|_| ()).await?,
        Claimed::Won(Lease { is_unreadable: true, .. }),
        "the token is unreadable"
    );
    expect_shape!(process.claims(|_| ()).await?, Claimed::Held(_), "another has the lease");
    Ok(())
}
