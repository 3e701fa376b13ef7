//! [`ScriptQueue`]: the active scripts.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use super::{
    active_script::ActiveScript,
    behaviour::Behaviour,
    fault::Offered,
    request_match::Asked,
    script::Script,
    script_error::ScriptError,
    summary::{ScriptState, ScriptSummary},
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
    /// The newest [`MAX_ENDED`] scripts that were used up or removed.
    ended: VecDeque<ScriptSummary>,
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
        script.check()?;
        script.check_offered(self.offered)?;
        self.entries().add(script)
    }

    /// Takes the behaviour of the first script that applies to the request, and removes the script if it is
    /// now used up.
    pub(crate) fn follow(&self, asked: Asked<'_>) -> Option<Behaviour> {
        let mut entries = self.entries();
        let Entries { random, scripts, .. } = &mut *entries;
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
        let used_up = scripts.remove(index)?;
        entries.end(&used_up, ScriptState::UsedUp);
        Some(used_up.script.behaviour)
    }

    /// The active scripts, oldest first.
    pub(crate) fn list(&self) -> Vec<ScriptSummary> {
        let summary = |active| ScriptSummary::new(active, ScriptState::Active);
        self.entries().scripts.iter().map(summary).collect()
    }

    /// The script with this id, which is active or one of the newest that ended.
    pub(crate) fn find(&self, id: u64) -> Option<ScriptSummary> {
        let entries = self.entries();
        let active = entries.scripts.iter().find(|script| script.id == id);
        let active = active.map(|script| ScriptSummary::new(script, ScriptState::Active));
        active.or_else(|| entries.ended.iter().find(|script| script.id == id).cloned())
    }

    pub(crate) fn len(&self) -> usize {
        self.entries().scripts.len()
    }

    /// Removes a script, and returns whether the queue held it.
    pub(crate) fn remove(&self, id: u64) -> bool {
        self.entries().remove(|script| script.id == id)
    }

    /// Removes the script that counts its hits in `hits`. A reset gives ids anew, so an id would not tell an
    /// older script from a newer one.
    pub(crate) fn remove_counted_by(&self, hits: &Arc<AtomicU64>) {
        self.entries().remove(|script| Arc::ptr_eq(&script.hits, hits));
    }

    /// Removes every script. The ids of later scripts continue.
    pub(crate) fn clear(&self) {
        let mut entries = self.entries();
        for removed in std::mem::take(&mut entries.scripts) {
            entries.end(&removed, ScriptState::Removed);
        }
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
        let random = fastrand::Rng::with_seed(seed);
        Self { last_id: 0, random, scripts: VecDeque::new(), ended: VecDeque::new() }
    }

    fn add(&mut self, script: Script) -> Result<(u64, Arc<AtomicU64>), ScriptError> {
        if self.scripts.len() >= MAX_SCRIPTS {
            return Err(ScriptError::TooMany { limit: MAX_SCRIPTS });
        }
        self.last_id += 1;
        let (id, hits) = (self.last_id, Arc::new(AtomicU64::new(0)));
        let active = ActiveScript { id, remaining: script.times, hits: Arc::clone(&hits), script };
        self.scripts.push_back(active);
        Ok((id, hits))
    }

    /// Removes the first script that is `wanted`, and returns whether there was one.
    fn remove(&mut self, wanted: impl FnMut(&ActiveScript) -> bool) -> bool {
        let removed = self.scripts.iter().position(wanted).and_then(|index| self.scripts.remove(index));
        if let Some(removed) = &removed {
            self.end(removed, ScriptState::Removed);
        }
        removed.is_some()
    }

    /// Remembers a script that applies to no further request.
    fn end(&mut self, script: &ActiveScript, state: ScriptState) {
        if self.ended.len() == MAX_ENDED {
            self.ended.pop_front();
        }
        self.ended.push_back(ScriptSummary::new(script, state));
    }
}

/// How many scripts that ended the queue remembers.
pub(crate) const MAX_ENDED: usize = 256;
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
        assert_eq!(scripts.len(), 1);
    }

    #[test]
    fn the_queue_is_bounded_and_refuses_what_can_never_apply() {
        let scripts = queue(None);
        for unusable in [
            script(OPERATION, 0, 0),
            Script { probability: 0.0, ..script(OPERATION, 1, 0) },
            Script { probability: f64::NAN, ..script(OPERATION, 1, 0) },
            script(OPERATION, 1, 86_401),
        ] {
            assert!(matches!(scripts.add(unusable), Err(ScriptError::Member { .. })));
        }
        for _ in 0..MAX_SCRIPTS {
            scripts.add(script(OPERATION, 1, 0)).unwrap();
        }
        assert_eq!(
            scripts.add(script(OPERATION, 1, 0)).unwrap_err(),
            ScriptError::TooMany { limit: MAX_SCRIPTS }
        );
        assert_eq!(scripts.len(), MAX_SCRIPTS);
        follow(&scripts).unwrap();
        assert!(scripts.add(script(OPERATION, 1, 0)).is_ok());
    }

    #[test]
    fn the_newest_scripts_that_ended_are_remembered_until_a_reset() {
        let scripts = queue(None);
        let shown = |id| scripts.find(id).map(|it| serde_json::to_value(it).unwrap());
        let (used_up, _) = scripts.add(script(OPERATION, 2, 0)).unwrap();
        assert!(follow(&scripts).is_some() && follow(&scripts).is_some());
        let (removed, _) = scripts.add(script(OPERATION, 2, 0)).unwrap();
        assert!(follow(&scripts).is_some() && scripts.remove(removed) && !scripts.remove(removed));
        let (active, _) = scripts.add(script(OPERATION, 1, 0)).unwrap();
        for (id, state, hits, remaining) in
            [(used_up, "used_up", 2, 0), (removed, "removed", 1, 1), (active, "active", 0, 1)]
        {
            let shown = shown(id).unwrap();
            assert_eq!(
                (&shown["state"], &shown["hits"], &shown["remaining"]),
                (&state.into(), &hits.into(), &remaining.into())
            );
        }
        for _ in 1..MAX_ENDED {
            let (id, _) = scripts.add(script(OPERATION, 1, 0)).unwrap();
            scripts.remove(id);
        }
        assert!(shown(used_up).is_none() && shown(removed).is_some());
        scripts.clear();
        assert!(shown(removed).is_none() && shown(active).unwrap()["state"] == "removed");
        scripts.reset();
        assert!(shown(active).is_none());
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
    }

    #[test]
    fn a_request_that_a_script_does_not_match_follows_a_later_one() {
        let scripts = queue(None);
        let mut first = script(OPERATION, 1, 1);
        first.matching.user = Some("someone@example.com".to_owned());
        scripts.add(first).unwrap();
        scripts.add(script(OPERATION, 1, 2)).unwrap();
        assert_eq!(follow(&scripts), Some(2));
        assert_eq!(scripts.len(), 1);
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
