//! The log together with its pending requests.

use std::{sync::Arc, time::SystemTime};

use cg_auth_core::time::Now;
use http::{Request, StatusCode};

use super::{log::MAX_REQUESTS, *};
use crate::operation::Operation;

#[test]
fn the_log_keeps_the_newest_requests_and_counts_all() {
    let log = Arc::new(RequestLog::new(None));
    let early = begin(&log);
    for _ in 0..MAX_REQUESTS {
        begin(&log).answered(StatusCode::OK);
    }
    early.answered(StatusCode::OK);
    let requests = log.requests();
    assert_eq!((requests.len(), log.forgotten()), (MAX_REQUESTS, 1));
    assert_eq!(log.count(Operation::ProtectedResource), MAX_REQUESTS as u64 + 1);
    assert!(requests.iter().all(|request| request.status().is_some()));
    assert_eq!(requests[0].number(), 2);
}

#[test]
fn an_abandoned_request_has_no_status_and_a_cleared_one_is_not_recorded_again() {
    let log = Arc::new(RequestLog::new(None));
    let pending = begin(&log);
    assert_eq!(log.requests()[0].elapsed(), None);
    drop(pending);
    assert!(log.requests()[0].elapsed().is_some() && log.requests()[0].status().is_none());

    let pending = begin(&log);
    log.clear();
    let next = begin(&log);
    pending.answered(StatusCode::OK);
    assert_eq!(log.requests()[0].status(), None);
    next.answered(StatusCode::OK);
    assert_eq!((log.requests()[0].number(), log.count(Operation::ProtectedResource)), (3, 1));
}

fn begin(log: &Arc<RequestLog>) -> PendingRequest {
    let head = Request::get("/me").body(()).unwrap().into_parts().0;
    let request = RecordedRequest::new(
        &head,
        Origin { connection: 1, alpn: None },
        SystemTime::UNIX_EPOCH,
        HeaderValues::Safe,
    );
    PendingRequest::begin(Arc::clone(log), request, Now::system())
}
