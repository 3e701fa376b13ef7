//! The schema of a script. The README describes its members.

use serde_json::{Value, json};

use super::parts::{choice, count, flag, list, not_together, optional, seconds, string, text, whole};
use crate::{
    names::Named,
    operation::Operation,
    scripts::{
        AnswerPart, ConnectionEnd, FaultKind, Format, LAST_STREAM, LONGEST_DELAY, MANY, MOST_INTERIM,
        NamedFault, Place, When,
    },
};

pub(in crate::control) fn script() -> Value {
    let mut schema = optional(&[
        ("operation", choice::<Operation>()),
        ("times", whole(1, u64::MAX)),
        ("always", flag()),
        ("probability", json!({ "type": "number", "exclusiveMinimum": 0, "maximum": 1 })),
        ("match", request_match()),
        ("when", choice::<When>()),
        ("delay_seconds", delay()),
        ("answer", answer()),
        ("refuse", refusal()),
        ("drop_connection", flag()),
        ("fault", fault()),
    ]);
    schema["required"] = json!(["operation"]);
    let is_true = |name: &str| json!({ "properties": { name: { "enum": [true] } }, "required": [name] });
    let drops = is_true("drop_connection");
    let has = |name: &str| json!({ "required": [name] });
    let by_name = json!({ "anyOf": [{ "type": "string" }, { "required": ["name"] }] });
    let names_a_fault = json!({ "properties": { "fault": by_name }, "required": ["fault"] });
    let not_both = |one: Value, other: Value| json!({ "not": { "allOf": [one, other] } });
    schema["anyOf"] = json!([has("answer"), has("refuse"), has("fault"), has("delay_seconds"), drops]);
    schema["allOf"] = json!([
        not_together(&["answer", "refuse"]),
        not_both(has("answer"), drops.clone()),
        not_both(has("refuse"), drops),
        not_both(has("times"), is_true("always")),
        { "anyOf": [names_a_fault, { "properties": { "answer": complete(), "refuse": complete() } }] },
    ]);
    schema
}

fn request_match() -> Value {
    let value = json!({ "type": ["string", "null"] });
    let by_value = json!({ "type": "object", "additionalProperties": value });
    optional(&[("user", text()), ("headers", json!({ "anyOf": [list(&string()), by_value] }))])
}

fn answer() -> Value {
    let pair = json!({ "type": "array", "items": string(), "minItems": 2, "maxItems": 2 });
    let by_name = json!({ "type": "object", "additionalProperties": string() });
    let [seconds, format] = retry_after();
    let mut schema = optional(&[
        ("status", whole(200, 599)),
        ("headers", json!({ "anyOf": [by_name, list(&pair)] })),
        // Any JSON. A string is sent as it is.
        ("body", json!({})),
        ("body_base64", json!({ "type": "string", "contentEncoding": "base64" })),
        seconds,
        format,
    ]);
    let without_body = json!({ "properties": { "status": { "enum": [204, 205, 304] } } });
    let has_body = json!({ "anyOf": [{ "required": ["body"] }, { "required": ["body_base64"] }] });
    schema["allOf"] = json!([
        not_together(&["body", "body_base64"]),
        { "not": { "allOf": [without_body, has_body] } },
    ]);
    schema
}

fn refusal() -> Value {
    let [seconds, format] = retry_after();
    optional(&[("status", whole(400, 599)), seconds, format])
}

fn retry_after() -> [(&'static str, Value); 2] {
    [("retry_after_seconds", count()), ("retry_after_format", choice::<Format>())]
}

/// An answer or a refusal to which no named fault adds members.
fn complete() -> Value {
    json!({
        "required": ["status"],
        "dependentRequired": { "retry_after_format": ["retry_after_seconds"] },
    })
}

/// The name of a fault, a name with other parameters, or a kind with its parameters.
fn fault() -> Value {
    let all: Vec<_> = NamedFault::ALL.iter().map(|fault| fault.name).collect();
    let mut forms = vec![json!({ "type": "string", "enum": all })];
    let kind_of = |fault: &NamedFault| fault.members().get("fault").map(|fault| fault["kind"].clone());
    let named = |kind: Option<&str>, members: &[(&str, Value)]| {
        let names =
            NamedFault::ALL.iter().filter(|fault| kind_of(fault).as_ref().and_then(Value::as_str) == kind);
        let names: Vec<_> = names.map(|fault| fault.name).collect();
        let mut schema = optional(members);
        schema["properties"]["name"] = json!({ "type": "string", "enum": names });
        schema["required"] = json!(["name"]);
        schema
    };
    for &kind in FaultKind::ALL {
        let (members, rule) = parameters(kind);
        forms.push(named(Some(kind.name()), &members));
        let mut schema = optional(&members);
        schema["properties"]["kind"] = json!({ "type": "string", "enum": [kind.name()] });
        schema["required"] = json!(["kind"]);
        if let Some(rule) = rule {
            schema["anyOf"] = rule;
        }
        forms.push(schema);
    }
    forms.push(named(None, &[]));
    json!({ "anyOf": forms })
}

/// The parameters of a kind, and the forms of which one must hold.
fn parameters(kind: FaultKind) -> (Vec<(&'static str, Value)>, Option<Value>) {
    let bytes = |least| ("bytes", whole(least, MANY));
    let with_bytes = json!({ "properties": { "at": { "enum": ["head", "body"] } }, "required": ["at"] });
    let point = json!([with_bytes, not_together(&["bytes"])]);
    let text_or_base64 = json!([
        { "required": ["text"], "allOf": [not_together(&["base64"])] },
        { "required": ["base64"], "allOf": [not_together(&["text"])] },
    ]);
    let text_members = || {
        vec![
            ("text", text()),
            ("base64", json!({ "type": "string", "contentEncoding": "base64", "minLength": 1 })),
        ]
    };
    let code = || ("code", whole(0, u64::from(u32::MAX)));
    match kind {
        FaultKind::End => {
            (vec![("at", choice::<Place>()), bytes(0), ("how", choice::<ConnectionEnd>())], Some(point))
        }
        FaultKind::Stall => {
            let at = json!({ "type": "string", "enum": ["start", "head", "body"] });
            (vec![("at", at), bytes(0)], Some(point))
        }
        FaultKind::Truncate | FaultKind::Overlong => (vec![bytes(1)], None),
        FaultKind::Drip => {
            (vec![("part", choice::<AnswerPart>()), bytes(1), ("interval_seconds", delay())], None)
        }
        FaultKind::ExtraBytes | FaultKind::Instead => (text_members(), Some(text_or_base64)),
        FaultKind::EndlessHeaders => (vec![("limit_bytes", whole(1, MANY))], None),
        FaultKind::Informational => {
            let status =
                json!({ "type": "integer", "minimum": 100, "maximum": 199, "not": { "enum": [101] } });
            (vec![("status", status), ("count", whole(1, MOST_INTERIM))], None)
        }
        FaultKind::GoAway => {
            let last = ("last_stream_id", whole(0, LAST_STREAM));
            (vec![code(), last, ("debug_data", string()), ("answered", flag())], None)
        }
        FaultKind::ResetStream => (vec![code(), bytes(0)], None),
    }
}

fn delay() -> Value {
    seconds(LONGEST_DELAY.as_secs_f64())
}
