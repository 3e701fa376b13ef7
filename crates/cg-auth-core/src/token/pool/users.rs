//! [`Users`]: the users of a pool in the order of their last use, and which of them to evict.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Weak,
        atomic::{Ordering::Acquire, fence},
    },
    time::Duration,
};

use super::{
    entry::{Entry, LastUse},
    table::Table,
};
use crate::{
    model::UserPrincipalName,
    time::Now,
    token::{EvictionCause, TokenProvider},
};

/// Adds and evicts users, under the lock of the pool. A user in use is never evicted: that would free nothing,
/// and a second provider of the same user would acquire beside the first.
///
/// Most calls find their user in the [`Table`] and note the use there, without the lock. So the queue may know an
/// earlier use than the last one. A sweep corrects the first places of the queue, where it matters.
pub(super) struct Users {
    capacity: usize,
    /// In nanoseconds.
    idle_time: u64,
    table: Arc<Table>,
    len: usize,
    /// An entry that was removed otherwise than by a sweep keeps its place until a sweep meets it.
    queue: BTreeMap<Place, Weak<Entry>>,
    last_number: u64,
}

/// A use of a user, which may not be the last one, and the number of the entry.
type Place = (LastUse, u64);

impl Users {
    pub(super) fn new(capacity: usize, idle_time: Duration) -> Self {
        let idle_time = u64::try_from(idle_time.as_nanos()).unwrap_or(u64::MAX);
        let table = Arc::new(Table::new(capacity));
        Self { capacity, idle_time, table, len: 0, queue: BTreeMap::new(), last_number: 0 }
    }

    pub(super) const fn table(&self) -> &Arc<Table> {
        &self.table
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }

    pub(super) fn find(&self, user: &UserPrincipalName, nanos: u64) -> Option<TokenProvider> {
        let entry = self.table.find(user)?;
        entry.touch(nanos);
        Some(entry.provider.clone())
    }

    /// Adds a user whom [`find`](Self::find) has not found.
    pub(super) fn insert(&mut self, user: UserPrincipalName, provider: TokenProvider, nanos: u64) {
        self.last_number += 1;
        let entry = Arc::new(Entry::new(user, provider, self.last_number, nanos));
        self.enqueue(&entry);
        self.table.insert(entry);
        self.len += 1;
    }

    /// Removes `user` if it has been idle for too long.
    pub(super) fn take_idle(
        &mut self,
        user: &UserPrincipalName,
        now: Now,
        nanos: u64,
    ) -> Option<TokenProvider> {
        let entry = self.table.find(user)?;
        if self.is_idle(entry.last_use(), nanos) { self.remove_unused(entry, now).ok() } else { None }
    }

    /// Removes some of the users who have been idle for too long or exceed the capacity. A user in use counts
    /// as used now, so that each sweep continues where the last one stopped.
    pub(super) fn sweep(&mut self, now: Now, nanos: u64) -> Vec<(TokenProvider, EvictionCause)> {
        let (mut swept, mut in_use) = (Vec::new(), Vec::new());
        // A pool that is too full has to find its least recently used user, so there a correction counts as no check.
        let (mut checks, mut corrections) = (USERS_PER_SWEEP, self.len);
        while checks > 0
            && let Some(((known_use, _), entry)) = self.queue.pop_first()
        {
            let Some(entry) = entry.upgrade() else { continue };
            let (last_use, is_too_full) = (entry.last_use(), self.len > self.capacity);
            if last_use != known_use && corrections > 0 {
                self.enqueue(&entry);
                if is_too_full {
                    corrections -= 1;
                } else {
                    checks -= 1;
                }
                continue;
            }
            checks -= 1;
            let cause = match self.is_idle(last_use, nanos) {
                true => EvictionCause::Idle,
                false if is_too_full => EvictionCause::Capacity,
                false => {
                    self.enqueue(&entry);
                    break;
                }
            };
            match self.remove_unused(entry, now) {
                Ok(provider) => swept.push((provider, cause)),
                Err(entry) => in_use.push(entry),
            }
        }
        for entry in in_use {
            entry.touch(nanos);
            self.enqueue(&entry);
        }
        self.table.set_sweep_due(self.next_sweep());
        swept
    }

    /// Removes all users who are not in use.
    pub(super) fn take_unused(&mut self, now: Now) -> Vec<TokenProvider> {
        let entries: Vec<_> = self.queue.values().filter_map(Weak::upgrade).collect();
        let removed = entries.into_iter().filter_map(|entry| self.remove_unused(entry, now).ok()).collect();
        self.queue.retain(|_, entry| entry.strong_count() > 0);
        removed
    }

    /// In the order of last use, the least recently used user first.
    pub(super) fn list(&self) -> Vec<Arc<Entry>> {
        let mut entries: Vec<_> = self.queue.values().filter_map(Weak::upgrade).collect();
        entries.sort_by_cached_key(|entry| (entry.last_use(), entry.number));
        entries
    }

    fn is_idle(&self, last_use: LastUse, nanos: u64) -> bool {
        nanos.saturating_sub(last_use.nanos) >= self.idle_time
    }

    /// From when on a sweep may find a user to evict.
    fn next_sweep(&self) -> u64 {
        match self.queue.first_key_value() {
            Some(_) if self.len > self.capacity => 0,
            Some(((known_use, _), _)) => known_use.nanos.saturating_add(self.idle_time),
            None => u64::MAX,
        }
    }

    fn enqueue(&mut self, entry: &Arc<Entry>) {
        self.queue.insert((entry.last_use(), entry.number), Arc::downgrade(entry));
    }

    /// Removes the user, or gives the entry back if the user is in use. No call takes the provider of a user who was
    /// removed.
    fn remove_unused(&mut self, entry: Arc<Entry>, now: Now) -> Result<TokenProvider, Arc<Entry>> {
        let last_use = entry.last_use();
        if entry.provider.is_in_use(now) {
            return Err(entry);
        }
        self.table.remove(&entry);
        // A call that has found the user before keeps another clone of the entry until it has the provider.
        let is_found = Arc::strong_count(&entry) > 1;
        fence(Acquire); // makes what such a call has done visible
        if is_found || entry.last_use() != last_use || entry.provider.is_in_use(now) {
            self.table.insert(Arc::clone(&entry));
            return Err(entry);
        }
        self.len -= 1;
        Ok(entry.provider.clone())
    }
}

/// How many users one sweep checks: few, yet more than one call adds, so that sweeps catch up.
const USERS_PER_SWEEP: usize = 16;
