//! [`RetryObserver`]: is told of each retry before the client waits for it.

use std::{fmt, sync::Arc, time::Duration};

use super::CallError;

/// A function that is called with the error of the failed attempt, and how long the client waits now.
#[derive(Clone)]
pub(super) struct RetryObserver(Arc<Observe>);

type Observe = dyn Fn(&CallError, Duration) + Send + Sync;

impl RetryObserver {
    pub(super) fn new(observer: impl Fn(&CallError, Duration) + Send + Sync + 'static) -> Self {
        Self(Arc::new(observer))
    }

    pub(super) fn notify(&self, error: &CallError, wait: Duration) {
        (self.0)(error, wait);
    }
}

impl fmt::Debug for RetryObserver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RetryObserver")
    }
}
