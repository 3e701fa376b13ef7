//! [`Subject`]: the store that the suite tries.

use std::{sync::Arc, time::Duration};

use cg_auth_core::{
    time::{BoxFuture, Runtime, ThreadRuntime},
    token::store::{StoreEntry, TokenStore},
};

/// A store, as the suite needs it. Cases may run at once: each uses an entry of its own.
pub trait Subject: Send + Sync + 'static {
    /// Another handle of the same store, as another process would have it.
    fn store(&self) -> Arc<dyn TokenStore>;

    /// Lets `duration` pass by the clock of the store. The default waits for it.
    fn pass(&self, duration: Duration) -> BoxFuture<'_, ()> {
        ThreadRuntime::new().sleep(duration)
    }

    /// Whether [`pass`](Self::pass) only moves a clock, so that hours can pass.
    fn has_manual_clock(&self) -> bool {
        false
    }

    /// Makes the token of `entry` unreadable, and returns whether it can do so. The default cannot.
    fn damage<'a>(&'a self, entry: &'a StoreEntry) -> BoxFuture<'a, bool> {
        let _ = entry;
        Box::pin(async { false })
    }

    /// Lets the store stand still until it [thaws](Self::thaw), so that operations wait and happen later, and returns
    /// whether it can do so. The default cannot.
    fn freeze(&self) -> BoxFuture<'_, bool> {
        Box::pin(async { false })
    }

    /// Lets the store go on.
    fn thaw(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }

    /// When an operation has failed that gets no answer. The default is the half second that a provider waits.
    fn operation_limit(&self) -> Duration {
        Duration::from_millis(500)
    }

    /// Runs a case to its end. The default runs it without a runtime; a store that needs one enters it here.
    fn block_on(&self, case: BoxFuture<'_, ()>) {
        ThreadRuntime::block_on(case);
    }
}
