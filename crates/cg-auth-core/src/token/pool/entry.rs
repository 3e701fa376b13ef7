//! [`Entry`]: a user of a pool, with the provider and the time of the last use.

use std::{cell::Cell, sync::atomic::Ordering::Relaxed};

use crate::{
    model::UserPrincipalName,
    token::{TokenProvider, sync::AtomicU64},
};

/// A user with the provider. Calls note its use without a lock.
pub(super) struct Entry {
    pub(super) user: UserPrincipalName,
    pub(super) provider: TokenProvider,
    /// Tells users apart whose last uses are equal.
    pub(super) number: u64,
    nanos: AtomicU64,
    turn: AtomicU64,
}

/// When a user was last used. The uses of one thread are in their exact order, and those of different threads in
/// the order of the coarse clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct LastUse {
    /// A reading of the coarse monotonic clock.
    pub(super) nanos: u64,
    /// Orders the uses within one tick of that clock.
    turn: u64,
}

impl Entry {
    pub(super) fn new(user: UserPrincipalName, provider: TokenProvider, number: u64, nanos: u64) -> Self {
        let entry = Self { user, provider, number, nanos: AtomicU64::new(nanos), turn: AtomicU64::new(0) };
        entry.touch(nanos);
        entry
    }

    /// Notes a use. It writes nothing if no other user was used since then in the same tick, so threads that use the same
    /// user do not fight for its cache line.
    #[inline]
    pub(super) fn touch(&self, nanos: u64) {
        if self.nanos.load(Relaxed) != nanos {
            self.nanos.store(nanos, Relaxed);
        }
        let turn = self.turn.load(Relaxed);
        let last = LAST_TURN.get();
        if turn >= last {
            LAST_TURN.set(turn);
        } else {
            LAST_TURN.set(last + 1);
            self.turn.store(last + 1, Relaxed);
        }
    }

    pub(super) fn last_use(&self) -> LastUse {
        LastUse { nanos: self.nanos.load(Relaxed), turn: self.turn.load(Relaxed) }
    }
}

thread_local! {
    /// The highest turn that this thread has seen. A new entry's is lower.
    static LAST_TURN: Cell<u64> = const { Cell::new(1) };
}
