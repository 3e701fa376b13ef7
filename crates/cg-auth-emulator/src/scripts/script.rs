//! [`Script`]: which requests a script applies to, and what happens to them.

use std::{str, time::Duration};

use super::{
    behaviour::{Behaviour, Ending},
    fault::Offered,
    fault_reader::LONGEST_DELAY,
    named::with_named_fault,
    request_match::RequestMatch,
    script_error::ScriptError,
    when::When,
};
use crate::{
    input::{Members, parse},
    names::{Named, one_of},
    operation::Operation,
};

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
    /// [`ScriptError`] names the member, the type of its value and what it may hold, and quotes no value.
    pub fn from_json(json: impl AsRef<[u8]>) -> Result<Self, ScriptError> {
        let mut members = Members::of(with_named_fault(parse(json.as_ref())?)?)?;
        let operation = members.choice("operation")?.ok_or_else(|| {
            members.missing("operation", &format!("a string, {}", one_of(&Operation::names())))
        })?;
        let mut script = Self::new(operation);
        let times = members.whole("times", 1..=u64::MAX)?;
        let always = members.flag("always")? == Some(true);
        if always && times.is_some() {
            return Err(members.conflict("always", "times").into());
        }
        script.times = if always { u64::MAX } else { times.unwrap_or(1) };
        script.probability = members.number("probability", PROBABILITY, is_probability)?.unwrap_or(1.0);
        if let Some(wanted) = members.object("match")? {
            script.matching = RequestMatch::read(wanted)?;
        }
        script.behaviour.read(&mut members)?;
        members.done()?;
        script.check()?;
        Ok(script)
    }

    /// The operation that the script applies to.
    #[must_use]
    pub const fn operation(&self) -> Operation {
        self.operation
    }

    /// Refuses what can never happen, and what would be left out without a word.
    pub(super) fn check(&self) -> Result<(), ScriptError> {
        let Self { behaviour, matching, .. } = self;
        if self.times == 0 {
            return Err(ScriptError::member("times", "is 0; it must be a whole number of at least 1"));
        }
        if !is_probability(self.probability) {
            return Err(ScriptError::member(
                "probability",
                format!("is out of range; it must be {PROBABILITY}"),
            ));
        }
        if matching.user() == Some("") {
            return Err(ScriptError::member(
                "match.user",
                "is an empty string; it must be the name of a user",
            ));
        }
        if behaviour.delay > LONGEST_DELAY {
            return Err(ScriptError::member(
                "delay_seconds",
                "is longer than a day; it must be at most 86400",
            ));
        }
        behaviour.check()
    }

    /// Refuses what can never happen at an emulator that offers these protocols.
    pub(super) fn check_offered(&self, offered: Offered) -> Result<(), ScriptError> {
        self.behaviour.fault.as_ref().map_or(Ok(()), |fault| fault.check(offered))
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

fn is_probability(number: f64) -> bool {
    number > 0.0 && number <= 1.0
}

const PROBABILITY: &str = "a number greater than 0 and at most 1";
