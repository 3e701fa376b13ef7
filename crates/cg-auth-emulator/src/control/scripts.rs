//! `/_emulator/scripts` and `/_emulator/faults`: adds and shows scripts, and lists the named faults.

use cg_auth_core::body::Body;
use serde::Serialize;
use serde_json::{Map, Value};

use super::error::ControlError;
use crate::scripts::{NamedFault, Script, ScriptError, ScriptQueue, ScriptSummary};

#[derive(Serialize)]
pub(super) struct ScriptList {
    scripts: Vec<ScriptSummary>,
}

pub(super) fn list(scripts: &ScriptQueue) -> ScriptList {
    ScriptList { scripts: scripts.list() }
}

/// One script, also after its end.
pub(super) fn show(scripts: &ScriptQueue, id: &str) -> Result<ScriptSummary, ControlError> {
    id.parse().ok().and_then(|id| scripts.find(id)).ok_or(ControlError::NO_SCRIPT)
}

pub(super) fn remove(scripts: &ScriptQueue, id: &str) -> Result<(), ControlError> {
    let is_removed = id.parse().is_ok_and(|id| scripts.remove(id));
    is_removed.then_some(()).ok_or(ControlError::NO_ACTIVE_SCRIPT)
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
            error => Self::invalid(error.to_string()),
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
    script: Map<String, Value>,
    seen: &'static str,
}

pub(super) fn faults() -> FaultList {
    let row = |fault: &NamedFault| FaultRow { name: fault.name, script: fault.members(), seen: fault.seen };
    FaultList { faults: NamedFault::ALL.iter().map(row).collect() }
}
