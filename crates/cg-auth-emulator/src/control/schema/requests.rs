//! The schemas of the request bodies and parameters, apart from that of a script.

use cg_auth_core::{model::JsonContract, token::DurationUnit};
use serde_json::{Value, json};

use super::parts::{choice, count, flag, not_together, object, optional, seconds, text, whole};
use crate::{
    control::requests::LONGEST_WAIT,
    operation::Operation,
    service::{KeyHeaderPolicy, RefreshRotation, Refusals},
    state::Part,
};

pub(in crate::control) fn clock_change() -> Value {
    let mut schema = some(&[
        ("frozen", flag()),
        ("set", json!({ "type": ["string", "number"], "minimum": 0, "exclusiveMaximum": BEYOND })),
        ("advance_seconds", json!({ "type": "number", "minimum": 0, "exclusiveMaximum": BEYOND })),
    ]);
    schema["allOf"] = json!([not_together(&["set", "advance_seconds"])]);
    schema
}

pub(in crate::control) fn settings_change() -> Value {
    some(&settings_members())
}

pub(super) fn settings_members() -> [(&'static str, Value); 9] {
    let lifetime = || whole(1, u64::MAX);
    [
        ("token_lifetime_seconds", lifetime()),
        ("refresh_token_lifetime_seconds", json!({ "anyOf": [lifetime(), { "type": "null" }] })),
        ("duration_unit", choice::<DurationUnit>()),
        ("refresh_rotation", choice::<RefreshRotation>()),
        ("reuse_detection", flag()),
        ("token_cache", flag()),
        ("key_header_policy", choice::<KeyHeaderPolicy>()),
        ("contract", json!({ "anyOf": [choice::<JsonContract>(), { "type": "null" }] })),
        ("refusals", choice::<Refusals>()),
    ]
}

pub(in crate::control) fn new_user() -> Value {
    let mut schema = optional(&user_members());
    schema["properties"]["user_principal_name"] = visible_ascii();
    schema["required"] = json!(["user_principal_name", "client_secret"]);
    schema
}

pub(in crate::control) fn user_change() -> Value {
    some(&user_members())
}

fn user_members() -> [(&'static str, Value); 4] {
    [
        ("client_secret", visible_ascii()),
        ("second_secret", json!({ "anyOf": [visible_ascii(), { "type": "null" }] })),
        ("enabled", flag()),
        ("administrator", flag()),
    ]
}

/// Exactly one of the three.
pub(in crate::control) fn revocation() -> Value {
    let all = json!({ "type": "boolean", "enum": [true] });
    let mut schema = some(&[("token", text()), ("user", text()), ("all", all)]);
    schema["maxProperties"] = json!(1);
    schema
}

pub(in crate::control) fn digest_of() -> Value {
    object(&[("value", text())])
}

/// The schema of a parameter in a query or path.
pub(in crate::control) fn parameter(name: &str) -> Value {
    match name {
        "operation" => choice::<Operation>(),
        "part" => choice::<Part>(),
        "user" => text(),
        "within" => seconds(LONGEST_WAIT.as_secs_f64()),
        _ => count(),
    }
}

/// An object with at least one of these members.
fn some(members: &[(&str, Value)]) -> Value {
    let mut schema = optional(members);
    schema["minProperties"] = json!(1);
    schema
}

fn visible_ascii() -> Value {
    json!({ "type": "string", "pattern": "^[!-~]+$" })
}

/// 2^64, the first number of seconds that no duration holds.
const BEYOND: f64 = 18_446_744_073_709_551_616.0;
