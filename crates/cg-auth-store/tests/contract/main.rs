//! The contract of a token store, over each store of this workspace that needs no server, and over stores with a
//! planted defect.

#![allow(clippy::unwrap_used)]

mod planted;

use std::{
    fs::File,
    sync::{Arc, Mutex},
    time::Duration,
};

use cg_auth_core::{
    testing::{ManualClock, ScriptedStore},
    time::BoxFuture,
    token::store::{Holder, StoreEntry, TokenStore},
};
use cg_auth_store::{
    ByteStore, FileStore, MemoryStore, Sealed,
    byte_store::{ByteClaim, ByteClaimed, BytePublication},
    contract::{Failure, Subject, Suite, cases},
    store_contract,
};

mod memory {
    super::store_contract!(super::Suite::new(super::Memory::new()));
}

mod file {
    super::store_contract!(super::Suite::new(super::OnDisk::new()));
}

mod scripted {
    super::store_contract!(super::Suite::new(super::Scripted::new()).with_exemption(
        "neither_the_store_nor_an_entry_shows_a_secret",
        "the store of tests names its entries readably"
    ));
}

/// A sealed store in memory with a manual clock.
#[derive(Debug)]
struct Memory {
    clock: ManualClock,
    store: MemoryStore,
}

impl Memory {
    fn new() -> Self {
        let clock = ManualClock::new();
        Self { store: MemoryStore::with_clock(clock.clone()), clock }
    }
}

impl Subject for Memory {
    fn store(&self) -> Arc<dyn TokenStore> {
        Arc::new(Sealed::new(self.store.clone()))
    }

    fn pass(&self, duration: Duration) -> BoxFuture<'_, ()> {
        Box::pin(async move { self.clock.advance(duration) })
    }

    fn has_manual_clock(&self) -> bool {
        true
    }

    fn damage<'a>(&'a self, entry: &'a StoreEntry) -> BoxFuture<'a, bool> {
        Box::pin(flip_a_bit(&self.store, entry))
    }
}

/// A store in a folder, with the clock of the machine.
struct OnDisk {
    folder: tempfile::TempDir,
    /// The lock, while the store is frozen.
    lock: Mutex<Option<File>>,
}

impl OnDisk {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), lock: Mutex::default() }
    }

    fn bytes(&self) -> FileStore {
        FileStore::new(self.folder.path().join("store"))
    }
}

impl Subject for OnDisk {
    fn store(&self) -> Arc<dyn TokenStore> {
        Arc::new(Sealed::new(self.bytes()))
    }

    fn damage<'a>(&'a self, entry: &'a StoreEntry) -> BoxFuture<'a, bool> {
        Box::pin(async move { flip_a_bit(&self.bytes(), entry).await })
    }

    /// Another process holds the lock of the folder.
    #[cfg(unix)]
    fn freeze(&self) -> BoxFuture<'_, bool> {
        use rustix::fs::{FlockOperation, flock};

        let lock = File::open(self.folder.path().join("store/.lock")).unwrap();
        flock(&lock, FlockOperation::LockExclusive).unwrap();
        *self.lock.lock().unwrap() = Some(lock);
        Box::pin(async { true })
    }

    fn thaw(&self) -> BoxFuture<'_, ()> {
        *self.lock.lock().unwrap() = None;
        Box::pin(async {})
    }
}

/// Publishes the token of the entry again, with one bit flipped.
async fn flip_a_bit(store: &impl ByteStore, entry: &StoreEntry) -> bool {
    let look = ByteClaim { holder: Holder::new(1), held: None, unwanted: Vec::new(), lease: None };
    let Ok(ByteClaimed::Token(mut token)) = store.claim(entry.name(), &look).await else { return false };
    token.sealed[20] ^= 1;
    store.remove(entry.name()).await.unwrap();
    store.publish(entry.name(), Holder::new(1), &BytePublication::Token(token)).await.is_ok()
}

struct Scripted {
    clock: ManualClock,
    store: ScriptedStore,
}

impl Scripted {
    fn new() -> Self {
        let clock = ManualClock::new();
        Self { store: ScriptedStore::new(clock.clone()), clock }
    }
}

impl Subject for Scripted {
    fn store(&self) -> Arc<dyn TokenStore> {
        Arc::new(self.store.clone())
    }

    fn pass(&self, duration: Duration) -> BoxFuture<'_, ()> {
        Box::pin(async move { self.clock.advance(duration) })
    }

    fn has_manual_clock(&self) -> bool {
        true
    }

    fn damage<'a>(&'a self, _: &'a StoreEntry) -> BoxFuture<'a, bool> {
        self.store.set_unreadable(true);
        Box::pin(async { true })
    }
}

#[test]
fn every_rule_has_a_case() {
    let mut rules: Vec<_> = cases().iter().map(|case| case.rule).collect();
    assert!(rules.is_sorted());
    rules.dedup();
    assert_eq!(rules, (1..=12).collect::<Vec<_>>());
}

#[test]
fn an_exemption_must_have_a_reason_and_a_case_that_fails() -> Result<(), Failure> {
    let suite = || Suite::new(Memory::new());
    let problem = |suite: Suite| suite.check_exemptions().unwrap_err().to_string();
    let unreasoned = suite().with_exemption("a_token_ends", " ");
    assert_eq!(problem(unreasoned), r#"the exemption "a_token_ends" has no reason"#);
    let passing = suite().with_exemption("a_token_ends", "x");
    assert_eq!(problem(passing), r#"the exemption "a_token_ends" is for a case that passes; delete it"#);
    let unknown = suite().with_exemption("a_token", "x");
    assert_eq!(problem(unknown), r#"the exemption "a_token" is for no case; delete it"#);
    assert!(suite().check("a_token").is_err());
    suite().check("a_token_ends")
}
