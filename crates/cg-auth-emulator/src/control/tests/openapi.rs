//! The OpenAPI document, and every route as it says.

use std::{collections::BTreeSet, fmt::Write as _, time::UNIX_EPOCH};

use cg_auth_core::{ClientSecret, testing::ManualClock};

use super::{
    super::{openapi, route::Answer, table::ROUTES},
    json_schema::validate,
    *,
};
use crate::refusal::Refusal;

#[test]
fn the_document_describes_exactly_the_routes() {
    let emulator = Emulator::start_blocking().unwrap();
    let (status, document) = ask(&emulator, "GET /_emulator/openapi.json", "");
    assert_eq!((status, &document["openapi"]), (200, &json!("3.1.0")));
    let mut described = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            described.insert(format!("{} {path}", method.to_ascii_uppercase()));
            let names: Vec<_> = operation["parameters"]
                .as_array()
                .unwrap()
                .iter()
                .filter_map(|it| it["name"].as_str())
                .collect();
            assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "{path}");
        }
    }
    let mut routes: BTreeSet<_> = ROUTES.iter().map(|it| format!("{} {}", it.method, it.path)).collect();
    routes.extend(ROUTES.iter().filter(|it| it.method == "GET").map(|it| format!("HEAD {}", it.path)));
    assert_eq!(described, routes);
}

#[test]
fn every_sample_is_answered_as_the_document_says_and_as_the_page_shows() {
    let emulator = Emulator::builder()
        .seed(1)
        .now(UNIX_EPOCH + std::time::Duration::from_secs(1_893_456_000))
        .frozen(true)
        .start_blocking()
        .unwrap();
    let document = openapi::document(ROUTES);
    let mut page = include_str!("../../../docs/control-api.md").split("\n## ").next().unwrap().to_owned();
    delegate(&emulator);
    for route in ROUTES {
        let mut path =
            route.path.replace("{id}", "1").replace("{user}", "new@example.com").replace("{part}", "clock");
        if path.ends_with("/wait") {
            delegate(&emulator);
            path.push_str("?user=someone@example.com&count=1&within=20");
        }
        let sample = route.request.map_or("", |(sample, _)| sample);
        if let Some((sample, schema)) = route.request {
            validate(&schema(), &serde_json::from_str(sample).unwrap(), route.path);
        }
        let line = format!("{} {path}", route.method);
        let (status, answer) = ask(&emulator, &line, sample);
        assert_eq!(status, route.answer.status(), "{line} {answer}");
        let operation = &document["paths"][route.path][route.method.to_ascii_lowercase()];
        let schema = &operation["responses"][status.to_string()]["content"]["application/json"]["schema"];
        match route.answer {
            Answer::Json(..) => validate(schema, &answer, &line),
            Answer::Empty | Answer::Text => {
                assert_eq!((schema, &answer), (&json!(null), &json!(null)), "{line}");
            }
        }
        let _ = write!(page, "\n## {} {}\n\n{}\n", route.method, route.path, route.summary);
        let _ = write!(page, "\n```http\n{line}\n");
        if !sample.is_empty() {
            let _ = write!(page, "\n{}\n", folded(sample));
        }
        let _ = write!(page, "```\n\n```http\n{status}\n");
        match route.answer {
            Answer::Empty => {}
            Answer::Text => {
                let text = emulator.metrics().replace(env!("CARGO_PKG_VERSION"), "…");
                let _ = write!(page, "\n{}\n", text.lines().take(3).collect::<Vec<_>>().join("\n"));
            }
            Answer::Json(..) => {
                let _ = write!(page, "\n{}\n", folded(&shortened(answer, route.path).to_string()));
            }
        }
        page.push_str("```\n");
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/control-api.md");
    if std::env::var_os("CG_AUTH_TEST_BLESS").is_some() {
        std::fs::write(path, &page).unwrap();
    }
    let shown = std::fs::read_to_string(path).unwrap();
    assert!(shown == page, "docs/control-api.md is out of date; CG_AUTH_TEST_BLESS=1 writes it:\n{page}");
}

#[test]
fn every_documented_error_is_answered_and_no_other() {
    let error = openapi::document(ROUTES)["components"]["schemas"]["Error"].clone();
    let token = ClientSecret::new("t").unwrap();
    for route in ROUTES {
        let state =
            || Emulator::builder().clock(ManualClock::new()).control_token(token.clone()).state().unwrap();
        let path = route.path.replace("{id}", "7").replace("{user}", "no@x").replace("{part}", "no");
        let send = |state: &crate::state::State, query: &str, bearer: &str, body: Result<&str, Refusal>| {
            let request = http::Request::builder().method(route.method).uri(format!("{path}{query}"));
            let request =
                request.header("host", "localhost").header("authorization", format!("Bearer {bearer}"));
            let head = request.body(()).unwrap().into_parts().0;
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
            let answer =
                runtime.block_on(answer(state, true, &head, body.map(|body| Body::from(body.to_owned()))));
            let status = answer.status().as_u16();
            validate(&error, &serde_json::from_slice(answer.body().as_bytes()).unwrap_or_default(), &path);
            status
        };
        let mut seen: BTreeSet<u16> = [
            send(&state(), "?unknown=1", "t", Ok("")),
            send(&state(), "", "wrong", Ok("")),
            send(&state(), "", "t", Err(Refusal::REQUEST_TIMEOUT)),
            send(&state(), "", "t", Err(Refusal::TOO_LARGE)),
        ]
        .into();
        let foreign = Emulator::builder().state().unwrap();
        let head = http::Request::builder().method(route.method).uri(&path).header("host", "evil.example");
        let head = head.body(()).unwrap().into_parts().0;
        seen.insert(now(answer(&foreign, true, &head, Ok(Body::empty()))).status().as_u16());
        let full = state();
        let own: &[(&str, &str)] = match (route.method, route.path) {
            ("POST", "/_emulator/clock") => &[("", r#"{"frozen":false}"#)],
            ("GET", "/_emulator/requests/wait") => {
                full.log.close();
                &[("?within=0", ""), ("?within=1", "")]
            }
            ("POST", "/_emulator/scripts") => {
                for _ in 0..MAX_SCRIPTS {
                    send_script(&full);
                }
                &[("", r#"{"operation":"other","delay_seconds":0}"#)]
            }
            ("POST", "/_emulator/users") => {
                &[("", r#"{"user_principal_name":"plain@example.com","client_secret":"s"}"#)]
            }
            ("PATCH", "/_emulator/users/{user}") => &[("", r#"{"enabled":true}"#)],
            ("POST", "/_emulator/revoke") => &[("", r#"{"user":"no@x"}"#)],
            ("GET" | "DELETE", "/_emulator/scripts/{id}")
            | ("DELETE", "/_emulator/users/{user}")
            | ("POST", "/_emulator/reset/{part}") => &[("", "")],
            _ => &[],
        };
        for (query, body) in own {
            // An emulator that runs ends a wait by its time, one that shuts down at once.
            let open = state();
            let state = if *query == "?within=0" { &open } else { &full };
            seen.insert(send(state, query, "t", Ok(body)));
        }
        let documented: BTreeSet<_> = openapi::COMMON_ERRORS.iter().chain(route.errors).copied().collect();
        assert_eq!(seen, documented, "{} {}", route.method, route.path);
    }
}

fn send_script(state: &crate::state::State) {
    let head = http::Request::post("/_emulator/scripts")
        .header("host", "localhost")
        .header("authorization", "Bearer t")
        .body(())
        .unwrap()
        .into_parts()
        .0;
    let added =
        now(answer(state, true, &head, Ok(r#"{"operation":"other","delay_seconds":0}"#.to_owned().into())));
    assert_eq!(added.status(), StatusCode::CREATED);
}

/// The answer with what differs between runs, or is too long for a page, left out.
fn shortened(mut answer: serde_json::Value, path: &str) -> serde_json::Value {
    let keep_first = |list: &mut serde_json::Value| {
        if let Some(list) = list.as_array_mut() {
            list.truncate(1);
        }
    };
    if answer["version"].is_string() {
        answer["version"] = json!("…");
    }
    match path {
        "/_emulator/" => keep_first(&mut answer["routes"]),
        "/_emulator/faults" => keep_first(&mut answer["faults"]),
        "/_emulator/openapi.json" => {
            return json!({ "openapi": answer["openapi"], "info": { "title": answer["info"]["title"] } });
        }
        "/_emulator/requests" | "/_emulator/requests/wait" => {
            keep_first(&mut answer["requests"]);
            answer["requests"][0]["elapsed_seconds"] = json!(0.001);
        }
        _ => {}
    }
    answer
}

/// JSON on several lines, each within the width of the pages.
fn folded(json: &str) -> String {
    let value: serde_json::Value = serde_json::from_str(json).unwrap();
    if json.len() <= 80 { json.to_owned() } else { serde_json::to_string_pretty(&value).unwrap() }
}
