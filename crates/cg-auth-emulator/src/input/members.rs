//! [`Members`]: a JSON object or a query, from which a reader takes each known member.

use std::{ops::RangeInclusive, time::Duration};

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Map, Value};

use super::{
    document::parse,
    error::InputError,
    wording::{shown, unknown, wrong},
};
use crate::names::{Named, nearest, one_of};

/// The members of an object, or the parameters of a query. Each getter takes a member out, so that
/// [`done`](Self::done) finds the unknown ones. A member that is missing is `None`; a null is a value.
#[derive(Debug)]
pub(crate) struct Members {
    place: Place,
    members: Map<String, Value>,
    known: Vec<&'static str>,
}

#[derive(Debug)]
enum Place {
    /// An object, by its path in the document.
    Object(String),
    /// A query, whose values are texts.
    Query,
}

impl Members {
    /// Reads a document, which must be an object.
    pub(crate) fn parse(document: &[u8]) -> Result<Self, InputError> {
        Self::of(parse(document)?)
    }

    /// The members of a whole document.
    pub(crate) fn of(document: Value) -> Result<Self, InputError> {
        match document {
            Value::Object(members) => Ok(Self::new(Place::Object(String::new()), members)),
            other => Err(InputError::Document { problem: wrong(&other, "an object") }),
        }
    }

    /// The parameters of a query: names and values that are decoded, or `None` if that is impossible. Refuses
    /// those that are not among `known`.
    pub(crate) fn of_query(
        pairs: impl IntoIterator<Item = (Option<String>, Option<String>)>,
        known: &[&str],
    ) -> Result<Self, InputError> {
        let mut members = Map::new();
        for (name, value) in pairs {
            let name = name.unwrap_or_default();
            let error = |problem| InputError::Parameter { name: shown(&name).to_owned(), problem };
            if !known.contains(&&*name) {
                return Err(error(unknown(&name, known, "this path takes no query parameters")));
            }
            let text = value.ok_or_else(|| {
                error(
                    "is a string that is not percent-encoded UTF-8; it must be a string in UTF-8".to_owned(),
                )
            })?;
            if members.insert(name.clone(), text.into()).is_some() {
                return Err(error("is repeated; give it once".to_owned()));
            }
        }
        Ok(Self::new(Place::Query, members))
    }

    const fn new(place: Place, members: Map<String, Value>) -> Self {
        Self { place, members, known: Vec::new() }
    }

    /// A member that `read` reads. `allowed` names each type that is allowed.
    pub(crate) fn get<T>(
        &mut self,
        name: &'static str,
        allowed: &str,
        read: impl FnOnce(&Value) -> Option<T>,
    ) -> Result<Option<T>, InputError> {
        let Some(value) = self.value(name) else { return Ok(None) };
        self.read(name, &value, allowed, read).map(Some)
    }

    pub(crate) fn flag(&mut self, name: &'static str) -> Result<Option<bool>, InputError> {
        self.get(name, "a boolean", Value::as_bool)
    }

    pub(crate) fn text(&mut self, name: &'static str) -> Result<Option<String>, InputError> {
        self.get(name, "a string", |value| value.as_str().map(ToOwned::to_owned))
    }

    /// A string that is not empty.
    pub(crate) fn name(&mut self, name: &'static str) -> Result<Option<String>, InputError> {
        self.get(name, "a string that is not empty", |value| {
            value.as_str().filter(|text| !text.is_empty()).map(ToOwned::to_owned)
        })
    }

    pub(crate) fn whole(
        &mut self,
        name: &'static str,
        range: RangeInclusive<u64>,
    ) -> Result<Option<u64>, InputError> {
        let allowed = format!("a whole number from {} to {}", range.start(), range.end());
        let Some(value) = self.numeric(name) else { return Ok(None) };
        let read = |value: &Value| whole_number(value).filter(|number| range.contains(number));
        self.read(name, &value, &allowed, read).map(Some)
    }

    pub(crate) fn number(
        &mut self,
        name: &'static str,
        allowed: &str,
        is_allowed: impl FnOnce(f64) -> bool,
    ) -> Result<Option<f64>, InputError> {
        let Some(value) = self.numeric(name) else { return Ok(None) };
        self.read(name, &value, allowed, |value| value.as_f64().filter(|number| is_allowed(*number)))
            .map(Some)
    }

    /// A duration of at most `longest`, in seconds that may have a fraction.
    pub(crate) fn seconds(
        &mut self,
        name: &'static str,
        longest: Duration,
    ) -> Result<Option<Duration>, InputError> {
        let longest = longest.as_secs_f64();
        let allowed = format!("a number of seconds from 0 to {longest}");
        let seconds = self.number(name, &allowed, |seconds| (0.0..=longest).contains(&seconds))?;
        Ok(seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()))
    }

    /// One of the values that have a name.
    pub(crate) fn choice<T: Named>(&mut self, name: &'static str) -> Result<Option<T>, InputError> {
        let Some(value) = self.value(name) else { return Ok(None) };
        if let Some(chosen) = value.as_str().and_then(T::of_name) {
            return Ok(Some(chosen));
        }
        let names = T::names();
        let problem = wrong(&value, &format!("a string, {}", one_of(&names)));
        let suggestion = value.as_str().and_then(|text| nearest(text, names));
        let suggestion = suggestion.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default();
        Err(self.unusable(name, problem + &suggestion))
    }

    /// Bytes in base64.
    pub(crate) fn base64(&mut self, name: &'static str) -> Result<Option<Vec<u8>>, InputError> {
        self.get(name, "a string in base64", |value| BASE64_STANDARD.decode(value.as_str()?).ok())
    }

    pub(crate) fn object(&mut self, name: &'static str) -> Result<Option<Self>, InputError> {
        let members = self.get(name, "an object", |value| value.as_object().cloned())?;
        Ok(members.map(|members| Self::new(Place::Object(self.path_of(name)), members)))
    }

    /// A member of any type.
    pub(crate) fn value(&mut self, name: &'static str) -> Option<Value> {
        self.known.push(name);
        self.members.remove(name)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.members.contains_key(name)
    }

    /// Refuses an object without members, which asks for nothing.
    pub(crate) fn some(&self) -> Result<(), InputError> {
        if self.members.is_empty() {
            let problem = "is an empty object; it must be an object with at least one member".to_owned();
            return Err(InputError::Document { problem });
        }
        Ok(())
    }

    /// Refuses the members that were not taken.
    pub(crate) fn done(&self) -> Result<(), InputError> {
        let Some(name) = self.members.keys().next() else { return Ok(()) };
        Err(self.unusable(shown(name), unknown(name, &self.known, "this path takes no members")))
    }

    /// The error for a member that is missing.
    pub(crate) fn missing(&self, name: &str, allowed: &str) -> InputError {
        self.unusable(name, format!("is missing; it must be {allowed}"))
    }

    /// The error for two members of which only one may be given.
    pub(crate) fn conflict(&self, name: &str, other: &str) -> InputError {
        self.unusable(name, format!("cannot stand beside `{}`; leave one of them out", self.path_of(other)))
    }

    pub(crate) fn unusable(&self, name: &str, problem: impl Into<String>) -> InputError {
        let (path, problem) = (self.path_of(name), problem.into());
        match self.place {
            Place::Object(_) => InputError::Member { path, problem },
            Place::Query => InputError::Parameter { name: path, problem },
        }
    }

    fn read<T>(
        &self,
        name: &str,
        value: &Value,
        allowed: &str,
        read: impl FnOnce(&Value) -> Option<T>,
    ) -> Result<T, InputError> {
        read(value).ok_or_else(|| self.unusable(name, wrong(value, allowed)))
    }

    /// A member of any type, in which the text of a query may be a number.
    fn numeric(&mut self, name: &'static str) -> Option<Value> {
        let value = self.value(name)?;
        let text = value.as_str().filter(|_| matches!(self.place, Place::Query));
        let number = text.filter(|text| !text.contains(|c: char| c.is_ascii_whitespace()));
        let number: Option<Value> = number.and_then(|text| serde_json::from_str(text).ok());
        Some(number.filter(Value::is_number).unwrap_or(value))
    }

    pub(crate) fn path_of(&self, name: &str) -> String {
        match &self.place {
            Place::Object(path) if !path.is_empty() => format!("{path}.{name}"),
            _ => name.to_owned(),
        }
    }
}

/// A number without a fraction, as JSON Schema understands an integer: 2.0 is one, too.
pub(crate) fn whole_number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| {
        let number = value.as_f64().filter(|number| *number >= 0.0 && number.fract() == 0.0)?;
        format!("{:.0}", number.abs()).parse().ok()
    })
}
