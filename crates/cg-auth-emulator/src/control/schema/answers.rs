//! The schemas of the answers.

use serde_json::{Value, json};

use super::{
    parts::{choice, count, flag, list, object, or_null, string, time},
    requests::settings_members,
};
use crate::{
    operation::Operation,
    scripts::{FaultKind, ScriptState, When},
};

pub(in crate::control) fn error() -> Value {
    let error = json!({
        "type": "object",
        "properties": { "code": string(), "message": string(), "count": count() },
        "required": ["code", "message"],
        "additionalProperties": false,
    });
    object(&[("error", error)])
}

pub(in crate::control) fn index() -> Value {
    let row = json!({
        "type": "object",
        "properties": {
            "method": string(), "path": string(), "query": list(&string()), "summary": string(),
        },
        "required": ["method", "path", "summary"],
        "additionalProperties": false,
    });
    object(&[("version", string()), ("routes", list(&row))])
}

/// An OpenAPI document. Its own specification describes it.
pub(in crate::control) fn open_api() -> Value {
    json!({ "type": "object", "required": ["openapi", "info", "paths"] })
}

pub(in crate::control) fn health() -> Value {
    object(&[("status", json!({ "enum": ["ok"] })), ("version", string()), ("now", time())])
}

pub(in crate::control) fn clock() -> Value {
    object(&[("now", time()), ("now_epoch", count()), ("frozen", flag())])
}

pub(in crate::control) fn settings() -> Value {
    object(&settings_members())
}

pub(in crate::control) fn state() -> Value {
    object(&[
        ("version", string()),
        ("clock", clock()),
        ("requests", object(&[("counts", counts()), ("kept", count()), ("forgotten", count())])),
        ("scripts", count()),
        ("users", object(&[("total", count()), ("enabled", count()), ("administrators", count())])),
        ("tokens", object(&[("issued", count()), ("refresh_tokens", count()), ("cached_tokens", count())])),
        ("settings", settings()),
    ])
}

pub(in crate::control) fn requests() -> Value {
    object(&[("counts", counts()), ("forgotten", count()), ("requests", list(&request()))])
}

pub(in crate::control) fn arrived() -> Value {
    object(&[("count", count()), ("requests", list(&request()))])
}

fn request() -> Value {
    let header = json!({ "type": "array", "items": string(), "minItems": 2, "maxItems": 2 });
    object(&[
        ("number", count()),
        ("operation", choice::<Operation>()),
        ("method", string()),
        ("path", string()),
        ("user", or_null("string")),
        ("headers", list(&header)),
        ("body_length", count()),
        ("client_secret_digest", or_null("string")),
        ("access_token_digest", or_null("string")),
        ("refresh_token_digest", or_null("string")),
        ("issued_access_token_digest", or_null("string")),
        ("issued_refresh_token_digest", or_null("string")),
        ("status", or_null("integer")),
        ("received_at", time()),
        ("elapsed_seconds", or_null("number")),
        ("connection", count()),
        ("http_version", string()),
        ("alpn", or_null("string")),
        ("scripted", flag()),
    ])
}

pub(in crate::control) fn added_script() -> Value {
    json!({ "type": "object", "properties": { "id": count() }, "required": ["id"] })
}

pub(in crate::control) fn scripts() -> Value {
    object(&[("scripts", list(&script_summary()))])
}

pub(in crate::control) fn script_summary() -> Value {
    object(&[
        ("id", count()),
        ("operation", choice::<Operation>()),
        ("state", choice::<ScriptState>()),
        ("remaining", or_null("integer")),
        ("hits", count()),
        ("probability", json!({ "type": "number" })),
        ("user", or_null("string")),
        ("headers", list(&string())),
        ("when", choice::<When>()),
        ("delay_seconds", json!({ "type": "number" })),
        ("ending", json!({ "type": "string", "enum": ["passthrough", "answer", "refuse"] })),
        ("status", or_null("integer")),
        ("fault", json!({ "anyOf": [choice::<FaultKind>(), { "type": "null" }] })),
    ])
}

pub(in crate::control) fn faults() -> Value {
    let row = object(&[("name", string()), ("script", json!({ "type": "object" })), ("seen", string())]);
    object(&[("faults", list(&row))])
}

pub(in crate::control) fn users() -> Value {
    object(&[("users", list(&user()))])
}

pub(in crate::control) fn user() -> Value {
    object(&[
        ("user_principal_name", string()),
        ("enabled", flag()),
        ("administrator", flag()),
        ("client_secret_digest", string()),
        ("second_secret", flag()),
    ])
}

pub(in crate::control) fn digest() -> Value {
    object(&[("digest", string())])
}

fn counts() -> Value {
    let counts: Vec<_> = Operation::ALL.iter().map(|operation| (operation.as_str(), count())).collect();
    object(&counts)
}
