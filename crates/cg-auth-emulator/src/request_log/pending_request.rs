//! [`PendingRequest`]: a request in the log that has no answer yet.

use std::sync::Arc;

use http::StatusCode;

use super::{
    connection_number::ConnectionNumber, log::RequestLog, recorded_request::RecordedRequest,
    stopwatch::Stopwatch,
};
use crate::{digest::Issued, operation::Operation};

/// A request that is being answered. Dropping it without [`answered`](Self::answered) records that the
/// request was abandoned.
#[derive(Debug)]
pub(crate) struct PendingRequest {
    log: Arc<RequestLog>,
    request: RecordedRequest,
    stopwatch: Stopwatch,
}

impl PendingRequest {
    /// Records and counts a request that has been read. `stopwatch` runs since its head arrived.
    pub(crate) fn begin(
        log: Arc<RequestLog>,
        mut request: RecordedRequest,
        connection: &ConnectionNumber,
        stopwatch: Stopwatch,
    ) -> Self {
        log.begin(&mut request, connection);
        Self { log, request, stopwatch }
    }

    pub(crate) const fn operation(&self) -> Operation {
        self.request.operation()
    }

    /// Records that the request follows a script.
    pub(crate) const fn scripted(&mut self) {
        self.request.scripted = true;
    }

    /// Records which tokens the service has issued for the request.
    pub(crate) fn issued(&mut self, issued: &Issued) {
        self.request.issued.clone_from(issued);
    }

    /// Records the status of the answer.
    pub(crate) fn answered(mut self, status: StatusCode) {
        self.request.status = Some(status);
    }
}

impl Drop for PendingRequest {
    fn drop(&mut self) {
        self.request.elapsed = Some(self.stopwatch.elapsed());
        self.log.finish(&self.request);
    }
}
