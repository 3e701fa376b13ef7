//! The JSON schemas of the control API's requests and answers.

use serde_json::{Map, Value, json};

use crate::{operation::Operation, scripts::When, state::Part};

pub(super) fn error() -> Value {
    let error = json!({
        "type": "object",
        "properties": { "code": string(), "message": string(), "count": count() },
        "required": ["code", "message"],
        "additionalProperties": false,
    });
    object(&[("error", error)])
}

pub(super) fn index() -> Value {
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
pub(super) fn open_api() -> Value {
    json!({ "type": "object", "required": ["openapi", "info", "paths"] })
}

pub(super) fn health() -> Value {
    object(&[("status", json!({ "enum": ["ok"] })), ("version", string()), ("now", time())])
}

pub(super) fn clock() -> Value {
    object(&[("now", time()), ("now_epoch", count()), ("frozen", flag())])
}

pub(super) fn clock_change() -> Value {
    optional(&[
        ("frozen", flag()),
        ("set", json!({ "type": ["string", "number"] })),
        ("advance_seconds", json!({ "type": "number", "minimum": 0 })),
    ])
}

pub(super) fn settings() -> Value {
    object(&settings_members())
}

pub(super) fn settings_change() -> Value {
    optional(&settings_members())
}

fn settings_members() -> [(&'static str, Value); 9] {
    let lifetime = |kind: Value| json!({ "type": kind, "minimum": 1 });
    [
        ("token_lifetime_seconds", lifetime(json!("integer"))),
        ("refresh_token_lifetime_seconds", lifetime(json!(["integer", "null"]))),
        ("duration_unit", json!({ "enum": ["milliseconds", "seconds", "minutes", "hours"] })),
        ("refresh_rotation", json!({ "enum": ["rotate", "keep"] })),
        ("reuse_detection", flag()),
        ("token_cache", flag()),
        ("key_header_policy", json!({ "enum": ["both", "either", "body_only"] })),
        ("contract", json!({ "enum": ["camel_case", "pascal_case", null] })),
        ("refusals", json!({ "enum": ["bad_request", "is_success_false"] })),
    ]
}

pub(super) fn state() -> Value {
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

pub(super) fn requests() -> Value {
    object(&[("counts", counts()), ("forgotten", count()), ("requests", list(&request()))])
}

pub(super) fn arrived() -> Value {
    object(&[("count", count()), ("requests", list(&request()))])
}

fn request() -> Value {
    let header = json!({ "type": "array", "items": string(), "minItems": 2, "maxItems": 2 });
    object(&[
        ("number", count()),
        ("operation", operation()),
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

/// The README describes the members of a script.
pub(super) fn script() -> Value {
    let probability = json!({ "type": "number", "minimum": 0, "maximum": 1 });
    let document = json!({ "type": "object" });
    let mut schema = optional(&[
        ("operation", operation()),
        ("times", count()),
        ("always", flag()),
        ("probability", probability),
        ("match", document.clone()),
        ("when", when()),
        ("delay_seconds", json!({ "type": "number", "minimum": 0, "maximum": 86_400 })),
        ("answer", document.clone()),
        ("refuse", document),
        ("drop_connection", flag()),
        ("fault", json!({ "type": ["string", "object"] })),
    ]);
    schema["required"] = json!(["operation"]);
    schema
}

pub(super) fn added_script() -> Value {
    json!({ "type": "object", "properties": { "id": count() }, "required": ["id"] })
}

pub(super) fn scripts() -> Value {
    let row = object(&[
        ("id", count()),
        ("operation", operation()),
        ("remaining", or_null("integer")),
        ("hits", count()),
        ("probability", json!({ "type": "number" })),
        ("user", or_null("string")),
        ("headers", list(&string())),
        ("when", when()),
        ("delay_seconds", json!({ "type": "number" })),
        ("ending", string()),
        ("status", or_null("integer")),
        ("fault", or_null("string")),
    ]);
    object(&[("scripts", list(&row))])
}

pub(super) fn faults() -> Value {
    let row = object(&[("name", string()), ("script", json!({ "type": "object" })), ("seen", string())]);
    object(&[("faults", list(&row))])
}

fn when() -> Value {
    json!({ "enum": [When::Before.as_str(), When::After.as_str()] })
}

pub(super) fn users() -> Value {
    object(&[("users", list(&user()))])
}

pub(super) fn user() -> Value {
    object(&[
        ("user_principal_name", string()),
        ("enabled", flag()),
        ("administrator", flag()),
        ("client_secret_digest", string()),
        ("second_secret", flag()),
    ])
}

pub(super) fn new_user() -> Value {
    let mut schema = optional(&user_members());
    schema["properties"]["user_principal_name"] = string();
    schema["required"] = json!(["user_principal_name", "client_secret"]);
    schema
}

pub(super) fn user_change() -> Value {
    optional(&user_members())
}

fn user_members() -> [(&'static str, Value); 4] {
    [
        ("client_secret", string()),
        ("second_secret", or_null("string")),
        ("enabled", flag()),
        ("administrator", flag()),
    ]
}

/// Exactly one of the three.
pub(super) fn revocation() -> Value {
    let mut schema = optional(&[("token", string()), ("user", string()), ("all", json!({ "enum": [true] }))]);
    schema["minProperties"] = json!(1);
    schema["maxProperties"] = json!(1);
    schema
}

/// The schema of a parameter in a query or path.
pub(super) fn parameter(name: &str) -> Value {
    match name {
        "operation" => operation(),
        "part" => json!({ "enum": Part::ALL.iter().map(|it| it.as_str()).collect::<Vec<_>>() }),
        "user" => string(),
        "within" => json!({ "type": "number", "minimum": 0, "maximum": 300 }),
        _ => count(),
    }
}

/// An object with exactly these members.
fn object(members: &[(&str, Value)]) -> Value {
    let mut schema = optional(members);
    schema["required"] = members.iter().map(|(name, _)| *name).collect();
    schema
}

/// An object with some of these members.
fn optional(members: &[(&str, Value)]) -> Value {
    let members = members.iter().map(|(name, schema)| ((*name).to_owned(), schema.clone()));
    let members: Map<_, _> = members.collect();
    json!({ "type": "object", "properties": members, "additionalProperties": false })
}

fn counts() -> Value {
    let counts: Vec<_> = Operation::ALL.iter().map(|operation| (operation.as_str(), count())).collect();
    object(&counts)
}

fn operation() -> Value {
    json!({ "enum": Operation::ALL.iter().map(|it| it.as_str()).collect::<Vec<_>>() })
}

fn list(items: &Value) -> Value {
    json!({ "type": "array", "items": items })
}

fn count() -> Value {
    json!({ "type": "integer", "minimum": 0 })
}

fn flag() -> Value {
    json!({ "type": "boolean" })
}

fn string() -> Value {
    json!({ "type": "string" })
}

fn time() -> Value {
    json!({ "type": "string", "format": "date-time" })
}

fn or_null(kind: &str) -> Value {
    json!({ "type": [kind, "null"] })
}
