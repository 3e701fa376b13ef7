//! The log together with its pending requests.

use std::{sync::Arc, time::SystemTime};

use http::{Request, StatusCode};

use super::*;
use crate::{clock::EmulatorClock, operation::Operation};

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

#[test]
fn a_reset_numbers_requests_and_connections_anew_and_a_removal_lets_the_numbers_continue() {
    let log = Arc::new(RequestLog::new(None));
    let (open, another) = (ConnectionNumber::default(), ConnectionNumber::default());
    let numbers = || {
        let requests = log.requests();
        requests.iter().map(|it| (it.number(), it.connection())).collect::<Vec<_>>()
    };
    drop([begin_on(&log, &another), begin_on(&log, &open), begin_on(&log, &open)]);
    assert_eq!(numbers(), [(1, 1), (2, 2), (3, 2)]);
    log.clear();
    drop([begin_on(&log, &another), begin(&log)]);
    assert_eq!(numbers(), [(4, 1), (5, 3)]);
    log.reset();
    drop([begin_on(&log, &open), begin_on(&log, &another)]);
    assert_eq!(numbers(), [(1, 1), (2, 2)]);
}

#[test]
fn a_request_that_ends_after_a_reset_does_not_replace_the_one_with_its_number() {
    let log = Arc::new(RequestLog::new(None));
    let pending = begin(&log);
    log.reset();
    let next = begin(&log);
    pending.answered(StatusCode::OK);
    assert_eq!((log.requests()[0].number(), log.requests()[0].status()), (1, None));
    next.answered(StatusCode::NOT_FOUND);
    assert_eq!(log.requests()[0].status(), Some(StatusCode::NOT_FOUND));
}

fn begin(log: &Arc<RequestLog>) -> PendingRequest {
    begin_on(log, &ConnectionNumber::default())
}

fn begin_on(log: &Arc<RequestLog>, connection: &ConnectionNumber) -> PendingRequest {
    let head = Request::get("/me").body(()).unwrap().into_parts().0;
    let request = RecordedRequest::new(&head, None, SystemTime::UNIX_EPOCH, HeaderValues::Safe);
    let stopwatch = Stopwatch::start(&EmulatorClock::default());
    PendingRequest::begin(Arc::clone(log), request, connection, stopwatch)
}
