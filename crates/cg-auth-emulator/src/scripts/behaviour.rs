//! [`Behaviour`]: what happens to a request that follows a script.

use std::{fmt, time::Duration};

use cg_auth_core::body::Body;
use http::{HeaderName, HeaderValue, Response, StatusCode, header, header::RETRY_AFTER};
use serde_json::Value;

use super::{fault::Fault, members::Members, retry_after::RetryAfter, script_error::ScriptError, when::When};
use crate::{refusal::Refusal, response};

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

impl Ending {
    /// Reads the `answer` of a script's JSON.
    pub(super) fn read_answer(mut answer: Members) -> Result<(Self, Option<RetryAfter>), ScriptError> {
        let status = status(&mut answer, "an answer", 200)?;
        let (body, base64) = (answer.value("body"), answer.base64("body_base64")?);
        if body.is_some() && base64.is_some() {
            return Err(answer.unusable("body_base64", "cannot stand beside `body`"));
        }
        let mut response = match body {
            None => Response::new(Body::from(base64.unwrap_or_default())),
            Some(Value::String(text)) => Response::new(text.into()),
            Some(json) => {
                let mut response = Response::new(Body::from(json.to_string()));
                response::declare_json(response.headers_mut());
                response
            }
        };
        *response.status_mut() = status;
        let path = answer.path_of("headers");
        let invalid = || {
            let problem = "holds an invalid name or value, or a header that the server sets; \
                 it must be an object of names and texts, or a list of such pairs";
            ScriptError::member(path.clone(), problem)
        };
        let pairs: Vec<(Value, Value)> = match answer.value("headers") {
            None => Vec::new(),
            Some(Value::Object(pairs)) => {
                pairs.into_iter().map(|(name, value)| (name.into(), value)).collect()
            }
            Some(Value::Array(pairs)) => {
                let pair = |pair| match pair {
                    Value::Array(pair) => {
                        <[Value; 2]>::try_from(pair).ok().map(|[name, value]| (name, value))
                    }
                    _ => None,
                };
                pairs.into_iter().map(pair).collect::<Option<_>>().ok_or_else(invalid)?
            }
            Some(_) => return Err(invalid()),
        };
        let mut headers = http::HeaderMap::new();
        for pair in pairs {
            let (Value::String(name), Value::String(value)) = pair else { return Err(invalid()) };
            let name = HeaderName::try_from(name).ok().filter(|name| !FRAMING_HEADERS.contains(name));
            let (Some(name), Ok(value)) = (name, HeaderValue::try_from(value)) else { return Err(invalid()) };
            headers.append(name, value);
        }
        // This replaces a header of the same name and keeps repeated ones.
        response.headers_mut().extend(headers);
        let retry_after = RetryAfter::read(&mut answer)?;
        if retry_after.is_some() && response.headers().contains_key(RETRY_AFTER) {
            return Err(answer.unusable("retry_after_seconds", "cannot stand beside the header Retry-After"));
        }
        answer.done()?;
        Ok((Self::Answer(response), retry_after))
    }

    /// Reads the `refuse` of a script's JSON.
    pub(super) fn read_refusal(mut refuse: Members) -> Result<(Self, Option<RetryAfter>), ScriptError> {
        let status = status(&mut refuse, "a refusal", 400)?;
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

fn status(members: &mut Members, what: &str, least: u16) -> Result<StatusCode, ScriptError> {
    let expected = format!("the status of {what}, from {least} to 599");
    let status = members.whole("status", u64::from(least)..=599)?;
    let status = status.and_then(|status| StatusCode::from_u16(u16::try_from(status).ok()?).ok());
    status.ok_or_else(|| members.missing("status", expected))
}

/// The headers that frame a message. The HTTP library sets them, so a scripted answer must not.
pub(super) const FRAMING_HEADERS: [HeaderName; 5] =
    [header::CONNECTION, header::CONTENT_LENGTH, header::TRANSFER_ENCODING, header::UPGRADE, header::TE];
