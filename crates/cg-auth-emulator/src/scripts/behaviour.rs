//! [`Behaviour`]: what happens to a request that follows a script.

use std::{fmt, time::Duration};

use cg_auth_core::body::Body;
use http::{Response, StatusCode, header::RETRY_AFTER};
use serde_json::Value;

use super::{
    fault::Fault,
    fault_reader::{self, LONGEST_DELAY},
    headers,
    retry_after::RetryAfter,
    script_error::ScriptError,
    when::When,
};
use crate::{
    input::{InputError, Members},
    refusal::Refusal,
    response,
};

/// What happens to a request: a delay in real time, then the ending, which a fault may disturb.
#[derive(Debug, Clone)]
pub(crate) struct Behaviour {
    pub(crate) when: When,
    pub(crate) delay: Duration,
    pub(crate) ending: Ending,
    /// Applies to a scripted answer or refusal only.
    pub(crate) retry_after: Option<RetryAfter>,
    pub(crate) fault: Option<Fault>,
}

/// The answer to a request after its delay. `Debug` shows only the status of an answer.
#[derive(Clone)]
pub(crate) enum Ending {
    /// The service answers, as without a script.
    Passthrough,
    Answer(Response<Body>),
    Refuse(Refusal),
}

impl Behaviour {
    /// Reads the last members of a script's JSON, which say what happens.
    pub(super) fn read(&mut self, script: &mut Members) -> Result<(), InputError> {
        self.when = script.choice("when")?.unwrap_or_default();
        let delay = script.seconds("delay_seconds", LONGEST_DELAY)?;
        let fault = script.object("fault")?.map(fault_reader::read).transpose()?;
        let drops = script.flag("drop_connection")? == Some(true);
        let (answer, refuse) = (script.object("answer")?, script.object("refuse")?);
        script.done()?;
        let is_given =
            [("answer", answer.is_some()), ("refuse", refuse.is_some()), ("drop_connection", drops)];
        let mut endings = is_given.iter().filter(|(_, is_given)| *is_given).map(|(name, _)| *name);
        let (ending, second) = (endings.next(), endings.next());
        if let (Some(ending), Some(second)) = (ending, second) {
            return Err(script.conflict(second, ending));
        }
        if drops && fault.is_some() {
            return Err(script.conflict("drop_connection", "fault"));
        }
        // A delay of 0 is explicit: the requests shall pass to the service, and count.
        if ending.is_none() && fault.is_none() && delay.is_none() {
            return Err(InputError::Document { problem: NO_EFFECT.to_owned() });
        }
        self.delay = delay.unwrap_or_default();
        self.fault = fault.or_else(|| drops.then_some(Fault::DROP));
        if let Some(answer) = answer {
            (self.ending, self.retry_after) = Ending::read_answer(answer)?;
        }
        if let Some(refuse) = refuse {
            (self.ending, self.retry_after) = Ending::read_refusal(refuse)?;
        }
        Ok(())
    }

    /// Refuses parts that contradict each other.
    pub(super) fn check(&self) -> Result<(), ScriptError> {
        let contradiction = |member, problem| Err(ScriptError::member(member, problem));
        let has_answer = !matches!(self.ending, Ending::Passthrough);
        if self.retry_after.is_some() && !has_answer {
            return contradiction("retry_after_seconds", "needs an `answer` or a `refuse` to stand in");
        }
        if has_answer && self.fault.as_ref().is_some_and(Fault::hides_answer) {
            return contradiction("fault", "sends nothing of the answer; leave `answer` and `refuse` out");
        }
        let Ending::Answer(answer) = &self.ending else { return Ok(()) };
        if self.retry_after.is_some() && answer.headers().contains_key(RETRY_AFTER) {
            let problem = "cannot stand beside the header Retry-After; leave one of them out";
            return contradiction("answer.retry_after_seconds", problem);
        }
        if has_no_body(answer.status()) && !answer.body().is_empty() {
            let problem = "cannot be sent with the status 204, 205 or 304; leave it out";
            return contradiction("answer.body", problem);
        }
        if answer.body().is_empty() && self.fault.as_ref().is_some_and(Fault::disturbs_body) {
            return contradiction("fault", "disturbs the body, and the `answer` has none; give it a `body`");
        }
        Ok(())
    }
}

impl Ending {
    /// Reads the `answer` of a script's JSON.
    fn read_answer(mut answer: Members) -> Result<(Self, Option<RetryAfter>), InputError> {
        let status = status(&mut answer, 200)?;
        for name in ["body", "body_base64"] {
            if has_no_body(status) && answer.has(name) {
                let problem = "cannot be sent with the status 204, 205 or 304; leave it out";
                return Err(answer.unusable(name, problem));
            }
        }
        let (body, base64) = (answer.value("body"), answer.base64("body_base64")?);
        let mut response = match (body, base64) {
            (Some(_), Some(_)) => return Err(answer.conflict("body_base64", "body")),
            (None, base64) => Response::new(Body::from(base64.unwrap_or_default())),
            (Some(Value::String(text)), None) => Response::new(text.into()),
            (Some(json), None) => {
                let mut response = Response::new(Body::from(json.to_string()));
                response::declare_json(response.headers_mut());
                response
            }
        };
        *response.status_mut() = status;
        // This replaces a header of the same name and keeps repeated ones.
        response.headers_mut().extend(headers::read(&mut answer)?);
        let retry_after = RetryAfter::read(&mut answer)?;
        answer.done()?;
        Ok((Self::Answer(response), retry_after))
    }

    /// Reads the `refuse` of a script's JSON.
    fn read_refusal(mut refuse: Members) -> Result<(Self, Option<RetryAfter>), InputError> {
        let status = status(&mut refuse, 400)?;
        let retry_after = RetryAfter::read(&mut refuse)?;
        refuse.done()?;
        Ok((Self::Refuse(Refusal::scripted(status)), retry_after))
    }
}

impl fmt::Debug for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passthrough => f.write_str("Passthrough"),
            Self::Answer(response) => f.debug_tuple("Answer").field(&response.status()).finish(),
            Self::Refuse(refusal) => f.debug_tuple("Refuse").field(&refusal.status).finish(),
        }
    }
}

fn status(members: &mut Members, least: u16) -> Result<StatusCode, InputError> {
    let status = members.whole("status", u64::from(least)..=599)?;
    let status = status.and_then(|status| StatusCode::from_u16(u16::try_from(status).ok()?).ok());
    status.ok_or_else(|| members.missing("status", &format!("a whole number from {least} to 599")))
}

/// Whether HTTP allows no body with this status (RFC 9110 section 15).
pub(super) fn has_no_body(status: StatusCode) -> bool {
    matches!(status, StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT | StatusCode::NOT_MODIFIED)
}

const NO_EFFECT: &str =
    "has no effect; give `answer`, `refuse`, `fault`, `drop_connection` or `delay_seconds`, which may be 0";
