//! `/_emulator/requests`: the recorded requests and their counts.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{
    operation::Operation,
    request_log::{RecordedRequest, RequestLog},
};

#[derive(Serialize)]
pub(super) struct RequestList {
    counts: BTreeMap<&'static str, u64>,
    forgotten: u64,
    requests: Vec<Row>,
}

/// One [`RecordedRequest`] as JSON.
#[derive(Serialize)]
struct Row {
    number: u64,
    operation: &'static str,
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    status: Option<u16>,
    received_at: String,
    elapsed_seconds: Option<f64>,
    connection: u64,
    http_version: String,
    alpn: Option<String>,
    scripted: bool,
}

pub(super) fn list(log: &RequestLog) -> RequestList {
    let counts = Operation::ALL.iter().map(|operation| (operation.as_str(), log.count(*operation)));
    RequestList {
        counts: counts.collect(),
        forgotten: log.forgotten(),
        requests: log.requests().iter().map(Row::new).collect(),
    }
}

impl Row {
    fn new(request: &RecordedRequest) -> Self {
        Self {
            number: request.number(),
            operation: request.operation().as_str(),
            method: request.method().to_owned(),
            path: request.path().to_owned(),
            headers: request.headers().to_vec(),
            status: request.status().map(|status| status.as_u16()),
            received_at: humantime::format_rfc3339_millis(request.received_at()).to_string(),
            elapsed_seconds: request.elapsed().map(|elapsed| elapsed.as_secs_f64()),
            connection: request.connection(),
            http_version: format!("{:?}", request.http_version()),
            alpn: request.alpn().map(ToOwned::to_owned),
            scripted: request.is_scripted(),
        }
    }
}
