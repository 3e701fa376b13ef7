//! [`Members`]: a JSON object from which the reader takes each known member.

use std::{fmt::Display, ops::RangeInclusive, time::Duration};

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Map, Value};

use super::script_error::ScriptError;

/// An object, and its path in the script. [`done`](Self::done) refuses the members that were not taken.
pub(super) struct Members {
    path: String,
    members: Map<String, Value>,
    known: Vec<&'static str>,
}

impl Members {
    pub(super) fn new(path: &str, value: Value) -> Result<Self, ScriptError> {
        match value {
            Value::Object(members) => Ok(Self { path: path.to_owned(), members, known: Vec::new() }),
            other => Err(wrong(if path.is_empty() { "script" } else { path }, &other, "an object")),
        }
    }

    /// The value of `key`; a null is absent.
    pub(super) fn value(&mut self, key: &'static str) -> Option<Value> {
        self.known.push(key);
        self.members.remove(key).filter(|value| !value.is_null())
    }

    pub(super) fn text(&mut self, key: &'static str) -> Result<Option<String>, ScriptError> {
        self.take(key, "a string", |value| value.as_str().map(ToOwned::to_owned))
    }

    pub(super) fn flag(&mut self, key: &'static str) -> Result<Option<bool>, ScriptError> {
        self.take(key, "true or false", Value::as_bool)
    }

    pub(super) fn whole(
        &mut self,
        key: &'static str,
        range: RangeInclusive<u64>,
    ) -> Result<Option<u64>, ScriptError> {
        let expected = format!("a whole number from {} to {}", range.start(), range.end());
        self.take(key, expected, |value| value.as_u64().filter(|number| range.contains(number)))
    }

    pub(super) fn number(
        &mut self,
        key: &'static str,
        range: RangeInclusive<f64>,
    ) -> Result<Option<f64>, ScriptError> {
        let expected = format!("a number from {} to {}", range.start(), range.end());
        self.take(key, expected, |value| value.as_f64().filter(|number| range.contains(number)))
    }

    /// A duration of at most a day.
    pub(super) fn seconds(&mut self, key: &'static str) -> Result<Option<Duration>, ScriptError> {
        let seconds = self.number(key, 0.0..=86_400.0)?;
        Ok(seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()))
    }

    /// The value that one of `names` stands for.
    pub(super) fn choice<T: Copy>(
        &mut self,
        key: &'static str,
        names: &[(&str, T)],
    ) -> Result<Option<T>, ScriptError> {
        let expected =
            format!("one of {}", names.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", "));
        self.take(key, expected, |value| {
            let text = value.as_str()?;
            names.iter().find(|(name, _)| *name == text).map(|(_, value)| *value)
        })
    }

    pub(super) fn object(&mut self, key: &'static str) -> Result<Option<Self>, ScriptError> {
        let path = self.path_of(key);
        self.value(key).map(|value| Self::new(&path, value)).transpose()
    }

    /// Bytes: the text of `key`, or the base64 of `key_base64`.
    pub(super) fn bytes(
        &mut self,
        key: &'static str,
        key_base64: &'static str,
    ) -> Result<Option<Vec<u8>>, ScriptError> {
        match (self.text(key)?, self.base64(key_base64)?) {
            (Some(_), Some(_)) => Err(self.unusable(key_base64, format!("cannot stand beside `{key}`"))),
            (text, base64) => Ok(text.map(String::into_bytes).or(base64)),
        }
    }

    pub(super) fn base64(&mut self, key: &'static str) -> Result<Option<Vec<u8>>, ScriptError> {
        self.take(key, "base64", |value| BASE64_STANDARD.decode(value.as_str()?).ok())
    }

    /// Refuses the members that were not taken.
    pub(super) fn done(self) -> Result<(), ScriptError> {
        let Some(unknown) = self.members.keys().next() else { return Ok(()) };
        // A name is shown only if it looks like a member's, because a secret may stand in its place.
        let is_name =
            unknown.len() <= 24 && unknown.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        let name = self.path_of(if is_name { unknown } else { "?" });
        Err(ScriptError::member(name, format!("is unknown; allowed are {}", self.known.join(", "))))
    }

    pub(super) fn unusable(&self, key: &str, problem: impl Into<String>) -> ScriptError {
        ScriptError::member(self.path_of(key), problem)
    }

    pub(super) fn missing(&self, key: &str, expected: impl Display) -> ScriptError {
        self.unusable(key, format!("is missing; it must be {expected}"))
    }

    pub(super) fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    fn take<T>(
        &mut self,
        key: &'static str,
        expected: impl Display,
        read: impl FnOnce(&Value) -> Option<T>,
    ) -> Result<Option<T>, ScriptError> {
        let Some(value) = self.value(key) else { return Ok(None) };
        read(&value).map(Some).ok_or_else(|| wrong(&self.path_of(key), &value, expected))
    }
}

/// The error for a value of another type, or outside of what is allowed.
pub(super) fn wrong(member: &str, value: &Value, expected: impl Display) -> ScriptError {
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    };
    ScriptError::member(member, format!("is {kind}; it must be {expected}"))
}
