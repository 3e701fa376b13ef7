//! Rule 8: `remove` leaves nothing.

use cg_auth_core::token::store::{Claimed, Lease};

use crate::contract::{
    Failure, Subject,
    failure::expect_shape,
    process::{LONG, TOKEN, cool_down, processes, token},
};

/// Token, lease, cool-down and count go.
///
/// # Errors
/// [`Failure`] says what the store did.
pub async fn nothing_of_the_entry_is_left(subject: &dyn Subject) -> Result<(), Failure> {
    let [process, other] = processes(subject)?;
    process.publishes_token(&token(TOKEN, Some(LONG))?).await?;
    other.removes().await?;
    expect_shape!(process.looks().await?, Claimed::Free, "the token is removed");

    expect_shape!(process.claims(|_| ()).await?, Claimed::Won(_), "the entry is empty");
    other.removes().await?;
    expect_shape!(other.looks().await?, Claimed::Free, "the lease is removed");

    process.publishes(cool_down(LONG, 4)).await?;
    other.removes().await?;
    expect_shape!(
        other.claims(|_| ()).await?,
        Claimed::Won(Lease { failures: 0, .. }),
        "the cool-down and its count are removed"
    );
    Ok(())
}
