//! [`parse`]: reads JSON, in which no object may repeat a member.

use std::{cell::RefCell, fmt};

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::{error::InputError, wording::shown};

/// Reads a JSON document. A byte order mark before it does not matter.
pub(crate) fn parse(document: &[u8]) -> Result<Value, InputError> {
    let document = document.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(document);
    if document.trim_ascii().is_empty() {
        return Err(InputError::Document { problem: "is empty; it must be an object".to_owned() });
    }
    let repeated = RefCell::default();
    let mut json = serde_json::Deserializer::from_slice(document);
    let read = Strict(&repeated).deserialize(&mut json);
    read.and_then(|value| json.end().map(|()| value)).map_err(|error| match repeated.take() {
        Some(path) => InputError::Member { path, problem: "is repeated; give it once".to_owned() },
        // The library has no other way to tell this error.
        None if error.to_string().starts_with("recursion limit") => {
            InputError::Document { problem: "is nested too deeply; 100 levels are enough".to_owned() }
        }
        None => InputError::Syntax { line: error.line(), column: error.column() },
    })
}

/// Reads a value, and leaves the path of the first repeated member in the cell.
#[derive(Clone, Copy)]
struct Strict<'a>(&'a RefCell<Option<String>>);

impl Strict<'_> {
    /// Puts the name of the enclosing member or the place in an array before the path.
    fn inside(self, name: impl fmt::Display) {
        if let Some(path) = &mut *self.0.borrow_mut() {
            let separator = if path.starts_with('[') { "" } else { "." };
            *path = format!("{name}{separator}{path}");
        }
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Value, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        loop {
            let item =
                array.next_element_seed(self).inspect_err(|_| self.inside(format_args!("[{}]", items.len())));
            match item? {
                Some(item) => items.push(item),
                None => return Ok(items.into()),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some(name) = object.next_key::<String>()? {
            if members.contains_key(&name) {
                *self.0.borrow_mut() = Some(shown(&name).to_owned());
                return Err(de::Error::custom("a repeated member"));
            }
            let value = object.next_value_seed(self).inspect_err(|_| self.inside(shown(&name)))?;
            members.insert(name, value);
        }
        Ok(members.into())
    }
}
