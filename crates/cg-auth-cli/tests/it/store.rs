//! `--store`: processes that share a token.

#![cfg(unix)]

mod commands;
mod setting;
mod sharing;
mod unavailable;

use std::{path::Path, process::Output, time::Duration};

use assert_cmd::Command;
use cg_auth_core::{
    model::AccessToken,
    time::ThreadRuntime,
    token::store::{Claim, Claimed, EntryOwner, Holder, Publication, StoreEntry, StoredToken, TokenStore},
};
use cg_auth_emulator::{Emulator, Operation};
use cg_auth_store::{FileStore, Sealed, file_store};
use tempfile::TempDir;

use crate::harness::{stderr, stdout, with_emulator};

/// A folder that a store is in, which no other user can reach.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> std::path::PathBuf {
        self.0.path().join("store")
    }

    /// The value of `--store`.
    fn setting(&self) -> String {
        format!("file:{}", self.path().display())
    }

    /// `cg-auth` with this store.
    fn command(&self, emulator: &Emulator, arguments: &[&str]) -> Command {
        let mut command = with_emulator(emulator, arguments);
        command.env("CG_AUTH_STORE", self.setting());
        command
    }

    /// The token that the command prints; the command must succeed and write nothing else.
    fn token(&self, emulator: &Emulator, arguments: &[&str]) -> String {
        let output = self.command(emulator, &[&["token"], arguments].concat()).output().unwrap();
        assert_eq!((output.status.code(), stderr(&output)), (Some(0), String::new()));
        stdout(&output).trim_end().to_owned()
    }

    fn store(&self) -> Sealed<FileStore> {
        file_store(self.path())
    }

    /// Publishes a token as another process would.
    fn seed(&self, emulator: &Emulator, text: &str, lifetime: u64, left: u64) {
        let [lifetime, left] = [lifetime, left].map(Duration::from_secs);
        let access_token = AccessToken::new(text).unwrap();
        let token = StoredToken { access_token, lifetime: Some(lifetime), left: Some(left) };
        let store = self.store();
        let (entry, publication) = (entry(&store, emulator), Publication::Token(token));
        ThreadRuntime::block_on(store.publish(&entry, Holder::random(), &publication)).unwrap();
    }

    /// Takes the lease as another process would.
    fn take_lease(&self, emulator: &Emulator, lease: Duration) {
        let store = self.store();
        let mut claim = Claim::new(Holder::random());
        claim.lease = Some(lease);
        let claimed = ThreadRuntime::block_on(store.claim(&entry(&store, emulator), &claim)).unwrap();
        assert!(matches!(claimed, Claimed::Won(_)), "{claimed:?}");
    }
}

/// The entry of the first user of `emulator`.
fn entry(store: &impl TokenStore, emulator: &Emulator) -> StoreEntry {
    let credential = emulator.credential();
    let (user, secret) = (credential.user_principal_name(), credential.client_secret());
    store.entry(&EntryOwner::new(emulator.base_url(), user, secret))
}

/// How many tokens the service has issued.
fn issued(emulator: &Emulator) -> u64 {
    emulator.count(Operation::GetDelegateAccessToken)
}

/// Every text below `folder`.
fn contents(folder: &Path) -> String {
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    files.map(|path| String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned()).collect()
}

fn assert_shows_no_secret(output: &Output, emulator: &Emulator) {
    let text = stdout(output) + &stderr(output);
    let secret = emulator.credential().client_secret().expose_secret();
    for secret in [secret, "eyJ", "canary"] {
        assert!(!text.contains(secret), "{text}");
    }
}
