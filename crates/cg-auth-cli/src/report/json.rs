//! A failure as one JSON object on one line, for a program.

use std::collections::BTreeMap;

use cg_auth_core::{CallError, Recovery, causes::cause_chain};
use serde::Serialize;

use crate::{
    failure::{FailedCall, Failure},
    output,
    setting_error::Missing,
};

/// The output of `--error-format json`. Scripts depend on the names.
#[derive(Serialize)]
struct Printed<'a> {
    error: PrintedError<'a>,
}

#[derive(Serialize)]
struct PrintedError<'a> {
    kind: &'static str,
    message: String,
    status: Option<u16>,
    retryable: bool,
    recovery: Option<&'static str>,
    /// Whole seconds, rounded up; at most a year.
    retry_after: Option<u64>,
    request_id: Option<&'a str>,
    code: Option<&'a str>,
    messages: &'a [String],
    /// The headers of the answer that are safe to show, by their lower-case names.
    headers: BTreeMap<&'a str, String>,
    attempts: u32,
    /// The service, as `host:port`.
    host: Option<String>,
    /// The base URL and where it is set, if another one could help.
    base_url: Option<&'a str>,
    /// The proxy and where it is set, if it has failed.
    proxy: Option<&'a str>,
    /// Where the client secret that the service refused comes from: a file, and the profile that names it.
    refused_secret: Option<&'a str>,
    /// The same for the refresh token.
    refused_refresh_token: Option<&'a str>,
    /// The required settings that are not given.
    missing: &'a [Missing],
}

/// The object and a newline.
pub(super) fn line(failure: &Failure) -> String {
    let call = failure.call_error();
    let error = PrintedError {
        kind: failure.kind().as_str(),
        message: cause_chain(failure),
        status: failure.status(),
        retryable: failure.recovery() == Some(Recovery::Retry),
        recovery: failure.recovery().map(Recovery::as_str),
        retry_after: failure.retry_after().map(|delay| delay.as_secs() + u64::from(delay.subsec_nanos() > 0)),
        request_id: call.and_then(CallError::request_id),
        code: call.and_then(CallError::code),
        messages: call.map(CallError::messages).unwrap_or_default(),
        headers: call.map(headers).unwrap_or_default(),
        attempts: call.map_or(0, CallError::attempts),
        host: failure.failed_call().map(|call| call.address().to_string()),
        base_url: failure.failed_call().and_then(FailedCall::doubtful_base_url),
        proxy: failure.failed_call().and_then(FailedCall::failed_proxy),
        refused_secret: failure.failed_call().and_then(FailedCall::refused_secret),
        refused_refresh_token: failure.failed_call().and_then(FailedCall::refused_refresh_token),
        missing: failure.missing(),
    };
    output::json_line(&Printed { error })
}

/// The values of a header that came more than once are joined with commas, as HTTP allows.
fn headers(call: &CallError) -> BTreeMap<&str, String> {
    let mut lines = BTreeMap::<_, String>::new();
    for (name, value) in call.headers().into_iter().flatten() {
        let line = lines.entry(name.as_str()).or_default();
        if !line.is_empty() {
            line.push_str(", ");
        }
        line.push_str(&String::from_utf8_lossy(value.as_bytes()));
    }
    lines
}
