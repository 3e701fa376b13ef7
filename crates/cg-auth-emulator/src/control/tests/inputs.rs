//! What the schemas of the OpenAPI document allow and what the handlers accept, over examples and their mutants.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use tokio::runtime::{Builder, Runtime};

use super::{
    super::{schema, table::ROUTES},
    examples::{Example, Mutant, bodies, filled, mutants, named_faults, values},
    json_schema::{check, validate},
    *,
};
use crate::state::State;

#[test]
fn every_example_is_accepted_by_the_schema_and_by_the_handler() {
    let mut unseen: BTreeSet<_> = ROUTES
        .iter()
        .flat_map(|route| {
            let schema = route.request.map(|(_, schema)| schema()).unwrap_or_default();
            let mut names = BTreeSet::new();
            collect_names(&schema, &mut names);
            names.into_iter().map(|name| format!("{} {} {name}", route.method, route.path))
        })
        .collect();
    let named = named_faults().into_iter();
    let named = named.map(|body| Example { method: "POST", route: "/_emulator/scripts", body });
    for example in bodies().into_iter().chain(named) {
        let place = format!("{} {} {}", example.method, example.route, example.body);
        validate(&schema_of(example.method, example.route), &example.body, &place);
        let (status, answer) =
            send(&state(), example.method, &filled(example.route), &example.body.to_string());
        assert!((200..300).contains(&status), "{place}: {answer}");
        let mut names = BTreeSet::new();
        collect_members(&example.body, &mut names);
        for name in names {
            unseen.remove(&format!("{} {} {name}", example.method, example.route));
        }
    }
    unseen.remove("POST /_emulator/revoke token"); // a token that the service knows is needed
    assert_eq!(unseen, BTreeSet::new(), "these members are in no example");
}

#[test]
fn what_a_schema_refuses_the_handler_refuses_and_the_error_names_the_member() {
    let state = state();
    // Refusals that no schema can express, by a part of their message.
    let mut stricter: BTreeMap<&str, usize> = STRICTER.iter().map(|text| (*text, 0)).collect();
    for example in bodies() {
        let schema = schema_of(example.method, example.route);
        for Mutant { path, body, value } in mutants(&example.body, &values()) {
            let (status, answer) = send(&state, example.method, &filled(example.route), &body.to_string());
            let message = answer["error"]["message"].as_str().unwrap_or_default();
            let place = format!("{} {} {body}: {status} {message}", example.method, example.route);
            let problem = check(&schema, &body).err();
            let is_accepted = (200..300).contains(&status);
            assert!(problem.is_none() || !is_accepted, "{place}: {problem:?}");
            if is_accepted {
                state.reset();
                continue;
            }
            assert!((400..500).contains(&status), "{place}");
            assert!(message.len() < 300 && message.ends_with(['.', '?']), "{place}");
            if status == 400 {
                names_the_member(message, &path, value.as_ref(), &place);
            }
            if problem.is_none() && status == 400 {
                let reason = stricter.iter_mut().find(|(text, _)| message.contains(**text));
                *reason.unwrap_or_else(|| panic!("the schema allows {place}")).1 += 1;
            }
        }
    }
    assert!(stricter.values().all(|count| *count > 0), "{stricter:?}");
}

/// An error about a value says which member, of which type it is and what is allowed.
fn names_the_member(message: &str, path: &str, value: Option<&Value>, place: &str) {
    let Some(value) = value else {
        // Without a member, others may lack it, or the whole has no effect.
        assert!(
            ["is missing", "has no effect", "empty object", "beside"].iter().any(|it| message.contains(it))
                || message.contains("`fault"),
            "{place}"
        );
        return;
    };
    if path.is_empty() {
        assert!(
            message.starts_with("The body ")
                || message.starts_with("The script ")
                || message.starts_with('`'),
            "{place}"
        );
        return;
    }
    if message.contains("cannot stand beside")
        || message.contains("has no effect")
        || message.contains("leave")
    {
        assert!(message.contains('`'), "{place}");
        return;
    }
    let Some((_, rest)) = message.split_once(&format!("`{path}")) else {
        // The value changed what is allowed beside it.
        let parent = path.rsplit_once(['.', '[']).map_or("", |(parent, _)| parent);
        assert!(message.contains(&format!("`{parent}")), "{place}");
        return;
    };
    if rest.starts_with("` is unknown") {
        assert!(rest.contains("allowed are"), "{place}");
    } else if let Some(problem) = rest.strip_prefix("` is ").filter(|_| !rest.contains("missing")) {
        let seen = match value {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Number(number) if number.as_f64() < Some(0.0) => "a negative number",
            Value::Number(number) if number.as_f64().is_some_and(|it| it.fract() != 0.0) => {
                "a number with a fraction"
            }
            Value::Number(_) => "a number",
            Value::String(text) if text.is_empty() => "an empty string",
            Value::String(_) => "a string",
            Value::Array(items) if items.is_empty() => "an empty array",
            Value::Array(_) => "an array",
            Value::Object(_) => "an object",
        };
        assert!(problem.starts_with(seen) && problem.contains("; it must be "), "{place}");
    }
}

#[test]
fn a_parameter_is_refused_as_its_schema_says_and_the_error_names_it() {
    let state = state();
    let texts = [
        "",
        "x",
        "0",
        "1",
        "7",
        "-1",
        "1.5",
        "301",
        "1e400",
        "nan",
        "true",
        "null",
        "other",
        "Other",
        "%ff",
        "18446744073709551615",
        "18446744073709551616",
        "2.0",
        "0x1",
        "+1",
        "a@x",
    ];
    for route in ROUTES {
        for name in route.query {
            let schema = schema::parameter(name);
            let is_text = schema["type"] == "string";
            for text in texts {
                let number = serde_json::from_str::<Value>(text).ok().filter(|it| it.is_number() && !is_text);
                let value = number.unwrap_or_else(|| text.into());
                let wait = route.path.ends_with("/wait");
                let rest = if wait && *name != "within" { "&within=0" } else { "" };
                let query = format!("?{name}={text}{rest}");
                let (status, answer) = send(&state, route.method, &format!("{}{query}", route.path), "");
                let place = format!("{}{query}: {answer}", route.path);
                let is_valid = check(&schema, &value).is_ok() && text != "%ff";
                if is_valid {
                    assert!(status == 200 || status == 504, "{place}");
                    continue;
                }
                let message = answer["error"]["message"].as_str().unwrap();
                assert_eq!(status, 400, "{place}");
                assert!(message.starts_with(&format!("The parameter `{name}` is ")), "{place}");
                assert!(message.contains("; it must be a"), "{place}");
            }
        }
        let (status, answer) =
            send(&state, route.method, &format!("{}?opration=other", filled(route.path)), "");
        let message = answer["error"]["message"].as_str().unwrap();
        assert!(status == 400 && message.starts_with("The parameter `opration` is unknown; "), "{message}");
        let allowed =
            if route.query.is_empty() { "takes no query parameters" } else { "; did you mean `operation`?" };
        assert!(message.contains(allowed), "{message}");
        assert!(route.query.iter().all(|name| message.contains(name)), "{message}");
    }
}

#[test]
fn a_body_where_none_is_read_is_refused_unless_it_is_an_empty_object() {
    for route in ROUTES.iter().filter(|route| route.request.is_none()) {
        let path = filled(route.path) + if route.path.ends_with("/wait") { "?count=0" } else { "" };
        for (body, message) in [
            (r#"{"colour":1}"#, "`colour` is unknown; this path takes no members."),
            ("[]", "The body is an empty array; it must be an object."),
            ("colour=1", "The body is not valid JSON at line 1, column 1."),
            (" ", "The body is empty; it must be an object."),
        ] {
            let (status, answer) = send(&state(), route.method, &path, body);
            assert_eq!((status, &answer["error"]["message"]), (400, &json!(message)), "{path}");
        }
        assert_ne!(send(&state(), route.method, &path, "{}").0, 400, "{path}");
    }
}

fn schema_of(method: &str, path: &str) -> Value {
    let route = ROUTES.iter().find(|route| (route.method, route.path) == (method, path)).unwrap();
    route.request.unwrap().1()
}

/// The names of all properties in a schema.
fn collect_names(schema: &Value, names: &mut BTreeSet<String>) {
    match schema {
        Value::Object(members) => {
            if let Some(properties) = members.get("properties").and_then(Value::as_object) {
                names.extend(properties.keys().cloned());
            }
            members.values().for_each(|inner| collect_names(inner, names));
        }
        Value::Array(items) => items.iter().for_each(|inner| collect_names(inner, names)),
        _ => {}
    }
}

fn collect_members(value: &Value, names: &mut BTreeSet<String>) {
    if let Some(members) = value.as_object() {
        names.extend(members.keys().cloned());
        members.values().for_each(|inner| collect_members(inner, names));
    }
}

fn state() -> State {
    Emulator::builder().tls().state().unwrap()
}

fn send(state: &State, method: &str, path: &str, body: &str) -> (u16, Value) {
    thread_local! {
        // The clock of the runtime is paused, so a wait of minutes takes no time.
        static RUNTIME: Runtime = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    }
    let request = http::Request::builder().method(method).uri(path).header("host", "localhost");
    let head = request.body(()).unwrap().into_parts().0;
    let answer = answer(state, true, &head, Ok(body.to_owned().into()));
    read(&RUNTIME.with(|runtime| runtime.block_on(answer)))
}

fn read(response: &http::Response<Body>) -> (u16, Value) {
    let body = serde_json::from_slice(response.body().as_bytes()).unwrap_or_default();
    (response.status().as_u16(), body)
}

/// Parts of the messages of refusals that the schemas do not express.
const STRICTER: &[&str] = &["name of a header", "in base64", "RFC 3339", "disturbs the body"];
