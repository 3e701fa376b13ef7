//! `/_emulator/scripts` and `/_emulator/faults`: adds and lists scripts, and lists the named faults.

use std::sync::atomic::Ordering::Relaxed;

use cg_auth_core::body::Body;
use serde::Serialize;
use serde_json::Value;

use super::error::ControlError;
use crate::scripts::{ActiveScript, Ending, NamedFault, Script, ScriptError, ScriptQueue};

#[derive(Serialize)]
pub(super) struct ScriptList {
    scripts: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    id: u64,
    operation: &'static str,
    /// Null for a script that always applies.
    remaining: Option<u64>,
    hits: u64,
    probability: f64,
    user: Option<String>,
    /// The names of the headers that a request must have.
    headers: Vec<String>,
    when: &'static str,
    delay_seconds: f64,
    /// The answer after the delay.
    ending: &'static str,
    status: Option<u16>,
    /// The kind of the fault that disturbs the answer.
    fault: Option<&'static str>,
}

pub(super) fn list(scripts: &ScriptQueue) -> ScriptList {
    ScriptList { scripts: scripts.list().iter().map(Row::new).collect() }
}

impl Row {
    fn new(active: &ActiveScript) -> Self {
        let Script { operation, probability, matching, behaviour, .. } = &active.script;
        let (ending, status) = match &behaviour.ending {
            Ending::Passthrough => ("passthrough", None),
            Ending::Answer(response) => ("answer", Some(response.status().as_u16())),
            Ending::Refuse(refusal) => ("refuse", Some(refusal.status.as_u16())),
        };
        Self {
            id: active.id,
            operation: operation.as_str(),
            remaining: Some(active.remaining).filter(|remaining| *remaining < u64::MAX),
            hits: active.hits.load(Relaxed),
            probability: *probability,
            user: matching.user().map(ToOwned::to_owned),
            headers: matching.header_names().map(ToOwned::to_owned).collect(),
            when: behaviour.when.as_str(),
            delay_seconds: behaviour.delay.as_secs_f64(),
            ending,
            status,
            fault: behaviour.fault.as_ref().map(crate::Fault::kind),
        }
    }
}

#[derive(Serialize)]
pub(super) struct Added {
    id: u64,
}

pub(super) fn add(scripts: &ScriptQueue, body: &Body) -> Result<Added, ControlError> {
    let (id, _) = scripts.add(Script::from_json(body.as_bytes())?)?;
    Ok(Added { id })
}

impl From<ScriptError> for ControlError {
    fn from(error: ScriptError) -> Self {
        match error {
            ScriptError::TooMany { limit } => Self::too_many_scripts(limit),
            error => Self::invalid(format!("{error}.")),
        }
    }
}

#[derive(Serialize)]
pub(super) struct FaultList {
    faults: Vec<FaultRow>,
}

/// One [`NamedFault`] as JSON.
#[derive(Serialize)]
struct FaultRow {
    name: &'static str,
    script: Value,
    seen: &'static str,
}

pub(super) fn faults() -> FaultList {
    let row = |fault: &NamedFault| FaultRow {
        name: fault.name,
        script: serde_json::from_str(fault.script).unwrap_or_default(),
        seen: fault.seen,
    };
    FaultList { faults: NamedFault::ALL.iter().map(row).collect() }
}
