//! The headers of a script's JSON: those of its answer, and those that a request must have.

use http::{HeaderMap, HeaderName, HeaderValue, header};
use serde_json::Value;

use crate::input::{InputError, Members, shown, wrong};

/// A header that a request must have: its name, and the value if that matters.
pub(super) type WantedHeader = (HeaderName, Option<Vec<u8>>);

/// Reads the `headers` of an answer: an object of names and values, or an array of such pairs, which may repeat
/// a name.
pub(super) fn read(answer: &mut Members) -> Result<HeaderMap, InputError> {
    let mut headers = HeaderMap::new();
    match answer.value("headers") {
        None => {}
        Some(Value::Object(pairs)) => {
            for (name, value) in &pairs {
                let place = format!("headers.{}", shown(name));
                let name = header_name(answer, &place, &name.as_str().into())?;
                headers.append(own(answer, &place, name)?, header_value(answer, &place, value)?);
            }
        }
        Some(Value::Array(pairs)) => {
            for (n, pair) in pairs.iter().enumerate() {
                let place = format!("headers[{n}]");
                let [name, value] = pair.as_array().map_or(&[][..], Vec::as_slice) else {
                    return Err(answer.unusable(&place, wrong(pair, PAIR)));
                };
                let name = header_name(answer, &format!("{place}[0]"), name)?;
                headers
                    .append(own(answer, &place, name)?, header_value(answer, &format!("{place}[1]"), value)?);
            }
        }
        Some(other) => return Err(answer.unusable("headers", wrong(&other, HEADERS))),
    }
    Ok(headers)
}

/// Reads the `headers` that a request must have: an array of names, or an object of names and values, in which
/// null stands for any value.
pub(super) fn read_wanted(wanted: &mut Members) -> Result<Vec<WantedHeader>, InputError> {
    match wanted.value("headers") {
        None => Ok(Vec::new()),
        Some(Value::Array(names)) => {
            let name = |(n, name)| Ok((header_name(wanted, &format!("headers[{n}]"), name)?, None));
            names.iter().enumerate().map(name).collect()
        }
        Some(Value::Object(pairs)) => {
            let pair = |(name, value): (&String, &Value)| {
                let place = format!("headers.{}", shown(name));
                let value = match value {
                    Value::Null => None,
                    Value::String(text) => Some(text.clone().into_bytes()),
                    other => {
                        return Err(wanted.unusable(&place, wrong(other, "a string, or null for any value")));
                    }
                };
                Ok((header_name(wanted, &place, &name.as_str().into())?, value))
            };
            pairs.iter().map(pair).collect()
        }
        Some(other) => Err(wanted.unusable("headers", wrong(&other, WANTED))),
    }
}

fn header_name(members: &Members, place: &str, name: &Value) -> Result<HeaderName, InputError> {
    let read = name.as_str().and_then(|name| HeaderName::try_from(name).ok());
    read.ok_or_else(|| members.unusable(place, wrong(name, "a string with the name of a header")))
}

/// Refuses a name of which the server sets the value.
fn own(answer: &Members, place: &str, name: HeaderName) -> Result<HeaderName, InputError> {
    if FRAMING_HEADERS.contains(&name) {
        return Err(
            answer.unusable(place, format!("is the header {name}, which the server sets; leave it out"))
        );
    }
    Ok(name)
}

fn header_value(answer: &Members, place: &str, value: &Value) -> Result<HeaderValue, InputError> {
    let read = value.as_str().and_then(|value| HeaderValue::try_from(value).ok());
    read.ok_or_else(|| answer.unusable(place, wrong(value, "a string without control characters")))
}

/// The headers that frame a message. The HTTP library sets them, so a scripted answer must not.
pub(super) const FRAMING_HEADERS: [HeaderName; 5] =
    [header::CONNECTION, header::CONTENT_LENGTH, header::TRANSFER_ENCODING, header::UPGRADE, header::TE];
const PAIR: &str = "an array of two strings, a name and a value";
const HEADERS: &str = "an object of names and strings, or an array of such pairs";
const WANTED: &str = "an array of names, or an object of names and strings";
