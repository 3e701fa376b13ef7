//! Rule 10: a store shows no token and no secret.

use crate::contract::{
    Failure, Subject,
    failure::ensure,
    process::{LONG, Owner, SECRET, TOKEN, processes, token},
};

/// Neither `Debug` output nor the name of an entry holds a secret, a token or a user.
///
/// # Errors
/// [`Failure`] says what the store did.
pub async fn neither_the_store_nor_an_entry_shows_a_secret(subject: &dyn Subject) -> Result<(), Failure> {
    let [process] = processes(subject)?;
    process.publishes_token(&token(TOKEN, Some(LONG))?).await?;
    let claimed = process.looks().await?;
    let owner = Owner::new("someone@example.com")?;
    let entry = process.store.entry(&owner.as_entry_owner());
    let name = entry.name();
    let shown = format!("{:?} {:?} {entry:?} {name} {claimed:?}", process.store, process.entry);
    for hidden in [SECRET, TOKEN, "someone", "governance.example"] {
        ensure!(!shown.contains(hidden), "the store or an entry of it shows {hidden:?}");
    }
    Ok(())
}
