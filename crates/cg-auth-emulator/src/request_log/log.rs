//! [`RequestLog`]: the newest requests, and how many there were of each operation.

use std::{
    collections::VecDeque,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use cg_auth_core::time::Now;
use http::StatusCode;
use tokio::sync::Notify;

use crate::{operation::Operation, recorded_request::RecordedRequest};

/// Told of every request when it has been answered or given up.
#[derive(Clone)]
pub(crate) struct Observer(pub(crate) Arc<dyn Fn(&RecordedRequest) + Send + Sync>);

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer")
    }
}

/// What was received. The newest [`REMEMBERED`] requests are kept, and all are counted.
#[derive(Debug)]
pub(crate) struct RequestLog {
    log: Mutex<Log>,
    arrival: Notify,
    observer: Option<Observer>,
}

#[derive(Debug, Default)]
struct Log {
    requests: VecDeque<RecordedRequest>,
    counts: [u64; Operation::ALL.len()],
    forgotten: u64,
    last_number: u64,
}

impl RequestLog {
    pub(crate) fn new(observer: Option<Observer>) -> Self {
        Self { log: Mutex::default(), arrival: Notify::new(), observer }
    }

    /// Records and counts a request that has been read. `since` is when its head was.
    pub(crate) fn begin(self: &Arc<Self>, mut request: RecordedRequest, since: Now) -> Pending {
        let mut log = self.log();
        log.last_number += 1;
        request.number = log.last_number;
        log.counts[place(request.operation())] += 1;
        if log.requests.len() == REMEMBERED {
            log.requests.pop_front();
            log.forgotten += 1;
        }
        log.requests.push_back(request.clone());
        drop(log);
        self.arrival.notify_waiters();
        Pending { log: Arc::clone(self), request, since }
    }

    pub(crate) fn requests(&self) -> Vec<RecordedRequest> {
        self.log().requests.iter().cloned().collect()
    }

    /// How many requests are counted but no longer kept.
    pub(crate) fn forgotten(&self) -> u64 {
        self.log().forgotten
    }

    pub(crate) fn count(&self, operation: Operation) -> u64 {
        self.log().counts[place(operation)]
    }

    /// Forgets what was received. The numbering goes on.
    pub(crate) fn clear(&self) {
        let mut log = self.log();
        *log = Log { last_number: log.last_number, ..Log::default() };
    }

    /// Waits until `n` requests for `operation` have been counted.
    pub(crate) async fn reached(&self, operation: Operation, n: u64) {
        loop {
            // Made before the count is read, so that no arrival is missed in between.
            let arrival = self.arrival.notified();
            if self.count(operation) >= n {
                return;
            }
            arrival.await;
        }
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request that is being answered. If it is dropped before [`answered`](Self::answered), the request was
/// given up.
#[derive(Debug)]
pub(crate) struct Pending {
    log: Arc<RequestLog>,
    request: RecordedRequest,
    since: Now,
}

impl Pending {
    pub(crate) fn operation(&self) -> Operation {
        self.request.operation()
    }

    pub(crate) fn scripted(&mut self) {
        self.request.scripted = true;
    }

    pub(crate) fn answered(mut self, status: StatusCode) {
        self.request.status = Some(status);
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        let elapsed: Duration = Now::system().saturating_since(self.since);
        self.request.elapsed = Some(elapsed);
        let mut log = self.log.log();
        let oldest = log.requests.front().map_or(0, |request| request.number);
        let place = self.request.number.checked_sub(oldest).and_then(|place| usize::try_from(place).ok());
        if let Some(kept) = place.and_then(|place| log.requests.get_mut(place)) {
            kept.clone_from(&self.request);
        }
        drop(log);
        if let Some(Observer(observer)) = &self.log.observer {
            observer(&self.request);
        }
    }
}

/// Where an operation is counted.
fn place(operation: Operation) -> usize {
    Operation::ALL.iter().position(|it| *it == operation).unwrap_or(0)
}

/// How many requests are kept.
pub(crate) const REMEMBERED: usize = 1024;

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use http::Request;

    use super::*;
    use crate::recorded_request::Origin;

    #[test]
    fn only_the_newest_are_kept_and_all_are_counted() {
        let log = Arc::new(RequestLog::new(None));
        let early = log.begin(request(), Now::system());
        for _ in 0..REMEMBERED {
            log.begin(request(), Now::system()).answered(StatusCode::OK);
        }
        early.answered(StatusCode::OK);
        let requests = log.requests();
        assert_eq!((requests.len(), log.forgotten()), (REMEMBERED, 1));
        assert_eq!(log.count(Operation::ProtectedResource), REMEMBERED as u64 + 1);
        assert!(requests.iter().all(|request| request.status().is_some()));
        assert_eq!(requests[0].number(), 2);
    }

    #[test]
    fn one_that_is_given_up_or_outlives_a_reset_leaves_no_status() {
        let log = Arc::new(RequestLog::new(None));
        let pending = log.begin(request(), Now::system());
        assert_eq!(log.requests()[0].elapsed(), None);
        drop(pending);
        assert!(log.requests()[0].elapsed().is_some() && log.requests()[0].status().is_none());

        let pending = log.begin(request(), Now::system());
        log.clear();
        let next = log.begin(request(), Now::system());
        pending.answered(StatusCode::OK);
        assert_eq!(log.requests()[0].status(), None);
        next.answered(StatusCode::OK);
        assert_eq!((log.requests()[0].number(), log.count(Operation::ProtectedResource)), (3, 1));
    }

    fn request() -> RecordedRequest {
        let head = Request::get("/me").body(()).unwrap().into_parts().0;
        RecordedRequest::new(&head, Origin { connection: 1, alpn: None }, SystemTime::UNIX_EPOCH)
    }
}
