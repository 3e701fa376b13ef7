//! [`ScriptQueue`]: the active scripts.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use super::script::{Behaviour, Script};
use crate::operation::Operation;

/// At most [`MAX_SCRIPTS`] scripts, oldest first. A request follows the first script for its operation.
#[derive(Debug, Default)]
pub(crate) struct ScriptQueue(Mutex<Entries>);

#[derive(Debug, Default)]
struct Entries {
    last_id: u64,
    scripts: VecDeque<Script>,
}

impl ScriptQueue {
    /// Adds a script for `times` requests and returns its id and its hit counter; `None` if the queue is
    /// full.
    pub(crate) fn add(
        &self,
        operation: Operation,
        times: u64,
        behaviour: Behaviour,
    ) -> Option<(u64, Arc<AtomicU64>)> {
        let hits = Arc::new(AtomicU64::new(0));
        let mut entries = self.entries();
        if entries.scripts.len() >= MAX_SCRIPTS {
            return None;
        }
        entries.last_id += 1;
        let id = entries.last_id;
        if times > 0 {
            let script = Script { id, operation, remaining: times, hits: Arc::clone(&hits), behaviour };
            entries.scripts.push_back(script);
        }
        Some((id, hits))
    }

    /// Takes the behaviour of the first script for `operation`, and removes the script if it is now used up.
    pub(crate) fn follow(&self, operation: Operation) -> Option<Behaviour> {
        let mut entries = self.entries();
        let index = entries.scripts.iter().position(|script| script.operation == operation)?;
        let script = &mut entries.scripts[index];
        script.hits.fetch_add(1, Relaxed);
        script.remaining -= 1;
        if script.remaining > 0 {
            return Some(script.behaviour.clone());
        }
        entries.scripts.remove(index).map(|script| script.behaviour)
    }

    pub(crate) fn list(&self) -> Vec<Script> {
        self.entries().scripts.iter().cloned().collect()
    }

    /// Removes a script, and returns whether the queue held it.
    pub(crate) fn remove(&self, id: u64) -> bool {
        let mut entries = self.entries();
        let before = entries.scripts.len();
        entries.scripts.retain(|script| script.id != id);
        entries.scripts.len() < before
    }

    pub(crate) fn clear(&self) {
        self.entries().scripts.clear();
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How many scripts the queue holds at most.
pub(crate) const MAX_SCRIPTS: usize = 256;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::scripts::Ending;

    const OPERATION: Operation = Operation::GetDelegateAccessToken;

    #[test]
    fn the_first_matching_script_applies_as_often_as_it_says() {
        let scripts = ScriptQueue::default();
        scripts.add(Operation::DeleteTokenCache, 1, after(9)).unwrap();
        let (_, hits) = scripts.add(OPERATION, 2, after(1)).unwrap();
        scripts.add(OPERATION, 1, after(2)).unwrap();
        let delays: Vec<_> = (0..4).map(|_| scripts.follow(OPERATION).map(|it| it.delay.as_secs())).collect();
        assert_eq!(delays, [Some(1), Some(1), Some(2), None]);
        assert_eq!(hits.load(Relaxed), 2);
        assert_eq!(scripts.list().len(), 1);
    }

    #[test]
    fn the_queue_is_bounded_and_a_script_for_zero_requests_is_not_queued() {
        let scripts = ScriptQueue::default();
        scripts.add(OPERATION, 0, after(0)).unwrap();
        for _ in 0..MAX_SCRIPTS {
            scripts.add(OPERATION, 1, after(0)).unwrap();
        }
        assert!(scripts.add(OPERATION, 1, after(0)).is_none());
        assert_eq!(scripts.list().len(), MAX_SCRIPTS);
        scripts.follow(OPERATION).unwrap();
        assert!(scripts.add(OPERATION, 1, after(0)).is_some());
    }

    fn after(seconds: u64) -> Behaviour {
        Behaviour { delay: Duration::from_secs(seconds), ending: Ending::Passthrough }
    }
}
