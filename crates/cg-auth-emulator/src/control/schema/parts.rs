//! The parts that schemas are made of.

use serde_json::{Map, Value, json};

use crate::names::Named;

/// An object with exactly these members.
pub(super) fn object(members: &[(&str, Value)]) -> Value {
    let mut schema = optional(members);
    schema["required"] = members.iter().map(|(name, _)| *name).collect();
    schema
}

/// An object with some of these members.
pub(super) fn optional(members: &[(&str, Value)]) -> Value {
    let members = members.iter().map(|(name, schema)| ((*name).to_owned(), schema.clone()));
    let members: Map<_, _> = members.collect();
    json!({ "type": "object", "properties": members, "additionalProperties": false })
}

/// The name of a value.
pub(super) fn choice<T: Named>() -> Value {
    json!({ "type": "string", "enum": T::names() })
}

pub(super) fn list(items: &Value) -> Value {
    json!({ "type": "array", "items": items })
}

pub(super) fn count() -> Value {
    whole(0, u64::MAX)
}

pub(super) fn whole(least: u64, most: u64) -> Value {
    json!({ "type": "integer", "minimum": least, "maximum": most })
}

pub(super) fn seconds(most: f64) -> Value {
    json!({ "type": "number", "minimum": 0, "maximum": most })
}

pub(super) fn flag() -> Value {
    json!({ "type": "boolean" })
}

pub(super) fn string() -> Value {
    json!({ "type": "string" })
}

/// A string that is not empty.
pub(super) fn text() -> Value {
    json!({ "type": "string", "minLength": 1 })
}

pub(super) fn time() -> Value {
    json!({ "type": "string", "format": "date-time" })
}

pub(super) fn or_null(kind: &str) -> Value {
    json!({ "type": [kind, "null"] })
}

/// Refuses an object that has all of these members.
pub(super) fn not_together(names: &[&str]) -> Value {
    json!({ "not": { "required": names } })
}
