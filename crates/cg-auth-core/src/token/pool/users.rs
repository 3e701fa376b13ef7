//! [`Users`]: the providers of a pool by user, and which of them to evict.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use crate::{
    model::UserPrincipalName,
    time::Now,
    token::{EvictionCause, TokenProvider},
};

/// The users in the order of their last use. A user in use is never evicted: that would free nothing, and a
/// second provider of the same user would acquire beside the first.
pub(super) struct Users {
    capacity: usize,
    idle_time: Duration,
    by_name: HashMap<Arc<str>, Entry>,
    by_use: BTreeMap<u64, Arc<str>>,
    uses: u64,
}

struct Entry {
    user: UserPrincipalName,
    provider: TokenProvider,
    used: Now,
    /// The place of the user in the order of use.
    use_number: u64,
}

impl Users {
    pub(super) fn new(capacity: usize, idle_time: Duration) -> Self {
        Self { capacity, idle_time, by_name: HashMap::new(), by_use: BTreeMap::new(), uses: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.by_name.len()
    }

    pub(super) fn find(&mut self, user: &UserPrincipalName, now: Now) -> Option<TokenProvider> {
        let name = key(user);
        self.touch(&name, now);
        self.by_name.get(&name).map(|entry| entry.provider.clone())
    }

    pub(super) fn insert(&mut self, user: UserPrincipalName, provider: TokenProvider, now: Now) {
        let name = key(&user);
        self.by_name.insert(Arc::clone(&name), Entry { user, provider, used: now, use_number: 0 });
        self.touch(&name, now);
    }

    /// Removes `user` if it has been idle for too long.
    pub(super) fn take_idle(&mut self, user: &UserPrincipalName, now: Now) -> Option<TokenProvider> {
        let name = key(user);
        let entry = self.by_name.get(&name)?;
        (self.is_idle(entry, now) && !entry.provider.is_in_use(now)).then(|| self.remove(&name))?
    }

    /// Removes some of the users who have been idle for too long or exceed the capacity. A user in use counts
    /// as used now, so that each sweep continues where the last one stopped.
    pub(super) fn sweep(&mut self, now: Now) -> Vec<(TokenProvider, EvictionCause)> {
        let mut swept = Vec::new();
        for _ in 0..USERS_PER_SWEEP {
            let Some(name) = self.by_use.first_key_value().map(|(_, name)| Arc::clone(name)) else { break };
            let Some(entry) = self.by_name.get(&name) else { break };
            let cause = match self.is_idle(entry, now) {
                true => EvictionCause::Idle,
                false if self.by_name.len() > self.capacity => EvictionCause::Capacity,
                false => break,
            };
            if entry.provider.is_in_use(now) {
                self.touch(&name, now);
            } else {
                swept.extend(self.remove(&name).map(|provider| (provider, cause)));
            }
        }
        swept
    }

    /// Removes all users who are not in use.
    pub(super) fn take_unused(&mut self, now: Now) -> Vec<TokenProvider> {
        let is_unused =
            |(name, entry): (&Arc<str>, &Entry)| (!entry.provider.is_in_use(now)).then(|| Arc::clone(name));
        let names: Vec<_> = self.by_name.iter().filter_map(is_unused).collect();
        names.iter().filter_map(|name| self.remove(name)).collect()
    }

    /// In the order of last use, the least recently used user first.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&UserPrincipalName, &TokenProvider)> {
        let entries = self.by_use.values().filter_map(|name| self.by_name.get(name));
        entries.map(|entry| (&entry.user, &entry.provider))
    }

    fn is_idle(&self, entry: &Entry, now: Now) -> bool {
        now.saturating_since(entry.used) >= self.idle_time
    }

    fn touch(&mut self, name: &Arc<str>, now: Now) {
        let Some(entry) = self.by_name.get_mut(name) else { return };
        self.by_use.remove(&entry.use_number);
        self.uses += 1;
        (entry.used, entry.use_number) = (now, self.uses);
        self.by_use.insert(self.uses, Arc::clone(name));
    }

    fn remove(&mut self, name: &Arc<str>) -> Option<TokenProvider> {
        let entry = self.by_name.remove(name)?;
        self.by_use.remove(&entry.use_number);
        Some(entry.provider)
    }
}

fn key(user: &UserPrincipalName) -> Arc<str> {
    user.as_str().to_ascii_lowercase().into()
}

/// How many users one sweep checks: few, yet more than one call adds, so that sweeps catch up.
const USERS_PER_SWEEP: usize = 16;
