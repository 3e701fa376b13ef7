//! [`RequestCount`] and [`WaitTimedOut`]: how a caller waits for requests, on any runtime or on none.

use std::{
    future::Future,
    sync::{Arc, mpsc},
    time::Duration,
};

use tokio::{runtime::Handle, sync::oneshot, time::timeout};

use super::log::RequestLog;
use crate::operation::Operation;

/// Too few requests arrived in time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{seen} of {wanted} requests for {operation} arrived within {within:?}")]
#[non_exhaustive]
pub struct WaitTimedOut {
    /// The operation that the caller waited for.
    pub operation: Operation,
    /// How many requests the caller waited for.
    pub wanted: u64,
    /// How many requests arrived.
    pub seen: u64,
    /// How long the caller waited.
    pub within: Duration,
}

/// The number of requests for an operation that a caller waits for.
pub(crate) struct RequestCount {
    pub(crate) operation: Operation,
    pub(crate) wanted: u64,
    pub(crate) within: Duration,
}

impl RequestCount {
    /// Waits on any executor, because the timer runs on `runtime`.
    pub(crate) async fn wait(self, runtime: &Handle, log: &Arc<RequestLog>) -> Result<(), WaitTimedOut> {
        let (mut sender, receiver) = oneshot::channel();
        let (reached, within) = (self.reached(log), self.within);
        runtime.spawn(async move {
            tokio::select! {
                result = timeout(within, reached) => drop(sender.send(result.is_ok())),
                () = sender.closed() => {}
            }
        });
        self.result(receiver.await.unwrap_or(false), log)
    }

    /// Waits by blocking the thread.
    pub(crate) fn wait_blocking(self, runtime: &Handle, log: &Arc<RequestLog>) -> Result<(), WaitTimedOut> {
        let (sender, receiver) = mpsc::channel();
        let (reached, within) = (self.reached(log), self.within);
        runtime.spawn(async move {
            let _ = sender.send(timeout(within, reached).await.is_ok());
        });
        self.result(receiver.recv().unwrap_or(false), log)
    }

    fn reached(&self, log: &Arc<RequestLog>) -> impl Future<Output = ()> + Send + use<> {
        let (log, operation, wanted) = (Arc::clone(log), self.operation, self.wanted);
        async move { log.wait_for_count(operation, wanted).await }
    }

    fn result(self, is_reached: bool, log: &RequestLog) -> Result<(), WaitTimedOut> {
        let Self { operation, wanted, within } = self;
        if is_reached {
            Ok(())
        } else {
            Err(WaitTimedOut { operation, wanted, seen: log.count(operation), within })
        }
    }
}
