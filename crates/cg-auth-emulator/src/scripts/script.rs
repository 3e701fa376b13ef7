//! [`Script`]: which requests a script applies to, and what happens to them.

use std::{str, time::Duration};

use serde_json::Value;

use super::{
    behaviour::{Behaviour, Ending},
    fault::Fault,
    members::Members,
    named::with_named_fault,
    request_match::RequestMatch,
    script_error::ScriptError,
    when::When,
};
use crate::operation::Operation;

/// A script for the next requests for one operation, read from JSON.
///
/// The JSON is that of `POST /_emulator/scripts`; the crate's documentation lists its members.
///
/// ```
/// use cg_auth_emulator::{Emulator, Script};
///
/// let lost = r#"{"operation":"refresh_user_access_token","fault":"lost_answer"}"#;
/// let emulator = Emulator::builder().script(Script::from_json(lost)?).start_blocking()?;
/// # drop(emulator);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Script {
    pub(crate) operation: Operation,
    /// How many requests the script applies to; `u64::MAX` stands for all.
    pub(crate) times: u64,
    pub(crate) probability: f64,
    pub(crate) matching: RequestMatch,
    pub(crate) behaviour: Behaviour,
}

impl Script {
    /// Reads a script from the JSON of `POST /_emulator/scripts`.
    ///
    /// # Errors
    /// [`ScriptError`] names the member and what it may hold, and quotes no value.
    pub fn from_json(json: impl AsRef<[u8]>) -> Result<Self, ScriptError> {
        let value: Value = serde_json::from_slice(json.as_ref())
            .map_err(|error| ScriptError::Syntax { line: error.line(), column: error.column() })?;
        let mut members = Members::new("", with_named_fault(value)?)?;
        let operations: Vec<_> = Operation::ALL.iter().map(|it| (it.as_str(), *it)).collect();
        let operation = members.choice("operation", &operations)?.ok_or_else(|| {
            let names: Vec<_> = operations.iter().map(|(name, _)| *name).collect();
            members.missing("operation", format!("one of {}", names.join(", ")))
        })?;
        let mut script = Self::new(operation);
        let times = members.whole("times", 0..=u64::MAX)?;
        let always = members.flag("always")? == Some(true);
        if always && times.is_some() {
            return Err(ScriptError::contradiction("give either `times` or `always`"));
        }
        script.times = if always { u64::MAX } else { times.unwrap_or(1) };
        script.probability = members.number("probability", 0.0..=1.0)?.unwrap_or(1.0);
        if let Some(wanted) = members.object("match")? {
            script.matching = RequestMatch::read(wanted)?;
        }
        let behaviour = &mut script.behaviour;
        behaviour.when = members.choice("when", When::NAMES)?.unwrap_or_default();
        behaviour.delay = members.seconds("delay_seconds")?.unwrap_or_default();
        let fault = members.object("fault")?.map(Fault::read).transpose()?;
        let drop = (members.flag("drop_connection")? == Some(true)).then_some(Fault::DROP);
        (behaviour.ending, behaviour.retry_after) =
            match (members.object("answer")?, members.object("refuse")?) {
                (None, None) => (Ending::Passthrough, None),
                (Some(answer), None) => Ending::read_answer(answer)?,
                (None, Some(refuse)) => Ending::read_refusal(refuse)?,
                (Some(_), Some(_)) => {
                    return Err(ScriptError::contradiction(
                        "give at most one of `answer`, `refuse` and `drop_connection`",
                    ));
                }
            };
        let is_answered = !matches!(behaviour.ending, Ending::Passthrough);
        behaviour.fault = match (fault, drop) {
            (Some(_), Some(_)) => {
                return Err(ScriptError::contradiction("give either `fault` or `drop_connection`"));
            }
            (None, Some(_)) if is_answered => {
                return Err(ScriptError::contradiction(
                    "give at most one of `answer`, `refuse` and `drop_connection`",
                ));
            }
            (fault, drop) => fault.or(drop),
        };
        members.done()?;
        Ok(script)
    }

    /// The operation that the script applies to.
    #[must_use]
    pub const fn operation(&self) -> Operation {
        self.operation
    }

    pub(super) fn new(operation: Operation) -> Self {
        Self {
            operation,
            times: 1,
            probability: 1.0,
            matching: RequestMatch::default(),
            behaviour: Behaviour {
                when: When::Before,
                delay: Duration::ZERO,
                ending: Ending::Passthrough,
                retry_after: None,
                fault: None,
            },
        }
    }
}

impl str::FromStr for Script {
    type Err = ScriptError;

    fn from_str(json: &str) -> Result<Self, ScriptError> {
        Self::from_json(json)
    }
}
