//! [`Section`]: a table of a TOML file whose members are taken one by one, so that what is left is unknown.
//!
//! The library's own messages quote the file, which may hold a secret by mistake; these name the place and
//! the member only.

use std::path::{Path, PathBuf};

use toml::{Table, Value};

use crate::output::escaped;

/// A table, and where in the file it is.
#[derive(Debug)]
pub(crate) struct Section {
    path: String,
    table: Table,
}

/// What is wrong with a file.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TomlError {
    #[error("it cannot be read")]
    Unreadable(#[from] std::io::Error),
    #[error("it is no TOML from line {line}, column {column} on")]
    Syntax { line: usize, column: usize },
    #[error("{member} is not {expected}")]
    WrongType { member: String, expected: &'static str },
    #[error("{member} is unknown")]
    Unknown { member: String },
    #[error("{member} cannot be used: {problem}")]
    Unusable { member: String, problem: String },
    #[error("{member} stands there in the clear")]
    Literal { member: String },
}

impl Section {
    /// The whole file.
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
        Ok(Self { path: String::new(), table })
    }

    /// The member `key` as text.
    pub(crate) fn text(&mut self, key: &str) -> Result<Option<String>, TomlError> {
        self.take(key, "text", |value| match value {
            Value::String(text) => Some(text),
            _ => None,
        })
    }

    /// The member `key` as what `parse` makes of its text.
    pub(crate) fn parsed<T>(
        &mut self,
        key: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<Option<T>, TomlError> {
        let Some(text) = self.text(key)? else { return Ok(None) };
        parse(&text).map(Some).map_err(|problem| self.unusable(key, problem))
    }

    /// The member `key` as a path, relative to `folder`.
    pub(crate) fn path(&mut self, key: &str, folder: &Path) -> Result<Option<PathBuf>, TomlError> {
        Ok(self.text(key)?.map(|text| folder.join(text)))
    }

    /// The member `key` as yes or no.
    pub(crate) fn flag(&mut self, key: &str) -> Result<Option<bool>, TomlError> {
        self.take(key, "true or false", |value| value.as_bool())
    }

    /// The member `key` as a number that counts something.
    pub(crate) fn whole_number(&mut self, key: &str) -> Result<Option<u64>, TomlError> {
        self.take(key, "a whole number from 0 on", |value| value.as_integer()?.try_into().ok())
    }

    /// The member `key` as a list of tables.
    pub(crate) fn list_of_sections(&mut self, key: &str) -> Result<Vec<Self>, TomlError> {
        let path = self.member(key);
        let section = |value| match value {
            Value::Table(table) => Some(Self { path: path.clone(), table }),
            _ => None,
        };
        let sections = self.take(key, "a list of tables", |value| match value {
            Value::Array(values) => values.into_iter().map(section).collect(),
            _ => None,
        })?;
        Ok(sections.unwrap_or_default())
    }

    /// The member `key` as a list of text.
    pub(crate) fn texts(&mut self, key: &str) -> Result<Option<Vec<String>>, TomlError> {
        self.take(key, "a list of text", |value| match value {
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

    /// The member `key` as a table.
    pub(crate) fn section(&mut self, key: &str) -> Result<Option<Self>, TomlError> {
        let path = self.member(key);
        let table = self.take(key, "a table", |value| match value {
            Value::Table(table) => Some(table),
            _ => None,
        })?;
        Ok(table.map(|table| Self { path, table }))
    }

    /// Every member, each of which is a table.
    pub(crate) fn sections(mut self) -> Result<Vec<(String, Self)>, TomlError> {
        let keys: Vec<String> = self.table.keys().cloned().collect();
        let mut sections = Vec::with_capacity(keys.len());
        for key in keys {
            if let Some(section) = self.section(&key)? {
                sections.push((key, section));
            }
        }
        Ok(sections)
    }

    /// Refuses a member of one of these names, however it is spelled, without looking at its value.
    pub(crate) fn refuse_literal(&self, names: &[&str]) -> Result<(), TomlError> {
        let bare = |key: &str| key.replace(['_', '-'], "").to_ascii_lowercase();
        match self.table.keys().find(|key| names.iter().any(|name| bare(name) == bare(key))) {
            Some(key) => Err(TomlError::Literal { member: self.member(key) }),
            None => Ok(()),
        }
    }

    /// Refuses what nobody has taken.
    pub(crate) fn done(self) -> Result<(), TomlError> {
        match self.table.keys().next() {
            Some(key) => Err(TomlError::Unknown { member: self.member(key) }),
            None => Ok(()),
        }
    }

    /// An error about the member `key`.
    pub(crate) fn unusable(&self, key: &str, problem: impl Into<String>) -> TomlError {
        TomlError::Unusable { member: self.member(key), problem: problem.into() }
    }

    fn take<T>(
        &mut self,
        key: &str,
        expected: &'static str,
        read: impl FnOnce(Value) -> Option<T>,
    ) -> Result<Option<T>, TomlError> {
        let Some(value) = self.table.remove(key) else { return Ok(None) };
        let wrong = || TomlError::WrongType { member: self.member(key), expected };
        read(value).map(Some).ok_or_else(wrong)
    }

    fn member(&self, key: &str) -> String {
        let key = escaped(key);
        if self.path.is_empty() { key } else { format!("{}.{key}", self.path) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_that_is_wrong_is_named_and_its_value_is_not() {
        let mut file = Section::parse("a = 'canary'\n[b]\nc = 'canary'\nd = 1\n").unwrap();
        let mut b = file.section("b").unwrap().unwrap();
        assert_eq!(b.flag("c").unwrap_err().to_string(), "b.c is not true or false");
        assert_eq!(b.done().unwrap_err().to_string(), "b.d is unknown");
        assert_eq!(file.done().unwrap_err().to_string(), "a is unknown");
    }

    #[test]
    fn a_broken_file_is_told_by_line_and_column() {
        let error = Section::parse("a = 'x'\nclient_secret = canary").unwrap_err();
        assert_eq!(error.to_string(), "it is no TOML from line 2, column 17 on");
    }

    #[test]
    fn a_literal_is_refused_however_it_is_spelled() {
        for key in ["client_secret", "clientSecret", "Client-Secret"] {
            let file = Section::parse(&format!("{key} = 'canary'")).unwrap();
            let error = file.refuse_literal(&["client_secret"]).unwrap_err().to_string();
            assert_eq!(error, format!("{key} stands there in the clear"));
        }
    }
}
