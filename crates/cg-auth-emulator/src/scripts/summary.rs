//! [`ScriptSummary`]: what the control API shows of a script, also after the script has ended.

use std::sync::atomic::Ordering::Relaxed;

use serde::Serialize;

use super::{active_script::ActiveScript, behaviour::Ending, fault::Fault, script::Script};
use crate::names::named;

/// A script without the bytes that it sends and the values that it compares.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ScriptSummary {
    pub(crate) id: u64,
    operation: &'static str,
    state: &'static str,
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

/// Whether a script still applies to requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ScriptState {
    Active,
    UsedUp,
    Removed,
}

named!(pub(crate) ScriptState: Active = "active", UsedUp = "used_up", Removed = "removed");

impl ScriptSummary {
    pub(super) fn new(active: &ActiveScript, state: ScriptState) -> Self {
        let Script { operation, probability, matching, behaviour, .. } = &active.script;
        let (ending, status) = match &behaviour.ending {
            Ending::Passthrough => ("passthrough", None),
            Ending::Answer(response) => ("answer", Some(response.status().as_u16())),
            Ending::Refuse(refusal) => ("refuse", Some(refusal.status.as_u16())),
        };
        Self {
            id: active.id,
            operation: operation.as_str(),
            state: state.as_str(),
            remaining: Some(active.remaining).filter(|remaining| *remaining < u64::MAX),
            hits: active.hits.load(Relaxed),
            probability: *probability,
            user: matching.user().map(ToOwned::to_owned),
            headers: matching.header_names().map(ToOwned::to_owned).collect(),
            when: behaviour.when.as_str(),
            delay_seconds: behaviour.delay.as_secs_f64(),
            ending,
            status,
            fault: behaviour.fault.as_ref().map(Fault::kind),
        }
    }
}
