//! The store in a folder, with real files, modes, locks and processes.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::print_stderr)] // test helpers may panic and print, like tests

mod disks;
mod files;
mod late;
mod odd_processes;
mod processes;
mod providers;
mod runtimes;

use std::time::Duration;

use cg_auth_core::{
    model::AccessToken,
    time::ThreadRuntime,
    token::store::{
        Claim, Claimed, EntryOwner, Holder, Publication, Published, StoreEntry, StoreError, StoredToken,
        TokenStore,
    },
};
use cg_auth_store::{FileStore, Sealed, file_store};

const HOUR: Duration = Duration::from_secs(3600);

/// The entry of one user.
fn entry() -> StoreEntry {
    let base_url = cg_auth_core::BaseUrl::parse("https://governance.example.com").unwrap();
    let user = cg_auth_core::UserPrincipalName::new("someone@example.com").unwrap();
    let secret = cg_auth_core::ClientSecret::new("s3cret").unwrap();
    file_store("unused").entry(&EntryOwner::new(&base_url, &user, &secret))
}

fn claim(store: &Sealed<FileStore>, holder: Holder, lease: Option<Duration>) -> Result<Claimed, StoreError> {
    let mut claim = Claim::new(holder);
    claim.lease = lease;
    ThreadRuntime::block_on(store.claim(&entry(), &claim))
}

fn publish(
    store: &Sealed<FileStore>,
    holder: Holder,
    publication: &Publication,
) -> Result<Published, StoreError> {
    ThreadRuntime::block_on(store.publish(&entry(), holder, publication))
}

fn token(text: &str) -> Publication {
    let access_token = AccessToken::new(text).unwrap();
    Publication::Token(StoredToken { access_token, lifetime: Some(HOUR), left: Some(HOUR) })
}

/// What failed, without the line that each error of a store has.
fn source_of(error: &StoreError) -> String {
    std::error::Error::source(error).unwrap().to_string()
}

/// A new folder of this user alone.
fn private_folder() -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt as _;

    tempfile::Builder::new().permissions(std::fs::Permissions::from_mode(0o700)).tempdir().unwrap()
}
