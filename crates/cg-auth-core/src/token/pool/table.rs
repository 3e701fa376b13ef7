//! [`Table`]: the users of a pool by name, which calls read without a lock.

use std::sync::{Arc, atomic::Ordering::Relaxed};

use super::{entry::Entry, name_hash::NameHash};
use crate::{
    model::UserPrincipalName,
    token::{
        TokenProvider,
        sync::{ArcSwap, AtomicU64},
    },
};

/// A hash table whose buckets are lists that never change. A thread that holds the lock of the pool replaces a
/// bucket as a whole. Names that differ only in the case of ASCII letters are one name.
pub(super) struct Table {
    buckets: Box<[ArcSwap<Bucket>]>,
    name_hash: NameHash,
    sweep_due: AtomicU64,
}

/// Each user with the hash of the name.
type Bucket = Vec<(u64, Arc<Entry>)>;

impl Table {
    /// An empty table, sized for `capacity` users. With more users, a search takes longer.
    pub(super) fn new(capacity: usize) -> Self {
        let count = (capacity / USERS_PER_BUCKET).next_power_of_two().clamp(FEWEST_BUCKETS, MOST_BUCKETS);
        let empty = Arc::new(Bucket::new());
        let buckets = (0..count).map(|_| ArcSwap::new(Arc::clone(&empty))).collect();
        Self { buckets, name_hash: NameHash::new(), sweep_due: AtomicU64::new(u64::MAX) }
    }

    /// The provider of `user`, whose use it notes. `None` if the pool has none, or has to sweep.
    #[inline]
    pub(super) fn hit(&self, user: &UserPrincipalName, now: u64) -> Option<TokenProvider> {
        if now >= self.sweep_due.load(Relaxed) {
            return None;
        }
        let hash = self.name_hash.of(user.as_str());
        let bucket = self.bucket(hash).load();
        let entry = find(&bucket, hash, user)?;
        entry.touch(now);
        Some(entry.provider.clone())
    }

    /// From `nanos` on, each call has to sweep before it gets its provider.
    pub(super) fn set_sweep_due(&self, nanos: u64) {
        self.sweep_due.store(nanos, Relaxed);
    }

    pub(super) fn find(&self, user: &UserPrincipalName) -> Option<Arc<Entry>> {
        let hash = self.name_hash.of(user.as_str());
        find(&self.bucket(hash).load(), hash, user).map(Arc::clone)
    }

    /// Adds a user who is not in the table. The caller holds the lock of the pool.
    pub(super) fn insert(&self, entry: Arc<Entry>) {
        let hash = self.name_hash.of(entry.user.as_str());
        let bucket = self.bucket(hash);
        let others = bucket.load();
        let mut users = Bucket::with_capacity(others.len() + 1);
        users.extend(others.iter().cloned());
        users.push((hash, entry));
        bucket.store(Arc::new(users));
    }

    /// Removes a user. The caller holds the lock of the pool.
    ///
    /// A call that has read the bucket before may still take the provider. Until then it keeps a clone of the
    /// [`Arc`], by which the caller sees it.
    pub(super) fn remove(&self, entry: &Arc<Entry>) {
        let hash = self.name_hash.of(entry.user.as_str());
        let bucket = self.bucket(hash);
        let is_other = |(_, other): &&(u64, Arc<Entry>)| !Arc::ptr_eq(other, entry);
        let users: Bucket = bucket.load().iter().filter(is_other).cloned().collect();
        bucket.store(Arc::new(users));
    }

    #[inline]
    fn bucket(&self, hash: u64) -> &ArcSwap<Bucket> {
        // Their number is a power of two.
        &self.buckets[hash as usize & (self.buckets.len() - 1)]
    }
}

#[inline(always)]
fn find<'a>(bucket: &'a Bucket, hash: u64, user: &UserPrincipalName) -> Option<&'a Arc<Entry>> {
    let is_user = |other: &Entry| other.user.as_str().eq_ignore_ascii_case(user.as_str());
    bucket.iter().find(|(of, entry)| *of == hash && is_user(entry)).map(|(_, entry)| entry)
}

/// The average in a full pool.
const USERS_PER_BUCKET: usize = 8;
const FEWEST_BUCKETS: usize = 64;
/// An empty bucket takes 8 bytes.
const MOST_BUCKETS: usize = 16_384;
