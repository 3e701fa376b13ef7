//! The words about a value that is not allowed.

use serde_json::Value;

use crate::names::nearest;

/// What is wrong with a value. `allowed` names each type that is allowed, in the words of JSON.
pub(crate) fn wrong(value: &Value, allowed: &str) -> String {
    let (seen, kind) = match value {
        Value::Null => ("null", "null"),
        Value::Bool(_) => ("a boolean", "boolean"),
        Value::Number(number) => match number.as_f64() {
            Some(number) if number < 0.0 => ("a negative number", "number"),
            Some(number) if number.fract() != 0.0 => ("a number with a fraction", "number"),
            _ => ("a number", "number"),
        },
        Value::String(text) if text.is_empty() => ("an empty string", "string"),
        Value::String(_) => ("a string", "string"),
        Value::Array(items) if items.is_empty() => ("an empty array", "array"),
        Value::Array(_) => ("an array", "array"),
        Value::Object(_) => ("an object", "object"),
    };
    // The type alone would not say what is wrong if it is the right one.
    let is_right_type = allowed.split([' ', ',', ';']).any(|word| word == kind);
    let is_plain = seen.split(' ').count() <= 2;
    let rest = if is_right_type && is_plain { " that is not allowed" } else { "" };
    format!("is {seen}{rest}; it must be {allowed}")
}

/// What is wrong with a name that is not known.
pub(super) fn unknown(name: &str, known: &[&str], nothing: &str) -> String {
    let hidden = if is_shown(name) { "" } else { " (its name may be a secret, so it is not shown)" };
    if known.is_empty() {
        return format!("is unknown{hidden}; {nothing}");
    }
    let suggestion = nearest(name, known.iter().copied());
    let suggestion = suggestion.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default();
    format!("is unknown{hidden}; allowed are {}{suggestion}", known.join(", "))
}

/// A name as an error shows it, or `?` for one that does not look like a name, because a secret may stand in
/// its place.
pub(crate) fn shown(name: &str) -> &str {
    if is_shown(name) { name } else { "?" }
}

fn is_shown(name: &str) -> bool {
    let word = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let is_word = word.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'_' || byte == b'-');
    !word.is_empty() && is_word && name.len() <= 32 && name.len() - word.len() <= 2
}
