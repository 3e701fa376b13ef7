//! `/_emulator/requests`: the recorded requests and their counts, and how to wait for some.

use std::{collections::BTreeMap, time::Duration};

use http::StatusCode;
use serde::Serialize;

use super::{
    error::ControlError,
    route::{Call, Reply},
};
use crate::{
    input::Members,
    operation::Operation,
    request_log::{RecordedRequest, RequestCount, RequestFilter, RequestLog},
    response,
};

#[derive(Serialize)]
pub(super) struct RequestList {
    counts: BTreeMap<&'static str, u64>,
    forgotten: u64,
    requests: Vec<Row>,
}

/// The answer to a wait.
#[derive(Serialize)]
struct Arrived {
    count: u64,
    requests: Vec<Row>,
}

/// One [`RecordedRequest`] as JSON.
#[derive(Serialize)]
struct Row {
    number: u64,
    operation: &'static str,
    method: String,
    path: String,
    user: Option<String>,
    headers: Vec<(String, String)>,
    body_length: u64,
    client_secret_digest: Option<String>,
    access_token_digest: Option<String>,
    refresh_token_digest: Option<String>,
    issued_access_token_digest: Option<String>,
    issued_refresh_token_digest: Option<String>,
    status: Option<u16>,
    received_at: String,
    elapsed_seconds: Option<f64>,
    connection: u64,
    http_version: String,
    alpn: Option<String>,
    scripted: bool,
}

pub(super) fn list(log: &RequestLog, filter: &RequestFilter) -> RequestList {
    let counts = Operation::ALL.iter().map(|operation| (operation.as_str(), log.count(*operation)));
    RequestList { counts: counts.collect(), forgotten: log.forgotten(), requests: rows(log, filter) }
}

/// The filter that a query describes.
pub(super) fn filter(query: &mut Members) -> Result<RequestFilter, ControlError> {
    let mut filter = RequestFilter::new();
    if let Some(operation) = query.choice("operation")? {
        filter = filter.operation(operation);
    }
    if let Some(user) = query.name("user")? {
        filter = filter.user(&user);
    }
    if let Some(number) = query.whole("since", 0..=u64::MAX)? {
        filter = filter.since(number);
    }
    if let Some(limit) = query.whole("limit", 0..=u64::MAX)? {
        filter = filter.limit(usize::try_from(limit).unwrap_or(usize::MAX));
    }
    Ok(filter)
}

/// Waits for `count` requests that match, 1 by default, at most `within` seconds of real time.
pub(super) fn wait(call: &mut Call<'_>) -> Result<Reply, ControlError> {
    let filter = filter(&mut call.query)?;
    let wanted = call.query.whole("count", 0..=u64::MAX)?.unwrap_or(1);
    let within = call.query.seconds("within", LONGEST_WAIT)?.unwrap_or(DEFAULT_WAIT);
    let count = RequestCount { filter, wanted, within };
    Ok(Reply::After(count, |state, filter| {
        let arrived = Arrived { count: state.log.count_matching(filter), requests: rows(&state.log, filter) };
        response::json(StatusCode::OK, &arrived)
    }))
}

fn rows(log: &RequestLog, filter: &RequestFilter) -> Vec<Row> {
    log.matching(filter).iter().map(Row::new).collect()
}

fn owned(text: Option<&str>) -> Option<String> {
    text.map(ToOwned::to_owned)
}

impl Row {
    fn new(request: &RecordedRequest) -> Self {
        Self {
            number: request.number(),
            operation: request.operation().as_str(),
            method: request.method().to_owned(),
            path: request.path().to_owned(),
            user: owned(request.user()),
            headers: request.headers().to_vec(),
            body_length: request.body_length(),
            client_secret_digest: owned(request.client_secret_digest()),
            access_token_digest: owned(request.access_token_digest()),
            refresh_token_digest: owned(request.refresh_token_digest()),
            issued_access_token_digest: owned(request.issued_access_token_digest()),
            issued_refresh_token_digest: owned(request.issued_refresh_token_digest()),
            status: request.status().map(|status| status.as_u16()),
            received_at: humantime::format_rfc3339_millis(request.received_at()).to_string(),
            elapsed_seconds: request.elapsed().map(|elapsed| elapsed.as_secs_f64()),
            connection: request.connection(),
            http_version: format!("{:?}", request.http_version()),
            alpn: owned(request.alpn()),
            scripted: request.is_scripted(),
        }
    }
}

const DEFAULT_WAIT: Duration = Duration::from_secs(10);
pub(super) const LONGEST_WAIT: Duration = Duration::from_secs(300);
