//! [`Place`]: a store that the commands of a test share: a [`Folder`], or a server.

use std::{
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::Arc,
    time::Duration,
};

use assert_cmd::Command;
use cg_auth_core::{
    model::AccessToken,
    token::store::{
        Claim, Claimed, EntryOwner, EntryState, Holder, Publication, StoreEntry, StoreError, StoredToken,
        TokenStore,
    },
};
use cg_auth_emulator::Emulator;
use cg_auth_store::file_store;
use tempfile::TempDir;

use super::redis::Redis;
use crate::harness::{block_on, stderr, stdout, with_emulator};

pub(super) trait Place: Sync {
    /// The value of `CG_AUTH_STORE`.
    fn setting(&self) -> String;

    /// The store, as another process opens it.
    fn store(&self) -> Arc<dyn TokenStore>;

    /// What else `cg-auth` needs to reach it.
    fn prepare(&self, _: &mut Command) {}

    /// `cg-auth` with this store.
    fn command(&self, emulator: &Emulator, arguments: &[&str]) -> Command {
        let mut command = with_emulator(emulator, arguments);
        command.env("CG_AUTH_STORE", self.setting());
        self.prepare(&mut command);
        command
    }

    /// The token that the command prints; the command must succeed and write nothing else.
    fn token(&self, emulator: &Emulator, arguments: &[&str]) -> String {
        let output = self.command(emulator, &[&["token"], arguments].concat()).output().unwrap();
        assert_eq!((output.status.code(), stderr(&output)), (Some(0), String::new()));
        stdout(&output).trim_end().to_owned()
    }

    /// Publishes a token as another process would.
    fn seed(&self, emulator: &Emulator, text: &str, lifetime: u64, left: u64) {
        let [lifetime, left] = [lifetime, left].map(Duration::from_secs);
        let access_token = AccessToken::new(text).unwrap();
        let token = StoredToken { access_token, lifetime: Some(lifetime), left: Some(left) };
        let store = self.store();
        let (entry, publication) = (entry(&store, emulator), Publication::Token(token));
        let holder = Holder::random();
        answer(|| store.publish(&entry, holder, &publication));
    }

    /// Takes the lease as another process would.
    fn take_lease(&self, emulator: &Emulator, lease: Duration) {
        let store = self.store();
        let mut claim = Claim::new(Holder::random());
        claim.lease = Some(lease);
        let entry = entry(&store, emulator);
        let claimed = answer(|| store.claim(&entry, &claim));
        assert!(matches!(claimed, Claimed::Won(_)), "{claimed:?}");
    }

    /// What the store holds for the first user of `emulator`.
    fn inspect(&self, emulator: &Emulator) -> EntryState {
        let store = self.store();
        let entry = entry(&store, emulator);
        answer(|| store.inspect(&entry))
    }
}

/// The answer to an operation, which a machine that is busy may need to try again. Each can be repeated.
fn answer<T, F: Future<Output = Result<T, StoreError>>>(operation: impl Fn() -> F) -> T {
    let mut answers = (0..TRIES).map(|_| block_on(operation()));
    answers.find_map(Result::ok).unwrap()
}

/// The entry of the first user of `emulator`.
fn entry(store: &impl TokenStore, emulator: &Emulator) -> StoreEntry {
    let credential = emulator.credential();
    let (user, secret) = (credential.user_principal_name(), credential.client_secret());
    store.entry(&EntryOwner::new(emulator.base_url(), user, secret))
}

/// A folder that a store is in, which no other user can reach.
pub(super) struct Folder(pub(super) TempDir);

impl Folder {
    pub(super) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(super) fn path(&self) -> std::path::PathBuf {
        self.0.path().join("store")
    }
}

impl Place for Folder {
    fn setting(&self) -> String {
        format!("file:{}", self.path().display())
    }

    fn store(&self) -> Arc<dyn TokenStore> {
        Arc::new(file_store(self.path()))
    }
}

/// Runs `scenario` over a folder, and over a server if one is installed.
pub(super) fn over_each_store(scenario: impl Fn(&dyn Place)) {
    undisturbed(|| scenario(&Folder::new()));
    undisturbed(|| {
        if let Some(server) = Redis::start() {
            scenario(&server);
        }
    });
}

/// Runs `scenario`, and twice more if it fails. A command on a machine that stands still for half a second goes on without
/// its store, as it should; a defect fails each time.
pub(super) fn undisturbed(scenario: impl Fn()) {
    for is_last in [false, false, true] {
        match catch_unwind(AssertUnwindSafe(&scenario)) {
            Ok(()) => return,
            Err(panic) if is_last => resume_unwind(panic),
            Err(_) => {}
        }
    }
}

const TRIES: usize = 20;
