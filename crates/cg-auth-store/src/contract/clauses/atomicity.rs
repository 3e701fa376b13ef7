//! Rule 1: each operation is atomic, and every handle sees the same entry.

use std::{future::poll_fn, pin::Pin, task::Poll};

use cg_auth_core::{BaseUrl, ClientSecret, UserPrincipalName, token::store::Claimed};

use crate::contract::{
    Failure, Subject,
    failure::{ensure, expect_shape},
    process::{LONG, Owner, TOKEN, processes, token},
};

/// What one handle leaves, another one finds.
///
/// # Errors
/// [`Failure`] says what the store did.
pub async fn every_handle_sees_what_another_has_left(subject: &dyn Subject) -> Result<(), Failure> {
    let [first, second] = processes(subject)?;
    expect_shape!(first.claims(|_| ()).await?, Claimed::Won(_), "the entry is empty");
    expect_shape!(second.claims(|_| ()).await?, Claimed::Held(_), "another handle has the lease");
    first.publishes_token(&token(TOKEN, Some(LONG))?).await?;
    expect_shape!(second.looks().await?, Claimed::Token(_), "another handle has published a token");
    Ok(())
}

/// Sixteen processes claim at once, round after round. Exactly one wins each round.
///
/// # Errors
/// [`Failure`] says what the store did.
pub async fn one_of_many_claims_at_once_wins_the_lease(subject: &dyn Subject) -> Result<(), Failure> {
    for round in 0..8 {
        let fleet = processes::<16>(subject)?;
        let claims = all(fleet.iter().map(|process| process.claims(|_| ()))).await;
        let mut won = 0;
        for claimed in claims {
            match claimed? {
                Claimed::Won(_) => won += 1,
                Claimed::Held(_) => {}
                other => return Err(Failure::new(format!("round {round}: {other:?} of an empty entry"))),
            }
        }
        ensure!(won == 1, "round {round}: {won} of 16 claims at once won the lease");
    }
    Ok(())
}

/// Sixteen processes publish different tokens at once. The entry holds one of them, whole.
///
/// # Errors
/// [`Failure`] says what the store did.
pub async fn one_token_of_many_publications_at_once_is_whole(subject: &dyn Subject) -> Result<(), Failure> {
    let fleet = processes::<16>(subject)?;
    let texts: Vec<_> = (0..16).map(|number| number.to_string().repeat(2000)).collect();
    let tokens = texts.iter().map(|text| token(text, Some(LONG))).collect::<Result<Vec<_>, _>>()?;
    let publications = fleet.iter().zip(&tokens).map(|(process, token)| process.publishes_token(token));
    for published in all(publications).await {
        published?;
    }
    let Claimed::Token(found) = fleet[0].looks().await? else {
        return Err(Failure::new("no token after sixteen publications"));
    };
    let found = found.access_token.expose_secret();
    ensure!(texts.iter().any(|text| text == found), "the token is none of those that were published");
    Ok(())
}

/// The service, the user in any case, and the secret name an entry.
///
/// # Errors
/// [`Failure`] says what the store did.
pub async fn the_same_owner_has_the_same_entry_and_others_have_others(
    subject: &dyn Subject,
) -> Result<(), Failure> {
    let [process] = processes(subject)?;
    let owner = Owner::new("someone@example.com")?;
    let name = |owner: &Owner| process.store.entry(&owner.as_entry_owner()).name().to_owned();
    let own = name(&owner);
    ensure!(own == subject.store().entry(&owner.as_entry_owner()).name(), "each handle has another entry");
    ensure!(own == name(&Owner::new("SomeOne@Example.com")?), "the case of a user's letters counts");
    let unplayable = |error| Failure::new(format!("the case cannot be played: {error}"));
    let base_url = BaseUrl::parse("https://other.example.com").map_err(unplayable)?;
    let secret = ClientSecret::new("another-secret").map_err(unplayable)?;
    let user = UserPrincipalName::new("another@example.com").map_err(unplayable)?;
    for other in [
        Owner { base_url, ..Owner::new("someone@example.com")? },
        Owner { secret, ..Owner::new("someone@example.com")? },
        Owner { user, ..Owner::new("someone@example.com")? },
    ] {
        ensure!(own != name(&other), "two owners share an entry");
    }
    Ok(())
}

/// The outputs of all futures, which are polled in turn.
async fn all<F: Future>(futures: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut waiting: Vec<Pin<Box<F>>> = futures.map(Box::pin).collect();
    let mut outputs = Vec::new();
    poll_fn(|context| {
        waiting.retain_mut(|future| match future.as_mut().poll(context) {
            Poll::Ready(output) => {
                outputs.push(output);
                false
            }
            Poll::Pending => true,
        });
        if waiting.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    outputs
}
