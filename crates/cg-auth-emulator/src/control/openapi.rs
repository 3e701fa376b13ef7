//! `/_emulator/openapi.json`: the control API as an OpenAPI document, made from the table of routes.

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::{
    route::{Answer, Route},
    schema,
};

pub(super) fn document(routes: &[Route]) -> Value {
    let mut paths = Map::new();
    for route in routes {
        let methods = paths.entry(route.path).or_insert_with(|| json!({}));
        methods[route.method.to_ascii_lowercase()] = operation(route, false);
        if route.method == "GET" {
            methods["head"] = operation(route, true);
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Control API of the cg-auth emulator",
            "version": env!("CARGO_PKG_VERSION"),
        },
        "paths": paths,
        "components": {
            "schemas": { "Error": schema::error() },
            "securitySchemes": { "control_token": { "type": "http", "scheme": "bearer" } },
        },
        // An emulator without a control token needs none, and serves only its own machine.
        "security": [{}, { "control_token": [] }],
    })
}

fn operation(route: &Route, is_head: bool) -> Value {
    let mut responses = Map::new();
    let mut answer = json!({ "description": description(route.answer.status()) });
    match route.answer {
        _ if is_head => {}
        Answer::Empty => {}
        Answer::Json(_, schema) => answer["content"] = json!({ "application/json": { "schema": schema() } }),
        Answer::Text => answer["content"] = json!({ "text/plain": { "schema": { "type": "string" } } }),
    }
    responses.insert(route.answer.status().to_string(), answer);
    for status in COMMON_ERRORS.iter().chain(route.errors) {
        let mut answer = json!({ "description": description(*status) });
        if !is_head {
            let error = json!({ "$ref": "#/components/schemas/Error" });
            answer["content"] = json!({ "application/json": { "schema": error } });
        }
        responses.insert(status.to_string(), answer);
    }
    let in_path = route.path.split(['{', '}']).skip(1).step_by(2);
    let parameters = in_path.map(|name| parameter(name, "path"));
    let parameters = parameters.chain(route.query.iter().map(|name| parameter(name, "query")));
    let mut operation = json!({
        "summary": route.summary,
        "parameters": parameters.collect::<Vec<_>>(),
        "responses": responses,
    });
    if let Some((sample, schema)) = route.request {
        let example: Value = serde_json::from_str(sample).unwrap_or_default();
        let content = json!({ "application/json": { "schema": schema(), "example": example } });
        operation["requestBody"] = json!({ "required": true, "content": content });
    }
    operation
}

fn parameter(name: &str, place: &str) -> Value {
    json!({ "name": name, "in": place, "required": place == "path", "schema": schema::parameter(name) })
}

fn description(status: u16) -> String {
    let status = StatusCode::from_u16(status).ok();
    status.and_then(|status| status.canonical_reason()).unwrap_or_default().to_owned()
}

/// The errors of every route: an unknown parameter or an invalid body, a missing control token, a caller that
/// is not admitted, and a body that is too slow or too long.
pub(super) const COMMON_ERRORS: [u16; 5] = [400, 401, 403, 408, 413];
