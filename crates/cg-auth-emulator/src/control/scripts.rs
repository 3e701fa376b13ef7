//! `/_emulator/scripts`: adds and lists scripts.

use std::{collections::BTreeMap, sync::atomic::Ordering::Relaxed};

use cg_auth_core::body::Body;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    error::ControlError,
    input::{duration, read},
};
use crate::{
    operation::Operation,
    refusal::Refusal,
    response,
    scripts::{Behaviour, Ending, FRAMING_HEADERS, MAX_SCRIPTS, Script, ScriptQueue},
};

#[derive(Serialize)]
pub(super) struct ScriptList {
    scripts: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    id: u64,
    operation: &'static str,
    remaining: u64,
    hits: u64,
    delay_seconds: f64,
    /// What happens after the delay.
    ending: &'static str,
    status: Option<u16>,
}

pub(super) fn list(scripts: &ScriptQueue) -> ScriptList {
    ScriptList { scripts: scripts.list().iter().map(Row::new).collect() }
}

impl Row {
    fn new(script: &Script) -> Self {
        let (ending, status) = match &script.behaviour.ending {
            Ending::Passthrough => ("passthrough", None),
            Ending::Answer(response) => ("answer", Some(response.status().as_u16())),
            Ending::Refuse(refusal) => ("refuse", Some(refusal.status.as_u16())),
            Ending::DropConnection => ("drop_connection", None),
        };
        Self {
            id: script.id,
            operation: script.operation.as_str(),
            remaining: script.remaining,
            hits: script.hits.load(Relaxed),
            delay_seconds: script.behaviour.delay.as_secs_f64(),
            ending,
            status,
        }
    }
}

/// A script in the JSON that a client sends. It may hold at most one of `answer`, `refuse` and
/// `drop_connection`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewScript {
    operation: String,
    #[serde(default = "once")]
    times: u64,
    #[serde(default)]
    delay_seconds: f64,
    answer: Option<Answer>,
    refuse: Option<Refuse>,
    #[serde(default)]
    drop_connection: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    status: u16,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    /// A string is sent as it is, any other value as JSON.
    #[serde(default)]
    body: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Refuse {
    status: u16,
    retry_after_seconds: Option<u64>,
}

#[derive(Serialize)]
pub(super) struct Added {
    id: u64,
}

pub(super) fn add(scripts: &ScriptQueue, body: &Body) -> Result<Added, ControlError> {
    let new: NewScript = read(body)?;
    let operation = Operation::from_name(&new.operation).ok_or_else(|| {
        let names = Operation::ALL.iter().map(|it| it.as_str()).collect::<Vec<_>>().join(", ");
        ControlError::invalid(format!("`operation` must be one of {names}."))
    })?;
    let delay = duration("delay_seconds", new.delay_seconds)?;
    let ending = match (new.answer, new.refuse, new.drop_connection) {
        (None, None, false) => Ending::Passthrough,
        (Some(answer), None, false) => Ending::Answer(answer.response()?),
        (None, Some(refuse), false) => Ending::Refuse(refuse.refusal()?),
        (None, None, true) => Ending::DropConnection,
        _ => {
            let text = "Give at most one of `answer`, `refuse` and `drop_connection`.";
            return Err(ControlError::invalid(text));
        }
    };
    let added = scripts.add(operation, new.times, Behaviour { delay, ending });
    let (id, _) = added.ok_or_else(|| ControlError::too_many_scripts(MAX_SCRIPTS))?;
    Ok(Added { id })
}

impl Answer {
    fn response(self) -> Result<Response<Body>, ControlError> {
        let (body, is_json) = match self.body {
            Value::Null => (Body::empty(), false),
            Value::String(text) => (text.into(), false),
            json => (json.to_string().into(), true),
        };
        let mut response = Response::new(body);
        *response.status_mut() = status(self.status)?;
        let headers = response.headers_mut();
        if is_json {
            response::declare_json(headers);
        }
        for (name, value) in self.headers {
            let name = HeaderName::try_from(name).ok().filter(|name| !FRAMING_HEADERS.contains(name));
            let (Some(name), Ok(value)) = (name, HeaderValue::try_from(value)) else {
                let text = "`headers` holds an invalid name or value, or a header that the server sets.";
                return Err(ControlError::invalid(text));
            };
            headers.insert(name, value);
        }
        Ok(response)
    }
}

impl Refuse {
    fn refusal(self) -> Result<Refusal, ControlError> {
        let retry_after = self.retry_after_seconds.map(|seconds| (header::RETRY_AFTER, seconds.into()));
        Ok(Refusal::scripted(status(self.status)?, retry_after))
    }
}

fn status(status: u16) -> Result<StatusCode, ControlError> {
    let status = StatusCode::from_u16(status).ok().filter(|status| !status.is_informational());
    status.ok_or_else(|| ControlError::invalid("`status` must be within 200 to 999."))
}

const fn once() -> u64 {
    1
}
