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
    hits: Arc<AtomicU64>,
    is_kept: bool,
}

impl ScriptGuard {
    /// Adds the script to the queue.
    pub(crate) fn add(scripts: Arc<ScriptQueue>, script: Script) -> Result<Self, ScriptError> {
        let (_, hits) = scripts.add(script)?;
        Ok(Self { scripts, hits, is_kept: false })
    }

    /// How many requests have followed the script.
    #[must_use]
    pub fn hits(&self) -> u64 {
        self.hits.load(Relaxed)
    }

    /// Keeps the script active until it is used up, or until [`Emulator::reset`](crate::Emulator::reset).
    pub fn keep(mut self) {
        self.is_kept = true;
    }
}

impl Drop for ScriptGuard {
    fn drop(&mut self) {
        if !self.is_kept {
            self.scripts.remove_counted_by(&self.hits);
        }
    }
}
