//! [`Section`]: a table of a TOML file. The caller takes each known key out of it, and [`Section::done`]
//! refuses the keys that are left.
//!
//! The errors of the `toml` crate quote the file, which may hold a secret by mistake. The errors of this
//! module name only the line or the key.

use std::{
    path::{Path, PathBuf},
    time::SystemTime,
};

use cg_auth_transport_util::environment::expanded;
use toml::{Table, Value};

use crate::{nearest::suggestion, output::escaped, time_format::parse_rfc3339};

/// A table, and its path in the file.
#[derive(Debug)]
pub(crate) struct Section {
    path: String,
    table: Table,
    /// The keys that the caller has asked for.
    known: Vec<String>,
}

/// Why a file cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TomlError {
    #[error("cannot read the file")]
    Unreadable(#[from] std::io::Error),
    #[error("invalid TOML at line {line}, column {column}")]
    Syntax { line: usize, column: usize },
    #[error("{member} is {seen}; it must be {expected}")]
    WrongType { member: String, seen: &'static str, expected: &'static str },
    #[error("{member} is not a known setting{suggestion}")]
    Unknown { member: String, suggestion: String },
    #[error("{member}: {problem}")]
    Unusable { member: String, problem: String },
    #[error("{member} must not be in this file; use client_secret_file or client_secret_command")]
    Literal { member: String },
}

impl Section {
    /// Parses a whole file.
    pub(crate) fn parse(text: &str) -> Result<Self, TomlError> {
        let table = text.parse::<Table>().map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            let before = text.get(..at).unwrap_or_default();
            let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
            TomlError::Syntax {
                line: before.matches('\n').count() + 1,
                column: before[line_start..].chars().count() + 1,
            }
        })?;
        Ok(Self::new(String::new(), table))
    }

    const fn new(path: String, table: Table) -> Self {
        Self { path, table, known: Vec::new() }
    }

    /// The value of `key` as text.
    pub(crate) fn text(&mut self, key: &str) -> Result<Option<String>, TomlError> {
        self.take(key, "a string", |value| match value {
            Value::String(text) => Some(text),
            _ => None,
        })
    }

    /// The value of `key`, converted from text by `parse`.
    pub(crate) fn parsed<T>(
        &mut self,
        key: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<Option<T>, TomlError> {
        let Some(text) = self.text(key)? else { return Ok(None) };
        parse(&text).map(Some).map_err(|problem| self.unusable(key, problem))
    }

    /// The value of `key` as a path, relative to `folder` or, after `~`, to the home folder.
    pub(crate) fn path(&mut self, key: &str, folder: &Path) -> Result<Option<PathBuf>, TomlError> {
        Ok(self.text(key)?.map(|text| folder.join(expanded(text))))
    }

    /// The value of `key` as true or false.
    pub(crate) fn flag(&mut self, key: &str) -> Result<Option<bool>, TomlError> {
        self.take(key, "a boolean, true or false", |value| value.as_bool())
    }

    /// The value of `key` as a whole number.
    pub(crate) fn whole_number(&mut self, key: &str) -> Result<Option<u64>, TomlError> {
        self.take(key, "a whole number, 0 or greater", |value| value.as_integer()?.try_into().ok())
    }

    /// The value of `key` as a time, which the file may quote or not.
    pub(crate) fn time(&mut self, key: &str) -> Result<Option<SystemTime>, TomlError> {
        let text =
            self.take(key, "a date with a time, such as 2030-01-01T00:00:00Z", |value| match value {
                Value::String(text) => Some(text),
                Value::Datetime(time) => Some(time.to_string()),
                _ => None,
            })?;
        let time = text.map(|text| parse_rfc3339(&text)).transpose();
        time.map_err(|problem| self.unusable(key, problem))
    }

    /// The value of `key` as a list of tables. The path of each holds its place in the list, from 0.
    pub(crate) fn list_of_sections(&mut self, key: &str) -> Result<Vec<Self>, TomlError> {
        let path = self.member(key);
        let section = |(place, value)| match value {
            Value::Table(table) => Some(Self::new(format!("{path}[{place}]"), table)),
            _ => None,
        };
        let sections = self.take(key, "an array of tables", |value| match value {
            Value::Array(values) => values.into_iter().enumerate().map(section).collect(),
            _ => None,
        })?;
        Ok(sections.unwrap_or_default())
    }

    /// The value of `key` as a list of strings.
    pub(crate) fn texts(&mut self, key: &str) -> Result<Option<Vec<String>>, TomlError> {
        self.take(key, "an array of strings", |value| match value {
            Value::Array(values) => values
                .into_iter()
                .map(|value| match value {
                    Value::String(text) => Some(text),
                    _ => None,
                })
                .collect(),
            _ => None,
        })
    }

    /// The value of `key` as a table.
    pub(crate) fn section(&mut self, key: &str) -> Result<Option<Self>, TomlError> {
        let path = self.member(key);
        let table = self.take(key, "a table", |value| match value {
            Value::Table(table) => Some(table),
            _ => None,
        })?;
        Ok(table.map(|table| Self::new(path, table)))
    }

    /// Every value in the table with its key. A value that is not a table is an error of its own.
    pub(crate) fn sections(mut self) -> Vec<(String, Result<Self, TomlError>)> {
        let keys: Vec<String> = self.table.keys().cloned().collect();
        let section = |key: String| {
            let section = self.section(&key).transpose()?;
            Some((key, section))
        };
        keys.into_iter().filter_map(section).collect()
    }

    /// The keys whose values are tables.
    pub(crate) fn names_of_sections(&self) -> Vec<String> {
        self.table.iter().filter(|(_, value)| value.is_table()).map(|(key, _)| key.clone()).collect()
    }

    /// Refuses a key that is one of `names`, in any spelling. The value is not read.
    pub(crate) fn refuse_literal(&self, names: &[&str]) -> Result<(), TomlError> {
        let bare = |key: &str| key.replace(['_', '-'], "").to_ascii_lowercase();
        match self.table.keys().find(|key| names.iter().any(|name| bare(name) == bare(key))) {
            Some(key) => Err(TomlError::Literal { member: self.member(key) }),
            None => Ok(()),
        }
    }

    /// Refuses the keys that were not taken.
    pub(crate) fn done(self) -> Result<(), TomlError> {
        match self.table.keys().next() {
            Some(key) => {
                let suggestion = suggestion(key, self.known.iter().map(String::as_str));
                Err(TomlError::Unknown { member: self.member(key), suggestion })
            }
            None => Ok(()),
        }
    }

    /// Adds a name to the path, so that each error about this table tells which one it is.
    pub(crate) fn name(&mut self, name: &str) {
        self.path = format!("{} ({})", self.path, escaped(name));
    }

    /// The whole table as JSON.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        json_of(&Value::Table(self.table.clone()))
    }

    /// An error about the whole table.
    pub(crate) fn unusable_whole(&self, problem: impl Into<String>) -> TomlError {
        TomlError::Unusable { member: self.path.clone(), problem: problem.into() }
    }

    /// An error about `key`.
    pub(crate) fn unusable(&self, key: &str, problem: impl Into<String>) -> TomlError {
        TomlError::Unusable { member: self.member(key), problem: problem.into() }
    }

    fn take<T>(
        &mut self,
        key: &str,
        expected: &'static str,
        read: impl FnOnce(Value) -> Option<T>,
    ) -> Result<Option<T>, TomlError> {
        self.known.push(key.to_owned());
        let Some(value) = self.table.remove(key) else { return Ok(None) };
        let seen = seen(&value);
        let wrong = || TomlError::WrongType { member: self.member(key), seen, expected };
        read(value).map(Some).ok_or_else(wrong)
    }

    fn member(&self, key: &str) -> String {
        let key = escaped(key);
        if self.path.is_empty() { key } else { format!("{}.{key}", self.path) }
    }
}

/// The type of a value that cannot be used. An array is unusable for what it holds.
fn seen(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "a string",
        Value::Integer(..0) => "a negative integer",
        Value::Integer(_) => "an integer",
        Value::Float(_) => "a float",
        Value::Boolean(_) => "a boolean",
        Value::Datetime(_) => "a date",
        Value::Array(_) => "an array with other values",
        Value::Table(_) => "a table",
    }
}

/// The value of JSON that is most like a value of TOML. A date becomes a text, and so does `inf` or `nan`.
fn json_of(value: &Value) -> serde_json::Value {
    match value {
        Value::String(text) => text.as_str().into(),
        Value::Integer(number) => (*number).into(),
        Value::Float(number) if number.is_finite() => (*number).into(),
        Value::Float(number) => number.to_string().into(),
        Value::Boolean(flag) => (*flag).into(),
        Value::Datetime(time) => time.to_string().into(),
        Value::Array(values) => values.iter().map(json_of).collect(),
        Value::Table(table) => table.iter().map(|(key, value)| (key.clone(), json_of(value))).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_the_key_and_not_its_value() {
        let mut file = Section::parse("a = 'canary'\n[b]\nc = 'canary'\nd = 1\n").unwrap();
        let mut b = file.section("b").unwrap().unwrap();
        assert_eq!(
            b.flag("c").unwrap_err().to_string(),
            "b.c is a string; it must be a boolean, true or false"
        );
        assert_eq!(b.done().unwrap_err().to_string(), "b.d is not a known setting");
        assert_eq!(file.done().unwrap_err().to_string(), "a is not a known setting");
    }

    #[test]
    fn an_unknown_key_names_a_known_one_that_is_like_it() {
        let mut file = Section::parse("profile = 1\n").unwrap();
        file.section("profiles").unwrap();
        file.text("default_profile").unwrap();
        let text = "profile is not a known setting; did you mean profiles?";
        assert_eq!(file.done().unwrap_err().to_string(), text);
    }

    #[test]
    fn a_syntax_error_names_line_and_column() {
        let error = Section::parse("a = 'x'\nclient_secret = canary").unwrap_err();
        assert_eq!(error.to_string(), "invalid TOML at line 2, column 17");
    }

    #[test]
    fn a_secret_in_the_file_is_refused_in_any_spelling() {
        for key in ["client_secret", "clientSecret", "Client-Secret"] {
            let file = Section::parse(&format!("{key} = 'canary'")).unwrap();
            let error = file.refuse_literal(&["client_secret"]).unwrap_err().to_string();
            assert!(error.starts_with(&format!("{key} must not be in this file")), "{error}");
        }
    }

    #[test]
    fn every_value_has_one_in_json_and_a_date_is_a_text() {
        let text = "a = 2030-01-01T00:00:00Z\nb = [1, 2.5, nan, true, 'x']\nc = { d = 08:00:00 }";
        let json = serde_json::json!({
            "a": "2030-01-01T00:00:00Z", "b": [1, 2.5, "NaN", true, "x"], "c": { "d": "08:00:00" },
        });
        assert_eq!(Section::parse(text).unwrap().to_json(), json);
    }
}
