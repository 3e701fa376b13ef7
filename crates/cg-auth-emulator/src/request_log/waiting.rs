//! Waiting for requests, in programs with any runtime and in those with none.

use std::{future::Future, sync::Arc, sync::mpsc, time::Duration};

use tokio::{runtime::Handle, sync::oneshot, time::timeout};

use crate::{operation::Operation, request_log::RequestLog};

/// What was waited for did not happen in time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{seen} of {wanted} requests for {operation} arrived within {within:?}")]
#[non_exhaustive]
pub struct WaitTimedOut {
    /// The operation that was waited for.
    pub operation: Operation,
    /// How many requests were waited for.
    pub wanted: u64,
    /// How many there were.
    pub seen: u64,
    /// How long it was waited.
    pub within: Duration,
}

/// A wish for requests.
pub(crate) struct Wish {
    pub(crate) operation: Operation,
    pub(crate) wanted: u64,
    pub(crate) within: Duration,
}

impl Wish {
    /// Waits on any executor: the timer is one of `runtime`'s.
    pub(crate) async fn wait(self, runtime: &Handle, log: &Arc<RequestLog>) -> Result<(), WaitTimedOut> {
        let (mut tell, told) = oneshot::channel();
        let (fulfilled, within) = (self.fulfilled(log), self.within);
        runtime.spawn(async move {
            tokio::select! {
                result = timeout(within, fulfilled) => drop(tell.send(result.is_ok())),
                () = tell.closed() => {}
            }
        });
        self.judge(told.await.unwrap_or(false), log)
    }

    /// Waits by blocking the thread.
    pub(crate) fn wait_blocking(self, runtime: &Handle, log: &Arc<RequestLog>) -> Result<(), WaitTimedOut> {
        let (tell, told) = mpsc::channel();
        let (fulfilled, within) = (self.fulfilled(log), self.within);
        runtime.spawn(async move {
            let _ = tell.send(timeout(within, fulfilled).await.is_ok());
        });
        self.judge(told.recv().unwrap_or(false), log)
    }

    fn fulfilled(&self, log: &Arc<RequestLog>) -> impl Future<Output = ()> + Send + use<> {
        let (log, operation, wanted) = (Arc::clone(log), self.operation, self.wanted);
        async move { log.reached(operation, wanted).await }
    }

    fn judge(self, fulfilled: bool, log: &RequestLog) -> Result<(), WaitTimedOut> {
        let Self { operation, wanted, within } = self;
        if fulfilled {
            Ok(())
        } else {
            Err(WaitTimedOut { operation, wanted, seen: log.count(operation), within })
        }
    }
}
