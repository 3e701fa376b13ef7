//! [`ActiveScript`]: a script that applies to requests.

use std::sync::{Arc, atomic::AtomicU64};

use super::script::Script;

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
