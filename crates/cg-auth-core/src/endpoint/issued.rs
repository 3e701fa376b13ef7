//! [`Issued`]: the tokens that an answer holds, whatever its shape.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use zeroize::Zeroizing;

use super::redaction::{is_like_a_value, names_a_secret, names_the_value, quoted_values, token_values};
use crate::model::{PlainJson, lossy_text};

/// The tokens of an answer.
#[derive(Default)]
pub(super) struct Issued {
    texts: Vec<Zeroizing<String>>,
    /// Whether there are more than can be searched for, or some that cannot be found.
    are_too_many: bool,
    /// What stands below a member such as `value`, until a later member names it or its object ends.
    unnamed: Vec<Zeroizing<String>>,
}

impl Issued {
    /// The tokens in a body: every text below a JSON member whose name names a secret, at any depth, also of
    /// a document that is cut off or followed by more; and the words of any other text that stand where a
    /// token stands.
    pub(super) fn read(body: &[u8]) -> Self {
        let mut issued = Self::default();
        let json = PlainJson::of(body);
        let mut deserializer = serde_json::Deserializer::from_slice(json.as_bytes());
        // A document that ends early or is malformed has shown its first members all the same.
        let walk = Walk { issued: &mut issued, holds: Holds::Anything, is_unnamed: false, is_quoted: false };
        let is_walked = walk.deserialize(&mut deserializer).is_ok();
        // The reader of the answer skips what the walk cannot read, such as a number that is too large.
        issued.are_too_many |= !is_walked && serde_json::from_slice::<IgnoredAny>(body).is_ok();
        let searched = &body[..body.len().min(SEARCHED)];
        let text = lossy_text(searched);
        for value in quoted_values(&text) {
            // A value that is cut off, or that is no JSON, is searched for as it is.
            let plain = PlainJson::of(value.as_bytes());
            let decoded = serde_json::from_slice::<String>(plain.as_bytes()).map(Zeroizing::new);
            issued.add(decoded.as_deref().map_or(value.trim_matches('"'), |decoded| decoded));
            // Each value may reach to the end of the text, so their number is bounded.
            if issued.are_too_many {
                break;
            }
        }
        for word in token_values(&text).into_iter().take(MOST_WORDS) {
            issued.add(word);
        }
        issued
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.texts.iter().map(|text| text.as_bytes())
    }

    pub(super) const fn are_too_many(&self) -> bool {
        self.are_too_many
    }

    fn add(&mut self, text: &str) {
        if text.trim().is_empty() || self.texts.iter().any(|known| known.as_str() == text) {
            return;
        }
        if self.texts.len() < MOST_TEXTS {
            self.texts.push(Zeroizing::new(text.to_owned()));
        } else {
            self.are_too_many = true;
        }
    }
}

/// Walks through one JSON value and collects every text that is a secret.
struct Walk<'a> {
    issued: &'a mut Issued,
    holds: Holds,
    /// Whether a later member may name the value, as in `{"value":"...","name":"access_token"}`.
    is_unnamed: bool,
    /// Whether the value stands in a document that is itself a text. A text in it is read no further.
    is_quoted: bool,
}

/// What the name of a member says about the texts below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Holds {
    Anything,
    /// Something about a token, as `token_type` does: a word of a language is none.
    AboutASecret,
    Secrets,
}

impl Walk<'_> {
    fn below(&mut self, holds: Holds, is_unnamed: bool) -> Walk<'_> {
        Walk {
            issued: self.issued,
            holds: self.holds.max(holds),
            is_unnamed: self.is_unnamed || is_unnamed,
            is_quoted: self.is_quoted,
        }
    }
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    /// Whether the value is a text that names a secret, as in `{"name":"access_token","value":"..."}`.
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_bool<E>(self, _: bool) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_i64<E>(self, _: i64) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_u64<E>(self, number: u64) -> Result<bool, E> {
        if number >= SMALLEST_NUMBER {
            match self.holds {
                Holds::Secrets => self.issued.add(&Zeroizing::new(number.to_string())),
                _ if self.is_unnamed => self.issued.unnamed.push(Zeroizing::new(number.to_string())),
                _ => (),
            }
        }
        Ok(false)
    }

    fn visit_f64<E>(self, _: f64) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_str<E>(self, text: &str) -> Result<bool, E> {
        if self.is_unnamed && self.holds != Holds::Secrets {
            self.issued.unnamed.push(Zeroizing::new(text.to_owned()));
        }
        match self.holds {
            Holds::Secrets => self.issued.add(text),
            Holds::AboutASecret if is_like_a_value(text) => self.issued.add(text),
            _ if !self.is_quoted && text.trim_start().starts_with(['{', '[']) => {
                let mut deserializer = serde_json::Deserializer::from_str(text);
                let _ = Walk { is_quoted: true, ..self }.deserialize(&mut deserializer);
            }
            _ => (),
        }
        Ok(names_the_value(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut array: A) -> Result<bool, A::Error> {
        let mut holds = Holds::Anything;
        while let Some(names) = array.next_element_seed(self.below(holds, false))? {
            if names {
                holds = Holds::Secrets;
            }
        }
        Ok(false)
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut object: A) -> Result<bool, A::Error> {
        let mut named = false;
        let begin = self.issued.unnamed.len();
        while let Some(name) = object.next_key_seed(Name)? {
            let holds = match name {
                Names::Value if named => Holds::Secrets,
                Names::Value | Names::Other => Holds::Anything,
                Names::AboutASecret => Holds::AboutASecret,
                Names::Secret => Holds::Secrets,
            };
            let is_unnamed = matches!(name, Names::Value) && !named;
            if object.next_value_seed(self.below(holds, is_unnamed))? {
                named = true;
                for text in self.issued.unnamed.split_off(begin) {
                    self.issued.add(&text);
                }
            }
        }
        if !self.is_unnamed {
            self.issued.unnamed.truncate(begin);
        }
        Ok(false)
    }
}

/// What the name of a member says.
enum Names {
    Other,
    /// `value` and the like, whose meaning another member may name.
    Value,
    AboutASecret,
    Secret,
}

struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Names;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Names, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Name {
    type Value = Names;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Names, E> {
        Ok(match name {
            _ if names_the_value(name) => Names::Secret,
            _ if names_a_secret(name) => Names::AboutASecret,
            _ if VALUES.iter().any(|value| name.eq_ignore_ascii_case(value)) => Names::Value,
            _ => Names::Other,
        })
    }
}

const VALUES: [&str; 6] = ["value", "val", "content", "data", "text", "#text"];

/// The most bytes of a body in which tokens outside JSON members are looked for.
const SEARCHED: usize = 64 * 1024;

/// A smaller number is a count or a lifetime.
const SMALLEST_NUMBER: u64 = 1_000_000;

/// The most texts of an answer that are searched for, so that the work stays linear.
const MOST_TEXTS: usize = 32;

/// The most words of a text that are not in JSON members and that are searched for elsewhere in the answer.
const MOST_WORDS: usize = 8;

#[cfg(test)]
mod tests;
