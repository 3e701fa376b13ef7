//! A validator of JSON schemas, for the keywords that the schemas use. It knows no other keyword.

use serde_json::Value;

/// Panics unless `value` matches `schema`.
pub(super) fn validate(schema: &Value, value: &Value, place: &str) {
    assert!(!schema.is_null(), "{place}: no schema for {value}");
    if let Err(problem) = check(schema, value) {
        panic!("{place}: {problem}");
    }
}

/// Says why `value` does not match `schema`.
pub(super) fn check(schema: &Value, value: &Value) -> Result<(), String> {
    for (keyword, rule) in schema.as_object().expect("a schema") {
        if !holds(keyword, rule, schema, value) {
            return Err(format!("{value} breaks {keyword}: {rule}"));
        }
        let inner: Vec<_> = match keyword.as_str() {
            "properties" => {
                let members = value.as_object().into_iter().flatten();
                members.filter_map(|(name, member)| Some((rule.get(name)?, member))).collect()
            }
            "additionalProperties" if rule.is_object() => {
                let members = value.as_object().into_iter().flatten();
                members
                    .filter(|(name, _)| schema["properties"].get(name).is_none())
                    .map(|(_, it)| (rule, it))
                    .collect()
            }
            "items" => value.as_array().into_iter().flatten().map(|item| (rule, item)).collect(),
            "allOf" => rule.as_array().unwrap().iter().map(|schema| (schema, value)).collect(),
            _ => Vec::new(),
        };
        inner.into_iter().try_for_each(|(schema, value)| check(schema, value))?;
    }
    Ok(())
}

fn holds(keyword: &str, rule: &Value, schema: &Value, value: &Value) -> bool {
    let number =
        |holds: fn(f64, f64) -> bool| value.as_f64().is_none_or(|it| holds(it, rule.as_f64().unwrap()));
    let length = value.as_str().map(|text| text.chars().count() as u64);
    let (items, members) = (value.as_array().map(Vec::len), value.as_object());
    let all = |names: &Value, members: &serde_json::Map<String, Value>| {
        names.as_array().unwrap().iter().all(|name| members.contains_key(name.as_str().unwrap()))
    };
    let at_least = |count: Option<u64>| count.is_none_or(|count| count >= rule.as_u64().unwrap());
    let at_most = |count: Option<u64>| count.is_none_or(|count| count <= rule.as_u64().unwrap());
    match keyword {
        "type" if rule.is_array() => rule.as_array().unwrap().iter().any(|kind| is(value, kind)),
        "type" => is(value, rule),
        "enum" => rule.as_array().unwrap().iter().any(|allowed| {
            // 200 and 200.0 are the same number.
            allowed == value || allowed.is_number() && allowed.as_f64() == value.as_f64()
        }),
        "minimum" => number(|it, least| it >= least),
        // As floating-point numbers, the largest u64 and the number after it are equal.
        "maximum" if value.is_u64() && rule.is_u64() => value.as_u64() <= rule.as_u64(),
        "maximum" if rule.as_u64() == Some(u64::MAX) => number(|it, most| it < most),
        "maximum" => number(|it, most| it <= most),
        "exclusiveMaximum" => number(|it, most| it < most),
        "exclusiveMinimum" => number(|it, least| it > least),
        "minLength" => at_least(length),
        "pattern" => {
            assert_eq!(rule, "^[!-~]+$", "the test does not know this pattern");
            value
                .as_str()
                .is_none_or(|text| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic()))
        }
        "minItems" => at_least(items.map(|it| it as u64)),
        "maxItems" => at_most(items.map(|it| it as u64)),
        "minProperties" => at_least(members.map(|it| it.len() as u64)),
        "maxProperties" => at_most(members.map(|it| it.len() as u64)),
        "required" => members.is_none_or(|members| all(rule, members)),
        "dependentRequired" => members.is_none_or(|members| {
            rule.as_object()
                .unwrap()
                .iter()
                .all(|(name, needed)| !members.contains_key(name) || all(needed, members))
        }),
        "additionalProperties" if rule == false => {
            members.is_none_or(|members| members.keys().all(|name| schema["properties"].get(name).is_some()))
        }
        "anyOf" => rule.as_array().unwrap().iter().any(|schema| check(schema, value).is_ok()),
        "not" => check(rule, value).is_err(),
        "properties" | "items" | "allOf" | "format" | "contentEncoding" => true,
        "additionalProperties" if rule.is_object() => true,
        _ => panic!("the test does not know the keyword {keyword}"),
    }
}

fn is(value: &Value, kind: &Value) -> bool {
    match kind.as_str().unwrap() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        "number" => value.is_number(),
        "null" => value.is_null(),
        kind => panic!("a schema has the type {kind}"),
    }
}
