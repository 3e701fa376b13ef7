//! Bodies and queries that the control API accepts, and mutants of them.

use serde_json::{Value, json};

use super::super::table::ROUTES;
use crate::{NamedFault, Operation, Part};

/// A route and what it is sent.
pub(super) struct Example {
    pub(super) method: &'static str,
    /// The path as the table has it.
    pub(super) route: &'static str,
    pub(super) body: Value,
}

/// Bodies that are accepted, among them each member of each schema.
pub(super) fn bodies() -> Vec<Example> {
    let mut all = Vec::new();
    for route in ROUTES {
        let bodies = match (route.method, route.path) {
            ("POST", "/_emulator/clock") => vec![
                json!({ "frozen": true, "set": "2030-01-01T00:00:00Z" }),
                json!({ "set": 1_900_000_000, "frozen": false }),
                json!({ "set": 0 }),
                json!({ "advance_seconds": 0.5 }),
                json!({ "advance_seconds": 0 }),
            ],
            ("PATCH", "/_emulator/settings") => vec![
                json!({ "token_lifetime_seconds": 1, "refresh_token_lifetime_seconds": null,
                    "duration_unit": "hours", "refresh_rotation": "keep", "reuse_detection": true,
                    "token_cache": false, "key_header_policy": "either", "contract": "pascal_case",
                    "refusals": "is_success_false" }),
                json!({ "token_lifetime_seconds": u64::MAX, "refresh_token_lifetime_seconds": 60.0,
                    "contract": null }),
            ],
            ("POST", "/_emulator/scripts") => scripts(),
            ("POST", "/_emulator/users") => {
                vec![json!({ "user_principal_name": "new@x", "client_secret": "s",
                "second_secret": "t", "enabled": true, "administrator": false })]
            }
            ("PATCH", "/_emulator/users/{user}") => {
                vec![json!({ "client_secret": "s", "second_secret": null,
                "enabled": true, "administrator": false })]
            }
            ("POST", "/_emulator/revoke") => {
                vec![json!({ "user": "plain@example.com" }), json!({ "all": true })]
            }
            ("POST", "/_emulator/digest") => vec![json!({ "value": "s3cret" })],
            _ => Vec::new(),
        };
        assert_eq!(bodies.is_empty(), route.request.is_none(), "{} {}", route.method, route.path);
        let example = |body| Example { method: route.method, route: route.path, body };
        all.extend(bodies.into_iter().map(example));
    }
    all
}

fn scripts() -> Vec<Value> {
    let mut scripts = vec![
        json!({ "times": 2, "probability": 0.5, "when": "after", "delay_seconds": 86_400,
            "match": { "user": "a@x", "headers": ["x-a", "x-b"] },
            "refuse": { "status": 503, "retry_after_seconds": 5, "retry_after_format": "date" } }),
        json!({ "always": true, "probability": 1, "when": "before", "delay_seconds": 0,
            "match": { "headers": { "x-a": "1", "x-b": null } } }),
        json!({ "always": false, "times": 1.0, "match": {}, "drop_connection": true }),
        json!({ "drop_connection": false, "answer": { "status": 200, "headers": { "x-a": "b" },
            "body": { "a": [1, null] }, "retry_after_seconds": 0, "retry_after_format": "seconds" } }),
        json!({ "answer": { "status": 599, "headers": [["x-a", "1"], ["x-a", "2"]], "body_base64": "AGE=" } }),
        json!({ "answer": { "status": 204 } }),
        json!({ "answer": { "status": 304, "headers": [] } }),
        json!({ "answer": { "status": 200, "body": null } }),
        json!({ "answer": { "status": 200, "body": "abc" }, "fault": { "kind": "overlong" } }),
        json!({ "refuse": { "status": 400 }, "fault": { "kind": "end", "at": "head", "bytes": 3 } }),
        json!({ "fault": "flaky", "times": 3 }),
        json!({ "fault": "unavailable", "refuse": { "retry_after_seconds": 9 } }),
        json!({ "fault": { "name": "reset_in_body", "bytes": 30, "how": "close" } }),
        json!({ "fault": { "name": "late" }, "delay_seconds": 0.01 }),
    ];
    let faults = [
        json!({ "kind": "end", "at": "body", "bytes": 0, "how": "without_notice" }),
        json!({ "kind": "end", "at": "complete" }),
        json!({ "kind": "stall", "at": "head", "bytes": 1 }),
        json!({ "kind": "stall" }),
        json!({ "kind": "truncate", "bytes": 1 }),
        json!({ "kind": "overlong", "bytes": 2 }),
        json!({ "kind": "drip", "part": "head", "bytes": 1, "interval_seconds": 0 }),
        json!({ "kind": "extra_bytes", "text": "x" }),
        json!({ "kind": "instead", "base64": "AGE=" }),
        json!({ "kind": "endless_headers", "limit_bytes": 100 }),
        json!({ "kind": "informational", "status": 102, "count": 3 }),
        json!({ "kind": "goaway", "code": 11, "last_stream_id": 0, "debug_data": "", "answered": true }),
        json!({ "kind": "rst_stream", "code": 0, "bytes": 0 }),
    ];
    scripts.extend(faults.map(|fault| json!({ "fault": fault })));
    for (script, operation) in scripts.iter_mut().zip(Operation::ALL.iter().cycle()) {
        script["operation"] = json!(operation.as_str());
    }
    scripts
}

/// A script for each named fault, by the name alone and in an object.
pub(super) fn named_faults() -> Vec<Value> {
    let script = |fault: Value| json!({ "operation": "other", "fault": fault });
    let forms = |fault: &NamedFault| [script(json!(fault.name)), script(json!({ "name": fault.name }))];
    NamedFault::ALL.iter().flat_map(forms).collect()
}

/// The path of a route with its segment filled in.
pub(super) fn filled(path: &str) -> String {
    let path = path.replace("{user}", "plain@example.com").replace("{id}", "1");
    path.replace("{part}", Part::Clock.as_str())
}

/// A mutant of a body, and the member that differs.
pub(super) struct Mutant {
    /// The path as an error names it, such as `answer.headers[0]`; empty for the whole body.
    pub(super) path: String,
    pub(super) body: Value,
    /// What stands at the path; `None` if it is removed.
    pub(super) value: Option<Value>,
}

/// The body with each part replaced by each of `values`, removed, repeated as an unknown member.
pub(super) fn mutants(body: &Value, values: &[Value]) -> Vec<Mutant> {
    let mut pointers = vec![(String::new(), String::new())];
    collect(body, "", "", &mut pointers);
    let mut all = Vec::new();
    for (pointer, path) in pointers {
        let mut push = |change: &dyn Fn(&mut Value), path: String, value: Option<Value>| {
            let mut body = body.clone();
            change(body.pointer_mut(&pointer).unwrap());
            all.push(Mutant { path, body, value });
        };
        for value in values {
            push(&|at| *at = value.clone(), path.clone(), Some(value.clone()));
        }
        if let Some(members) = body.pointer(&pointer).and_then(Value::as_object) {
            let inside =
                |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
            push(&|at| at["colour"] = json!(1), inside("colour"), Some(json!(1)));
            for name in members.keys() {
                push(&|at| drop(at.as_object_mut().unwrap().remove(name)), inside(name), None);
            }
        }
    }
    all
}

/// The JSON pointers of the parts of `value`, each with its path.
fn collect(value: &Value, pointer: &str, path: &str, all: &mut Vec<(String, String)>) {
    let mut add = |name: &str, inner: &Value, path: String| {
        let pointer = format!("{pointer}/{name}");
        all.push((pointer.clone(), path.clone()));
        collect(inner, &pointer, &path, all);
    };
    match value {
        Value::Object(members) => {
            for (name, inner) in members {
                add(name, inner, if path.is_empty() { name.clone() } else { format!("{path}.{name}") });
            }
        }
        Value::Array(items) => {
            for (n, inner) in items.iter().enumerate() {
                add(&n.to_string(), inner, format!("{path}[{n}]"));
            }
        }
        _ => {}
    }
}

/// Values of every type, and at the edges of what numbers may be.
pub(super) fn values() -> Vec<Value> {
    let mut values =
        vec![json!(null), json!(true), json!(false), json!(""), json!("x"), json!("a b"), json!("\u{e9}")];
    values.extend([json!([]), json!([1]), json!(["x"]), json!([["x", "y"]]), json!([["x"]]), json!({})]);
    values.extend([json!({ "x": 1 }), json!({ "x": "y" }), json!({ "status": 200 })]);
    values.extend([
        json!(0),
        json!(1),
        json!(-1),
        json!(1.5),
        json!(101),
        json!(204),
        json!(600),
        json!(2.0),
    ]);
    values.extend([json!(86_401), json!((1_u64 << 30) + 1), json!(u64::MAX), json!(i64::MIN), json!(1e30)]);
    values.extend([json!(1e300), json!(-0.0), json!(f64::MIN_POSITIVE), json!("start"), json!("AGE")]);
    values
}
