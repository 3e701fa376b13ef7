//! [`RequestCount`] and [`WaitTimedOut`]: how a caller waits for requests, on any runtime or on none.

use std::{
    future::Future,
    sync::{Arc, mpsc},
    time::Duration,
};

use tokio::{runtime::Handle, sync::oneshot, time::timeout};

use super::{
    filter::RequestFilter,
    log::{MAX_WAITS, RequestLog},
};
use crate::operation::Operation;

/// Too few requests arrived in time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{seen} of {wanted} requests{} arrived within {within:?}", of(.operation, .user))]
#[non_exhaustive]
pub struct WaitTimedOut {
    /// The operation that the caller waited for; `None` for any.
    pub operation: Option<Operation>,
    /// The user that the caller waited for, in lower case; `None` for any.
    pub user: Option<String>,
    /// How many requests the caller waited for.
    pub wanted: u64,
    /// How many requests arrived.
    pub seen: u64,
    /// How long the caller waited.
    pub within: Duration,
}

fn of(operation: &Option<Operation>, user: &Option<String>) -> String {
    let operation = operation.map(|it| format!(" for {it}")).unwrap_or_default();
    operation + &user.as_ref().map(|it| format!(" of {it}")).unwrap_or_default()
}

/// Why a wait over HTTP has no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum WaitRefused {
    #[error(transparent)]
    TimedOut(WaitTimedOut),
    #[error("{MAX_WAITS} requests wait already; end one first")]
    TooMany,
    #[error("the emulator shuts down")]
    ShuttingDown,
}

/// The number of requests that a caller waits for.
#[derive(Debug)]
pub(crate) struct RequestCount {
    pub(crate) filter: RequestFilter,
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

    /// Waits on the emulator's own runtime, as one of at most [`MAX_WAITS`], until the emulator shuts down.
    pub(crate) async fn wait_inside(self, log: &Arc<RequestLog>) -> Result<(), WaitRefused> {
        let _permit = log.waits.try_acquire().map_err(|_| WaitRefused::TooMany)?;
        let (reached, mut closed) = (self.reached(log), log.closed.subscribe());
        let is_reached = tokio::select! {
            biased;
            result = timeout(self.within, reached) => result.is_ok(),
            _ = closed.wait_for(|closed| *closed) => return Err(WaitRefused::ShuttingDown),
        };
        self.result(is_reached, log).map_err(WaitRefused::TimedOut)
    }

    fn reached(&self, log: &Arc<RequestLog>) -> impl Future<Output = ()> + Send + use<> {
        let (log, filter, wanted) = (Arc::clone(log), self.filter.clone(), self.wanted);
        async move { log.wait_for_count(&filter, wanted).await }
    }

    fn result(self, is_reached: bool, log: &RequestLog) -> Result<(), WaitTimedOut> {
        let Self { filter, wanted, within } = self;
        if is_reached {
            return Ok(());
        }
        let seen = log.count_matching(&filter);
        Err(WaitTimedOut { operation: filter.operation, user: filter.user, wanted, seen, within })
    }
}
