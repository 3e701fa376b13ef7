//! [`Members`]: reads the request bodies of the control API.

use std::{fmt, time::Duration};

use cg_auth_core::body::Body;
use serde::{
    Deserialize, Deserializer,
    de::{self, DeserializeOwned, MapAccess, Visitor},
};
use serde_json::Value;

use super::error::ControlError;

/// The members of a JSON object. Each getter takes a member out, so that [`done`](Self::done) finds unknown
/// ones. Errors name the member, its value's type and what is allowed; they never quote a value.
#[derive(Debug)]
pub(super) struct Members {
    members: Vec<(String, Value)>,
    known: Vec<&'static str>,
}

impl Members {
    pub(super) fn read(body: &Body) -> Result<Self, ControlError> {
        let Object(members) = read(body)?;
        for (index, (name, _)) in members.iter().enumerate() {
            if members[..index].iter().any(|(other, _)| other == name) {
                return Err(ControlError::invalid("The body repeats a member; give each once."));
            }
        }
        Ok(Self { members, known: Vec::new() })
    }

    /// Refuses members that no getter has asked for.
    pub(super) fn done(self) -> Result<(), ControlError> {
        if self.members.is_empty() {
            return Ok(());
        }
        Err(ControlError::invalid(format!(
            "The body has an unknown member; known are {}.",
            self.known.join(", ")
        )))
    }

    pub(super) fn flag(&mut self, name: &'static str) -> Result<Option<bool>, ControlError> {
        self.get(name, "true or false", Value::as_bool)
    }

    pub(super) fn text(&mut self, name: &'static str) -> Result<Option<String>, ControlError> {
        self.get(name, "a string", |value| value.as_str().map(ToOwned::to_owned))
    }

    /// A duration in seconds, with fractions.
    pub(super) fn seconds(&mut self, name: &'static str) -> Result<Option<Duration>, ControlError> {
        self.get(name, SECONDS, |value| value.as_f64().and_then(|it| Duration::try_from_secs_f64(it).ok()))
    }

    /// A member that `parse` reads; `None` if it is missing. A null is a value.
    pub(super) fn get<T>(
        &mut self,
        name: &'static str,
        allowed: &str,
        parse: impl FnOnce(&Value) -> Option<T>,
    ) -> Result<Option<T>, ControlError> {
        self.known.push(name);
        let Some(index) = self.members.iter().position(|(its_name, _)| its_name == name) else {
            return Ok(None);
        };
        let (_, value) = self.members.swap_remove(index);
        parse(&value).map(Some).ok_or_else(|| unusable(name, &value, allowed))
    }
}

/// The error for a member whose value is not allowed.
pub(super) fn unusable(name: &str, value: &Value, allowed: &str) -> ControlError {
    let shape = match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    };
    let problem = if allowed.starts_with(shape) { "has a value that is not allowed" } else { "is" };
    let shape = if problem == "is" { format!(" {shape}") } else { String::new() };
    ControlError::invalid(format!("`{name}` {problem}{shape}; it must be {allowed}."))
}

/// The error for a required member that is missing.
pub(super) fn missing(name: &str, allowed: &str) -> ControlError {
    ControlError::invalid(format!("`{name}` is missing; it must be {allowed}."))
}

/// Reads a JSON body. The error names the line and column of the problem.
pub(super) fn read<T: DeserializeOwned>(body: &Body) -> Result<T, ControlError> {
    serde_json::from_slice(body.as_bytes()).map_err(|error| {
        let problem =
            if error.is_data() { "has a missing, unknown or mistyped member" } else { "is not valid JSON" };
        let (line, column) = (error.line(), error.column());
        ControlError::invalid(format!("The body {problem} at line {line}, column {column}."))
    })
}

/// A JSON object with its members in order, repeated ones included.
struct Object(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Object;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    if members.len() == MAX_MEMBERS {
                        return Err(de::Error::custom("too many members"));
                    }
                    members.push(member);
                }
                Ok(Object(members))
            }
        }
        deserializer.deserialize_map(Reader)
    }
}

pub(super) const SECONDS: &str = "a number of seconds, at least 0 and less than 2^64";
/// More than any request has.
const MAX_MEMBERS: usize = 64;
