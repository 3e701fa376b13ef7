//! [`Found`]: a JSON value of any type, before it is checked.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use zeroize::Zeroizing;

/// The value found where a `T` is expected. `Wrong` names its type.
pub(crate) enum Found<T> {
    Null,
    Value(T),
    Wrong(&'static str),
}

/// The JSON types from which a `T` can be read. The default of each method refuses its type.
pub(crate) trait FromJson: Sized {
    fn from_bool(_: bool) -> Option<Self> {
        None
    }

    fn from_integer(_: i64) -> Option<Self> {
        None
    }

    fn from_float(_: f64) -> Option<Self> {
        None
    }

    fn from_text(_: &str) -> Option<Self> {
        None
    }

    /// Whether it is a token, which [`Pass::Quick`] reads by [`from_bytes`](Self::from_bytes).
    const IS_TOKEN: bool = false;

    fn from_bytes(_: &[u8]) -> Option<Self> {
        None
    }

    fn from_array<'de, A: SeqAccess<'de>>(mut array: A) -> Result<Option<Self>, A::Error> {
        while array.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    /// A value whose members [`read_members`](Self::read_members) fills in, if an object is expected.
    fn of_object() -> Option<Self> {
        None
    }

    fn read_members<'de, A: MapAccess<'de>>(&mut self, mut object: A, _: Pass) -> Result<(), A::Error> {
        skip_members(&mut object)
    }
}

/// A document is read quickly, and if that fails, leniently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pass {
    /// Fails if a token is neither a valid one nor null. What it reads, the other pass reads alike.
    ///
    /// `serde_json` finds the end of a text fastest if it need not check the bytes. A token checks them itself.
    Quick,
    /// Takes any value for a token.
    Lenient,
}

fn skip_members<'de, A: MapAccess<'de>>(object: &mut A) -> Result<(), A::Error> {
    while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
    Ok(())
}

impl<'de, T: FromJson> Deserialize<'de> for Found<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut found = Self::Null;
        Slot { found: &mut found, pass: Pass::Lenient }.deserialize(deserializer)?;
        Ok(found)
    }
}

/// The place into which a value is read, so that an object is not moved from one reader to the next.
pub(super) struct Slot<'a, T> {
    pub(super) found: &'a mut Found<T>,
    pub(super) pass: Pass,
}

impl<T: FromJson> Slot<'_, T> {
    fn is_quick_token(&self) -> bool {
        T::IS_TOKEN && self.pass == Pass::Quick
    }

    fn put<E>(self, value: Option<T>, otherwise: &'static str) -> Result<(), E> {
        *self.found = value.map_or(Found::Wrong(otherwise), Found::Value);
        Ok(())
    }
}

impl<'de, T: FromJson> DeserializeSeed<'de> for Slot<'_, T> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if self.is_quick_token() {
            deserializer.deserialize_option(self)
        } else {
            deserializer.deserialize_any(self)
        }
    }
}

impl<'de, T: FromJson> Visitor<'de> for Slot<'_, T> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        *self.found = Found::Null;
        Ok(())
    }

    fn visit_none<E>(self) -> Result<(), E> {
        *self.found = Found::Null;
        Ok(())
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if self.is_quick_token() {
            deserializer.deserialize_bytes(self)
        } else {
            deserializer.deserialize_any(self)
        }
    }

    fn visit_bytes<E: Error>(self, value: &[u8]) -> Result<(), E> {
        let token = T::from_bytes(value).ok_or_else(|| E::custom("not a valid token"))?;
        *self.found = Found::Value(token);
        Ok(())
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.put(T::from_bool(value), "a boolean")
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        self.put(T::from_integer(value), "a number")
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        self.put(T::from_integer(i64::try_from(value).unwrap_or(i64::MAX)), "a number")
    }

    fn visit_f64<E>(self, value: f64) -> Result<(), E> {
        self.put(T::from_float(value), "a number")
    }

    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        self.put(T::from_text(value), "a string")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, array: A) -> Result<(), A::Error> {
        self.put(T::from_array(array)?, "an array")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<(), A::Error> {
        *self.found = T::of_object().map_or(Found::Wrong("an object"), Found::Value);
        match self.found {
            Found::Value(value) => value.read_members(object, self.pass),
            Found::Null | Found::Wrong(_) => skip_members(&mut object),
        }
    }
}

/// A string, unchanged.
impl FromJson for Zeroizing<String> {
    fn from_text(text: &str) -> Option<Self> {
        Some(Self::new(text.to_owned()))
    }
}

/// A boolean, or its name as a string in any case.
impl FromJson for bool {
    fn from_bool(value: bool) -> Option<Self> {
        Some(value)
    }

    fn from_text(text: &str) -> Option<Self> {
        if text.eq_ignore_ascii_case("true") {
            Some(true)
        } else if text.eq_ignore_ascii_case("false") {
            Some(false)
        } else {
            None
        }
    }
}

/// A number, truncated and saturated, or a string that holds one.
impl FromJson for i64 {
    fn from_integer(value: i64) -> Option<Self> {
        Some(value)
    }

    fn from_float(value: f64) -> Option<Self> {
        value.is_finite().then_some(value as Self)
    }

    fn from_text(text: &str) -> Option<Self> {
        text.parse().ok().or_else(|| text.parse().ok().and_then(Self::from_float))
    }
}

/// Text for people, read from any scalar type. The service may echo a secret in it, so it is zeroed.
pub(crate) struct AnyScalar(Zeroizing<String>);

impl AnyScalar {
    fn of(text: String) -> Option<Self> {
        Some(Self(Zeroizing::new(text)))
    }

    pub(crate) fn into_text(self) -> Zeroizing<String> {
        self.0
    }
}

impl FromJson for AnyScalar {
    fn from_bool(value: bool) -> Option<Self> {
        Self::of(value.to_string())
    }

    fn from_integer(value: i64) -> Option<Self> {
        Self::of(value.to_string())
    }

    fn from_float(value: f64) -> Option<Self> {
        // `Display` writes 1e308 with all its zeros.
        Self::of(format!("{value:?}"))
    }

    fn from_text(text: &str) -> Option<Self> {
        Self::of(text.to_owned())
    }
}

/// Lines of text: an array of scalars, or one string.
pub(crate) struct Lines(Vec<AnyScalar>);

impl Lines {
    pub(crate) fn into_lines(self) -> Vec<Zeroizing<String>> {
        self.0.into_iter().map(AnyScalar::into_text).collect()
    }
}

impl FromJson for Lines {
    fn from_text(text: &str) -> Option<Self> {
        Some(Self(AnyScalar::from_text(text).into_iter().collect()))
    }

    fn from_array<'de, A: SeqAccess<'de>>(mut array: A) -> Result<Option<Self>, A::Error> {
        let mut lines = Vec::new();
        while let Some(line) = array.next_element::<Found<AnyScalar>>()? {
            if let Found::Value(line) = line {
                lines.push(line);
            }
        }
        Ok(Some(Self(lines)))
    }
}
