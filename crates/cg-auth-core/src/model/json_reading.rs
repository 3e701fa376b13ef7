//! Reading a model, leniently (SPEC section 11): names ignore case and underscores, unknown members are
//! skipped, of several members with one name the documented spelling wins and then the last.
//!
//! A member is first taken as it comes ([`Found`]) and judged once it is known to be the one that counts.
//! So a duplicate that loses cannot fail the document, and no message of `serde_json`, which quotes values,
//! is ever needed.

mod found;

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, Error as _, MapAccess, Visitor},
};

pub(super) use self::found::{AnyScalar, Lines};
pub(crate) use self::found::{Found, FromJson};

/// Why a JSON document could not be read: the place or the member, never a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JsonError {
    /// The document ends before it is complete.
    #[error("the JSON document is cut off at line {line} column {column}")]
    #[non_exhaustive]
    CutOff {
        /// Line of the end, counted from 1.
        line: usize,
        /// Column of the end, in bytes.
        column: usize,
    },
    /// The document is no JSON, is not UTF-8, is nested too deep, or something follows it.
    #[error("the JSON document is malformed at line {line} column {column}")]
    #[non_exhaustive]
    Malformed {
        /// Line of the problem, counted from 1.
        line: usize,
        /// Column of the problem, in bytes.
        column: usize,
    },
    /// A member, or the document itself, is of a type that cannot be meant.
    #[error("in the JSON document {member} is {found}")]
    #[non_exhaustive]
    WrongType {
        /// The member's documented name, or "the whole".
        member: &'static str,
        /// What was found instead, for instance "a boolean".
        found: &'static str,
    },
}

impl From<serde_json::Error> for JsonError {
    fn from(error: serde_json::Error) -> Self {
        let (line, column) = (error.line(), error.column());
        if error.is_eof() { Self::CutOff { line, column } } else { Self::Malformed { line, column } }
    }
}

/// A model that is read in two steps: taken as found, then judged.
pub(crate) trait ReadJson: Sized {
    type Found: FromJson;

    fn judge(found: Self::Found) -> Result<Self, JsonError>;
}

/// Reads one document; content decides, one UTF-8 byte order mark is allowed.
pub(crate) fn read_json<T: ReadJson>(bytes: &[u8]) -> Result<T, JsonError> {
    let document = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let mut deserializer = serde_json::Deserializer::from_slice(document);
    let found = Found::deserialize(&mut deserializer)?;
    deserializer.end()?;
    judge(found)
}

/// The body of every model's `Deserialize`.
pub(super) fn deserialize<'de, T: ReadJson, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    judge(Found::deserialize(deserializer)?).map_err(D::Error::custom)
}

fn judge<T: ReadJson>(found: Found<T::Found>) -> Result<T, JsonError> {
    match found {
        Found::Value(value) => T::judge(value),
        Found::Null => Err(JsonError::WrongType { member: "the whole", found: "null" }),
        Found::Wrong(found) => Err(JsonError::WrongType { member: "the whole", found }),
    }
}

/// The member of a name, and what was found of it so far.
pub(crate) struct Member<T> {
    /// The spelling of the camelCase contract.
    name: &'static str,
    found: Found<T>,
    documented: bool,
}

impl<T: FromJson> Member<T> {
    pub(super) const fn named(name: &'static str) -> Self {
        Self { name, found: Found::Null, documented: false }
    }

    /// Whether the spelling `name` means this member.
    pub(super) fn is_called(&self, name: &str) -> bool {
        fn letters(name: &str) -> impl Iterator<Item = u8> {
            name.bytes().filter(|byte| *byte != b'_').map(|byte| byte.to_ascii_lowercase())
        }
        letters(name).eq(letters(self.name))
    }

    /// Takes the value that follows the spelling `name`.
    pub(super) fn take<'de, A: MapAccess<'de>>(
        &mut self,
        name: &str,
        object: &mut A,
    ) -> Result<(), A::Error> {
        let found = object.next_value()?;
        let documented = name == self.name;
        if documented || !self.documented {
            self.found = found;
            self.documented |= documented;
        }
        Ok(())
    }

    /// The value that counts, `None` when it is null or missing.
    pub(super) fn judge(self) -> Result<Option<T>, JsonError> {
        match self.found {
            Found::Null => Ok(None),
            Found::Value(value) => Ok(Some(value)),
            Found::Wrong(found) => Err(JsonError::WrongType { member: self.name, found }),
        }
    }
}

/// Fills a struct of [`Member`]s from an object: each member by any of its spellings, the rest skipped.
macro_rules! take_members {
    ($object:ident, $($member:expr),+ $(,)?) => {
        while let Some(name) = $crate::model::json_reading::next_name(&mut $object)? {
            $(if $member.is_called(&name) {
                $member.take(&name, &mut $object)?;
                continue;
            })+
            $object.next_value::<serde::de::IgnoredAny>()?;
        }
    };
}
pub(super) use take_members;

/// The next member's name. A name longer than any documented one is cut: it cannot be meant.
pub(crate) fn next_name<'de, A: MapAccess<'de>>(object: &mut A) -> Result<Option<Box<str>>, A::Error> {
    object.next_key_seed(NameSeed)
}

struct NameSeed;

impl<'de> DeserializeSeed<'de> for NameSeed {
    type Value = Box<str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for NameSeed {
    type Value = Box<str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(if name.len() <= LONGEST_NAME { name.into() } else { Box::default() })
    }
}

const LONGEST_NAME: usize = 64;
