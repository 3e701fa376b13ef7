//! [`MemoryStore`]: a store of the providers of one process.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use cg_auth_core::{
    time::{Now, Runtime},
    token::store::{Holder, Published, StoreError},
};

use crate::{
    byte_store::{ByteClaim, ByteClaimed, ByteEntry, BytePublication, ByteStore},
    record::Record,
};

/// A [`ByteStore`] in memory, for tests and for several providers of one process. A clone is the same store.
///
/// ```
/// use cg_auth_store::{MemoryStore, Sealed};
///
/// let store = Sealed::new(MemoryStore::new());
/// # let _ = store;
/// ```
#[derive(Clone, Default)]
pub struct MemoryStore {
    clock: Option<Arc<dyn Runtime>>,
    records: Arc<Mutex<HashMap<String, Record>>>,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty store whose entries end by `clock`, for a test that moves it.
    #[must_use]
    pub fn with_clock(clock: impl Runtime + 'static) -> Self {
        Self { clock: Some(Arc::new(clock)), records: Arc::default() }
    }

    fn operate<T>(&self, name: &str, operation: impl FnOnce(&mut Record, Duration) -> T) -> T {
        let now = self.clock.as_ref().map_or_else(Now::system, |clock| clock.now());
        // The boot clock counts on while the machine sleeps.
        let now = now.boot().unwrap_or_else(|| now.monotonic());
        let mut records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        let record = match records.get_mut(name) {
            Some(record) => record,
            None => {
                remove_ended(&mut records, now);
                records.entry(name.to_owned()).or_default()
            }
        };
        record.end_overdue(now);
        let result = operation(record, now);
        if record.is_empty() {
            records.remove(name);
        }
        result
    }
}

/// Removes the entries that have ended, but only when the map would grow. So the cost of looking at every entry is spread
/// over as many new ones.
fn remove_ended(records: &mut HashMap<String, Record>, now: Duration) {
    if records.len() == records.capacity() {
        records.retain(|_, record| {
            record.end_overdue(now);
            !record.is_empty()
        });
        let room = records.len();
        records.reserve(room.max(16));
    }
}

#[async_trait]
impl ByteStore for MemoryStore {
    async fn claim(&self, name: &str, claim: &ByteClaim) -> Result<ByteClaimed, StoreError> {
        Ok(self.operate(name, |record, now| record.claim(claim, now)))
    }

    async fn publish(
        &self,
        name: &str,
        holder: Holder,
        publication: &BytePublication,
    ) -> Result<Published, StoreError> {
        Ok(self.operate(name, |record, now| record.publish(holder, publication, now)))
    }

    async fn remove(&self, name: &str) -> Result<(), StoreError> {
        self.operate(name, |record, _| *record = Record::default());
        Ok(())
    }

    async fn inspect(&self, name: &str) -> Result<ByteEntry, StoreError> {
        Ok(self.operate(name, |record, now| record.entry(now)))
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use cg_auth_core::{testing::ManualClock, time::ThreadRuntime};

    use super::*;

    #[test]
    fn entries_that_have_ended_make_room_for_others() {
        let clock = ManualClock::new();
        let store = MemoryStore::with_clock(clock.clone());
        for number in 0..10_000 {
            let lease = Some(Duration::from_secs(6));
            let claim = ByteClaim { holder: Holder::new(1), held: None, unwanted: Vec::new(), lease };
            ThreadRuntime::block_on(store.claim(&number.to_string(), &claim)).unwrap();
            clock.advance(Duration::from_secs(1));
        }
        let kept = store.records.lock().unwrap().len();
        assert!(kept < 200, "{kept} entries");
    }
}
