//! [`ScriptGuard`]: counts a script's hits and removes the script.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use super::{queue::ScriptQueue, script::Script, script_error::ScriptError};

/// An active script. Dropping the guard removes the script, even if it is not used up.
///
/// A request that is already waiting for the script's delay still follows the script.
#[derive(Debug)]
#[must_use = "dropping the guard removes the script; `keep()` keeps it active"]
pub struct ScriptGuard {
    scripts: Arc<ScriptQueue>,
    id: u64,
    hits: Arc<AtomicU64>,
}

impl ScriptGuard {
    /// Adds the script to the queue.
    pub(crate) fn add(scripts: Arc<ScriptQueue>, script: Script) -> Result<Self, ScriptError> {
        let (id, hits) = scripts.add(script)?;
        Ok(Self { scripts, id, hits })
    }

    /// How many requests have followed the script.
    #[must_use]
    pub fn hits(&self) -> u64 {
        self.hits.load(Relaxed)
    }

    /// Keeps the script active until it is used up, or until [`Emulator::reset`](crate::Emulator::reset).
    pub fn keep(mut self) {
        // Ids begin at 1, so the drop removes nothing.
        self.id = 0;
    }
}

impl Drop for ScriptGuard {
    fn drop(&mut self) {
        self.scripts.remove(self.id);
    }
}
