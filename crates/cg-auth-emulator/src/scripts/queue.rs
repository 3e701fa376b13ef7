//! [`ScriptQueue`]: the active scripts.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use super::{
    behaviour::Behaviour, fault::Offered, request_match::Asked, script::Script, script_error::ScriptError,
};

/// At most [`MAX_SCRIPTS`] scripts, oldest first. A request follows the first script that applies to it.
#[derive(Debug)]
pub(crate) struct ScriptQueue {
    entries: Mutex<Entries>,
    offered: Offered,
    seed: u64,
    /// The scripts of the builder, which a reset restores.
    initial: Vec<Script>,
}

#[derive(Debug)]
struct Entries {
    last_id: u64,
    random: fastrand::Rng,
    scripts: VecDeque<ActiveScript>,
}

/// A script in the queue.
#[derive(Debug, Clone)]
pub(crate) struct ActiveScript {
    pub(crate) id: u64,
    pub(crate) script: Script,
    /// How many more requests the script applies to; `u64::MAX` stands for all.
    pub(crate) remaining: u64,
    /// How many requests the script has applied to.
    pub(crate) hits: Arc<AtomicU64>,
}

impl ScriptQueue {
    /// A queue with the scripts of the builder. Its draws follow `seed`.
    pub(crate) fn new(
        offered: Offered,
        seed: Option<u64>,
        initial: Vec<Script>,
    ) -> Result<Self, ScriptError> {
        let seed = seed.unwrap_or_else(|| fastrand::u64(..));
        let queue = Self { entries: Mutex::new(Entries::new(seed)), offered, seed, initial: Vec::new() };
        for script in &initial {
            queue.add(script.clone())?;
        }
        Ok(Self { initial, ..queue })
    }

    /// Adds a script and returns its id and its hit counter.
    pub(crate) fn add(&self, script: Script) -> Result<(u64, Arc<AtomicU64>), ScriptError> {
        if let Some(fault) = &script.behaviour.fault {
            fault.check(self.offered)?;
        }
        self.entries().add(script)
    }

    /// Takes the behaviour of the first script that applies to the request, and removes the script if it is
    /// now used up.
    pub(crate) fn follow(&self, asked: Asked<'_>) -> Option<Behaviour> {
        let Entries { random, scripts, .. } = &mut *self.entries();
        let index = scripts.iter().position(|it| {
            it.script.operation == asked.operation
                && it.script.matching.accepts(&asked)
                // Only a script that leaves it to chance draws.
                && (it.script.probability >= 1.0 || random.f64() < it.script.probability)
        })?;
        let active = &mut scripts[index];
        active.hits.fetch_add(1, Relaxed);
        if active.remaining < u64::MAX {
            active.remaining -= 1;
        }
        if active.remaining > 0 {
            return Some(active.script.behaviour.clone());
        }
        scripts.remove(index).map(|active| active.script.behaviour)
    }

    pub(crate) fn list(&self) -> Vec<ActiveScript> {
        self.entries().scripts.iter().cloned().collect()
    }

    /// Removes a script, and returns whether the queue held it.
    pub(crate) fn remove(&self, id: u64) -> bool {
        let mut entries = self.entries();
        let before = entries.scripts.len();
        entries.scripts.retain(|script| script.id != id);
        entries.scripts.len() < before
    }

    /// Removes the script that counts its hits in `hits`. A reset gives ids anew, so an id would not tell an
    /// older script from a newer one.
    pub(crate) fn remove_counted_by(&self, hits: &Arc<AtomicU64>) {
        self.entries().scripts.retain(|script| !Arc::ptr_eq(&script.hits, hits));
    }

    /// Removes every script. The ids of later scripts continue.
    pub(crate) fn clear(&self) {
        self.entries().scripts.clear();
    }

    /// Restores the scripts of the builder, the draws and the ids.
    pub(crate) fn reset(&self) {
        let mut restored = Entries::new(self.seed);
        for script in &self.initial {
            // They fitted into the empty queue at the start.
            let _ = restored.add(script.clone());
        }
        *self.entries() = restored;
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entries {
    fn new(seed: u64) -> Self {
        Self { last_id: 0, random: fastrand::Rng::with_seed(seed), scripts: VecDeque::new() }
    }

    fn add(&mut self, script: Script) -> Result<(u64, Arc<AtomicU64>), ScriptError> {
        if self.scripts.len() >= MAX_SCRIPTS {
            return Err(ScriptError::TooMany { limit: MAX_SCRIPTS });
        }
        self.last_id += 1;
        let (id, hits) = (self.last_id, Arc::new(AtomicU64::new(0)));
        if script.times > 0 {
            let active = ActiveScript { id, remaining: script.times, hits: Arc::clone(&hits), script };
            self.scripts.push_back(active);
        }
        Ok((id, hits))
    }
}

/// How many scripts the queue holds at most.
pub(crate) const MAX_SCRIPTS: usize = 256;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::HeaderMap;

    use super::*;
    use crate::operation::Operation;

    const OPERATION: Operation = Operation::GetDelegateAccessToken;

    #[test]
    fn the_first_matching_script_applies_as_often_as_it_says() {
        let scripts = queue(None);
        scripts.add(script(Operation::DeleteTokenCache, 1, 9)).unwrap();
        let (_, hits) = scripts.add(script(OPERATION, 2, 1)).unwrap();
        scripts.add(script(OPERATION, 1, 2)).unwrap();
        let delays: Vec<_> = (0..4).map(|_| follow(&scripts)).collect();
        assert_eq!(delays, [Some(1), Some(1), Some(2), None]);
        assert_eq!(hits.load(Relaxed), 2);
        assert_eq!(scripts.list().len(), 1);
    }

    #[test]
    fn the_queue_is_bounded_and_a_script_for_zero_requests_is_not_queued() {
        let scripts = queue(None);
        scripts.add(script(OPERATION, 0, 0)).unwrap();
        for _ in 0..MAX_SCRIPTS {
            scripts.add(script(OPERATION, 1, 0)).unwrap();
        }
        assert_eq!(
            scripts.add(script(OPERATION, 1, 0)).unwrap_err(),
            ScriptError::TooMany { limit: MAX_SCRIPTS }
        );
        assert_eq!(scripts.list().len(), MAX_SCRIPTS);
        follow(&scripts).unwrap();
        assert!(scripts.add(script(OPERATION, 1, 0)).is_ok());
    }

    #[test]
    fn the_same_seed_draws_the_same_requests_and_a_reset_repeats_them() {
        let draws = |seed| {
            let scripts = queue(Some(seed));
            let mut runs = [(); 2].map(|()| {
                scripts.reset();
                scripts.add(Script { probability: 0.5, ..script(OPERATION, 40, 1) }).unwrap();
                (0..64).map(|_| follow(&scripts).is_some()).collect::<Vec<_>>()
            });
            assert_eq!(runs[0], runs[1]);
            std::mem::take(&mut runs[0])
        };
        let drawn = draws(7);
        assert_eq!(drawn, draws(7));
        assert_ne!(drawn, draws(8));
        assert!(drawn.contains(&true) && drawn.contains(&false));
        let never = queue(None);
        never.add(Script { probability: 0.0, ..script(OPERATION, 1, 1) }).unwrap();
        assert!((0..64).all(|_| follow(&never).is_none()));
    }

    #[test]
    fn a_request_that_a_script_does_not_match_follows_a_later_one() {
        let scripts = queue(None);
        let mut first = script(OPERATION, 1, 1);
        first.matching.user = Some("someone@example.com".to_owned());
        scripts.add(first).unwrap();
        scripts.add(script(OPERATION, 1, 2)).unwrap();
        assert_eq!(follow(&scripts), Some(2));
        assert_eq!(scripts.list().len(), 1);
    }

    #[test]
    fn a_reset_restores_the_scripts_of_the_builder_alone() {
        let initial = vec![script(OPERATION, 1, 1)];
        let scripts = ScriptQueue::new(Offered::default(), None, initial).unwrap();
        assert_eq!(follow(&scripts), Some(1));
        scripts.add(script(OPERATION, 1, 2)).unwrap();
        scripts.reset();
        assert_eq!([follow(&scripts), follow(&scripts)], [Some(1), None]);
        scripts.clear();
        assert_eq!(follow(&scripts), None);
    }

    #[test]
    fn a_reset_gives_ids_from_the_start_and_a_removal_lets_them_continue() {
        let initial = vec![script(OPERATION, 9, 1)];
        let scripts = ScriptQueue::new(Offered::default(), None, initial).unwrap();
        let add = || scripts.add(script(OPERATION, 1, 2)).unwrap();
        assert_eq!(add().0, 2);
        scripts.clear();
        let (id, older) = add();
        assert_eq!(id, 3);
        scripts.reset();
        assert_eq!(scripts.list()[0].id, 1);
        let (id, newer) = add();
        assert_eq!(id, 2);
        scripts.remove_counted_by(&older);
        assert_eq!(scripts.list().len(), 2, "an older script is not taken for a newer one");
        scripts.remove_counted_by(&newer);
        assert_eq!(scripts.list().len(), 1);
    }

    fn queue(seed: Option<u64>) -> ScriptQueue {
        ScriptQueue::new(Offered::default(), seed, Vec::new()).unwrap()
    }

    /// The delay of the script that the next request follows, in seconds.
    fn follow(scripts: &ScriptQueue) -> Option<u64> {
        let asked = Asked { operation: OPERATION, headers: &HeaderMap::new(), body: b"" };
        scripts.follow(asked).map(|it| it.delay.as_secs())
    }

    fn script(operation: Operation, times: u64, delay: u64) -> Script {
        let mut script = Script::new(operation);
        script.times = times;
        script.behaviour.delay = Duration::from_secs(delay);
        script
    }
}
