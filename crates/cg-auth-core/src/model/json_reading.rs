//! Lenient JSON reading ([wire protocol, section 11]).
//!
//! Names ignore case and underscores. Unknown members are skipped. Of several members with one name the
//! documented spelling wins, then the last.
//!
//! Reading takes two steps. [`Found`] stores a member of any type; `from_found` checks the one that wins. So
//! a losing duplicate of a wrong type cannot fail the document, and no error text of `serde_json`, which quotes
//! values, is used.
//!
//! [wire protocol, section 11]: crate::docs::wire#11-ambiguities-and-how-a-robust-client-should-treat-them

mod from_json;
mod plain;

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, Visitor},
};

use self::from_json::Slot;
pub(super) use self::from_json::{AnyScalar, Lines};
pub(crate) use self::{
    from_json::{Found, FromJson, Pass},
    plain::PlainJson,
};

/// A JSON document could not be read. The error names the place or the member, never a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum JsonError {
    /// The document ends before it is complete.
    #[non_exhaustive]
    CutOff {
        /// The line where the document ends, counted from 1.
        line: usize,
        /// The column where the document ends, in bytes.
        column: usize,
    },
    /// The document is not JSON, is not UTF-8, is nested too deep, or is followed by more text.
    #[non_exhaustive]
    Malformed {
        /// The line of the problem, counted from 1.
        line: usize,
        /// The column of the problem, in bytes.
        column: usize,
    },
    /// A member, or the document itself, has a wrong type.
    #[non_exhaustive]
    WrongType {
        /// The member's documented name, or "the document".
        member: &'static str,
        /// The type that was found, for instance "a boolean".
        found: &'static str,
    },
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CutOff { line, column } => {
                write!(f, "the JSON document is cut off at line {line} column {column}")
            }
            Self::Malformed { line, column } => {
                write!(f, "the JSON document is malformed at line {line} column {column}")
            }
            Self::WrongType { member, found } => write!(f, "unexpected JSON: {member} is {found}"),
        }
    }
}

impl std::error::Error for JsonError {}

impl From<serde_json::Error> for JsonError {
    fn from(error: serde_json::Error) -> Self {
        let (line, column) = (error.line(), error.column());
        if error.is_eof() { Self::CutOff { line, column } } else { Self::Malformed { line, column } }
    }
}

/// A model that is read in two steps: found, then checked.
pub(crate) trait ReadJson: Sized {
    type Found: FromJson;

    fn from_found(found: Self::Found) -> Result<Self, JsonError>;
}

/// Reads one document from `bytes`. One UTF-8 byte order mark before it is skipped.
pub(crate) fn read_json<T: ReadJson>(bytes: &[u8]) -> Result<T, JsonError> {
    let document = PlainJson::of(bytes);
    let found = found_in(document.as_bytes(), Pass::Quick)
        .or_else(|_| found_in(document.as_bytes(), Pass::Lenient))
        .map_err(|error| place_in(bytes, error))?;
    read_found(found)
}

fn found_in<T: FromJson>(document: &[u8], pass: Pass) -> Result<Found<T>, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_slice(document);
    let mut found = Found::Null;
    Slot { found: &mut found, pass }.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(found)
}

/// The error with its place in the document as it was sent, whose escapes are longer.
fn place_in(bytes: &[u8], error: serde_json::Error) -> serde_json::Error {
    let document = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    serde_json::from_slice::<IgnoredAny>(document).err().unwrap_or(error)
}

/// Implements `Deserialize` for every model.
pub(super) fn deserialize<'de, T: ReadJson, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    read_found(Found::deserialize(deserializer)?).map_err(D::Error::custom)
}

fn read_found<T: ReadJson>(found: Found<T::Found>) -> Result<T, JsonError> {
    match found {
        Found::Value(value) => T::from_found(value),
        Found::Null => Err(JsonError::WrongType { member: "the document", found: "null" }),
        Found::Wrong(found) => Err(JsonError::WrongType { member: "the document", found }),
    }
}

/// A member, and the value that wins among those found so far.
pub(crate) struct Member<T> {
    /// The documented name, in the spelling of the camelCase contract.
    name: &'static str,
    found: Found<T>,
    documented: bool,
}

impl<T: FromJson> Member<T> {
    pub(super) const fn named(name: &'static str) -> Self {
        Self { name, found: Found::Null, documented: false }
    }

    /// The documented name.
    pub(super) const fn name(&self) -> &'static str {
        self.name
    }

    /// Reads the value after `name` and keeps it if it wins over the one found before.
    pub(super) fn take<'de, A: MapAccess<'de>>(
        &mut self,
        name: Name,
        object: &mut A,
        pass: Pass,
    ) -> Result<(), A::Error> {
        let wins = name.is_documented || !self.documented;
        self.documented |= name.is_documented;
        let mut loser = Found::Null;
        object.next_value_seed(Slot { found: if wins { &mut self.found } else { &mut loser }, pass })
    }

    /// Keeps the value after `name` if it wins over the one found before.
    pub(super) fn keep(&mut self, name: Name, found: Found<T>) {
        if name.is_documented || !self.documented {
            self.found = found;
            self.documented |= name.is_documented;
        }
    }

    /// The winning value; `None` if it is null or missing.
    pub(super) fn into_value(self) -> Result<Option<T>, JsonError> {
        match self.found {
            Found::Null => Ok(None),
            Found::Value(value) => Ok(Some(value)),
            Found::Wrong(found) => Err(JsonError::WrongType { member: self.name, found }),
        }
    }
}

/// Reads an object into [`Member`]s, each under any of its spellings, and skips all other members.
macro_rules! take_members {
    ($object:ident, $pass:ident, $($member:expr),+ $(,)?) => {
        let names = [$($member.name()),+];
        while let Some(name) = $crate::model::json_reading::next_name(&mut $object, &names)? {
            let mut members = 0..;
            $(if members.next() == name.member {
                $member.take(name, &mut $object, $pass)?;
                continue;
            })+
            $object.next_value::<serde::de::IgnoredAny>()?;
        }
    };
}
pub(super) use take_members;

/// The name of the next member, compared with the documented names in `known`. It is never copied.
pub(crate) fn next_name<'de, A: MapAccess<'de>>(
    object: &mut A,
    known: &[&'static str],
) -> Result<Option<Name>, A::Error> {
    object.next_key_seed(NameSeed(known))
}

/// What the name of a member means.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Name {
    /// The place among the known names; `None` for another name.
    pub(crate) member: Option<usize>,
    /// Whether it is spelled as documented.
    pub(crate) is_documented: bool,
}

struct NameSeed<'a>(&'a [&'static str]);

impl<'de> DeserializeSeed<'de> for NameSeed<'_> {
    type Value = Name;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Name, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for NameSeed<'_> {
    type Value = Name;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Name, E> {
        let documented = self.0.iter().position(|known| *known == name);
        let member = documented.or_else(|| self.0.iter().position(|known| is_spelling(name, known)));
        Ok(Name { member, is_documented: documented.is_some() })
    }
}

/// Whether `name` is a spelling of `documented`: names ignore case and underscores.
fn is_spelling(name: &str, documented: &str) -> bool {
    fn letters(name: &str) -> impl Iterator<Item = u8> {
        name.bytes().filter(|byte| *byte != b'_').map(|byte| byte.to_ascii_lowercase())
    }
    letters(name).eq(letters(documented))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Envelope;

    #[test]
    fn what_the_quick_pass_reads_the_lenient_one_reads_alike() {
        let values = [
            r#""t""#,
            r#""""#,
            "null",
            "7",
            "true",
            r#"["t"]"#,
            r#"{"t":1}"#,
            r#""é""#,
            "\"\u{9b}\"",
            "\"\u{7f}\"",
            r#""\"\\""#,
            r#""a\nb""#,
            r#""\ud800""#,
            r#""\u00""#,
            "\"a\nb\"",
            "\"a",
            r#""a" "b""#,
            "",
        ];
        for name in ["access_token", "AccessToken", "refresh_token", "duration"] {
            for value in values {
                for end in ["}", "", ",", r#","access_token":"second","access_Token":"third"}"#] {
                    let document = format!(r#"{{"isSuccess":true,"value":{{"{name}":{value}{end}}}"#);
                    let read = |pass| found_in(document.as_bytes(), pass).ok().map(read_found::<Envelope>);
                    let tokens = |envelope: Result<Envelope, JsonError>| envelope.map(|it| it.value);
                    let [quick, lenient] = [Pass::Quick, Pass::Lenient].map(|pass| read(pass).map(tokens));
                    assert!(quick.is_none() || quick == lenient, "{document}");
                    let is_plain = matches!(value, r#""t""# | "null") && end.ends_with('}');
                    assert!(quick.is_some() || !is_plain, "{document}");
                }
            }
        }
        for token in [&b"\xff"[..], b"\xed\xa0\x80", b"a\x01"] {
            let document = [br#"{"value":{"access_token":""#, token, br#""}}"#].concat();
            assert!(found_in::<<Envelope as ReadJson>::Found>(&document, Pass::Quick).is_err());
        }
    }
}
