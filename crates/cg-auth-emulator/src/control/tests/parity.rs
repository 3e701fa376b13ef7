//! What Rust can do and what the control API does over HTTP: the two lists agree.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::{schema, table::ROUTES};

/// Each public method or field, and what does the same over HTTP: a route, a member of a body that a route reads, a
/// member of an object that a route answers, a parameter of a query, or the reason why nothing does.
const RUST: &[(&str, Same)] = &[
    ("Emulator::start", Nothing("the command starts it")),
    ("Emulator::start_blocking", Nothing("the command starts it")),
    ("Emulator::builder", Nothing("the command's flags and configuration file")),
    ("Emulator::base_url", Nothing("a caller of the control API knows the address")),
    ("Emulator::credential", Nothing("the command prints the secret; GET /_emulator/users shows its digest")),
    (
        "Emulator::user",
        Nothing("the configuration file holds the secret; GET /_emulator/users shows its digest"),
    ),
    ("Emulator::administrator", Nothing("GET /_emulator/users shows who is one, and a digest of the secret")),
    ("Emulator::plain_user", Nothing("GET /_emulator/users shows who is one, and a digest of the secret")),
    ("Emulator::users", Route("GET /_emulator/users")),
    ("Emulator::add_user", Route("POST /_emulator/users")),
    ("Emulator::change_user", Route("PATCH /_emulator/users/{user}")),
    ("Emulator::remove_user", Route("DELETE /_emulator/users/{user}")),
    ("Emulator::settings", Route("GET /_emulator/settings")),
    ("Emulator::set_settings", Route("PATCH /_emulator/settings")),
    ("Emulator::token_counts", Answer("GET /_emulator/state", "tokens")),
    ("Emulator::metrics", Route("GET /_emulator/metrics")),
    ("Emulator::active_scripts", Answer("GET /_emulator/state", "scripts")),
    ("Emulator::revoke_token", Member("POST /_emulator/revoke", "token")),
    ("Emulator::revoke_user", Member("POST /_emulator/revoke", "user")),
    ("Emulator::revoke_all", Member("POST /_emulator/revoke", "all")),
    ("Emulator::digest", Member("POST /_emulator/digest", "value")),
    ("Emulator::protected_url", Nothing("a caller of the control API knows the address")),
    ("Emulator::ca_pem", Nothing("the command writes the file")),
    ("Emulator::env", Nothing("the command prints it")),
    ("Emulator::address", Nothing("a caller of the control API knows the address")),
    ("Emulator::next", Member("POST /_emulator/scripts", "operation")),
    ("Emulator::add_script", Route("POST /_emulator/scripts")),
    ("Emulator::clock", Route("GET /_emulator/clock")),
    ("Emulator::requests", Route("GET /_emulator/requests")),
    ("Emulator::requests_matching", Route("GET /_emulator/requests")),
    ("Emulator::count", Answer("GET /_emulator/requests", "counts")),
    ("Emulator::count_matching", Answer("GET /_emulator/requests/wait", "count")),
    ("Emulator::wait_for", Parameter("GET /_emulator/requests/wait", "operation")),
    ("Emulator::wait_for_blocking", Parameter("GET /_emulator/requests/wait", "within")),
    ("Emulator::wait_for_matching", Parameter("GET /_emulator/requests/wait", "count")),
    ("Emulator::forgotten_requests", Answer("GET /_emulator/requests", "forgotten")),
    ("Emulator::reset", Route("POST /_emulator/reset")),
    ("Emulator::reset_part", Route("POST /_emulator/reset/{part}")),
    ("Emulator::shutdown", Nothing("a signal ends the command")),
    ("Emulator::shutdown_blocking", Nothing("a signal ends the command")),
    ("EmulatorClock::now", Answer("GET /_emulator/clock", "now")),
    ("EmulatorClock::is_frozen", Answer("GET /_emulator/clock", "frozen")),
    ("EmulatorClock::advance", Member("POST /_emulator/clock", "advance_seconds")),
    ("EmulatorClock::try_advance", Member("POST /_emulator/clock", "advance_seconds")),
    ("EmulatorClock::set", Member("POST /_emulator/clock", "set")),
    ("EmulatorClock::freeze", Member("POST /_emulator/clock", "frozen")),
    ("EmulatorClock::thaw", Member("POST /_emulator/clock", "frozen")),
    ("ScriptGuard::hits", Answer("GET /_emulator/scripts/{id}", "hits")),
    ("ScriptGuard::keep", Nothing("a script that was added over HTTP is kept")),
    ("ScriptBuilder::refuse", Member("POST /_emulator/scripts", "refuse")),
    ("ScriptBuilder::answer", Member("POST /_emulator/scripts", "answer")),
    ("ScriptBuilder::answer_with", Member("POST /_emulator/scripts", "answer")),
    ("ScriptBuilder::delay", Member("POST /_emulator/scripts", "delay_seconds")),
    ("ScriptBuilder::drop_connection", Member("POST /_emulator/scripts", "drop_connection")),
    ("ScriptBuilder::fault", Member("POST /_emulator/scripts", "fault")),
    ("ScriptBuilder::never_answer", Member("POST /_emulator/scripts", "fault")),
    ("ScriptBuilder::with_fault", Member("POST /_emulator/scripts", "fault")),
    ("ScriptBuilder::when", Member("POST /_emulator/scripts", "when")),
    ("ScriptBuilder::times", Member("POST /_emulator/scripts", "times")),
    ("ScriptBuilder::always", Member("POST /_emulator/scripts", "always")),
    ("ScriptBuilder::probability", Member("POST /_emulator/scripts", "probability")),
    ("ScriptBuilder::for_user", Member("POST /_emulator/scripts", "match")),
    ("ScriptBuilder::with_header", Member("POST /_emulator/scripts", "match")),
    ("ScriptBuilder::with_header_value", Member("POST /_emulator/scripts", "match")),
    ("ScriptBuilder::after", Member("POST /_emulator/scripts", "delay_seconds")),
    ("ScriptBuilder::retry_after", Member("POST /_emulator/scripts", "refuse")),
    ("ScriptBuilder::retry_after_date", Member("POST /_emulator/scripts", "refuse")),
    ("Script::from_json", Route("POST /_emulator/scripts")),
    ("Script::operation", Answer("GET /_emulator/scripts/{id}", "operation")),
    ("EmulatorBuilder::start", Nothing("the command starts it")),
    ("EmulatorBuilder::start_blocking", Nothing("the command starts it")),
    ("EmulatorBuilder::listen", Nothing("--listen, before there is a control API")),
    ("EmulatorBuilder::tls", Nothing("--tls, before there is a control API")),
    ("EmulatorBuilder::alpn", Nothing("alpn in the configuration file; a running server keeps its own")),
    ("EmulatorBuilder::credential", Route("POST /_emulator/users")),
    ("EmulatorBuilder::user", Route("POST /_emulator/users")),
    ("EmulatorBuilder::token_lifetime", Member("PATCH /_emulator/settings", "token_lifetime_seconds")),
    (
        "EmulatorBuilder::refresh_token_lifetime",
        Member("PATCH /_emulator/settings", "refresh_token_lifetime_seconds"),
    ),
    ("EmulatorBuilder::duration_unit", Member("PATCH /_emulator/settings", "duration_unit")),
    ("EmulatorBuilder::refresh_rotation", Member("PATCH /_emulator/settings", "refresh_rotation")),
    ("EmulatorBuilder::reuse_detection", Member("PATCH /_emulator/settings", "reuse_detection")),
    ("EmulatorBuilder::token_cache", Member("PATCH /_emulator/settings", "token_cache")),
    ("EmulatorBuilder::key_header_policy", Member("PATCH /_emulator/settings", "key_header_policy")),
    ("EmulatorBuilder::contract", Member("PATCH /_emulator/settings", "contract")),
    ("EmulatorBuilder::refusals", Member("PATCH /_emulator/settings", "refusals")),
    ("EmulatorBuilder::clock", Nothing("a manual clock is shared within one process")),
    ("EmulatorBuilder::now", Member("POST /_emulator/clock", "set")),
    ("EmulatorBuilder::frozen", Member("POST /_emulator/clock", "frozen")),
    ("EmulatorBuilder::seed", Nothing("--seed; it determines the tokens from the start")),
    ("EmulatorBuilder::control_token", Nothing("--control-token; a caller must not open the API to others")),
    ("EmulatorBuilder::base_path", Nothing("--base-path, because clients hold the base URL")),
    ("EmulatorBuilder::cors", Nothing("--cors; a caller must not open the service to pages")),
    (
        "EmulatorBuilder::header_values",
        Nothing("header_values in the file; a caller must not have secrets shown"),
    ),
    (
        "EmulatorBuilder::on_request",
        Nothing("GET /_emulator/requests/wait tells of requests; a callback is Rust"),
    ),
    ("EmulatorBuilder::script", Route("POST /_emulator/scripts")),
    ("User::name", Answer("PATCH /_emulator/users/{user}", "user_principal_name")),
    ("User::new", Member("POST /_emulator/users", "user_principal_name")),
    ("User::disabled", Member("PATCH /_emulator/users/{user}", "enabled")),
    ("User::enabled", Member("PATCH /_emulator/users/{user}", "enabled")),
    ("User::administrator", Member("PATCH /_emulator/users/{user}", "administrator")),
    ("User::client_secret", Member("PATCH /_emulator/users/{user}", "client_secret")),
    ("User::second_secret", Member("PATCH /_emulator/users/{user}", "second_secret")),
    (
        "User::credential",
        Nothing("PATCH /_emulator/users/{user} answers the name and a digest of the secret"),
    ),
    ("User::has_second_secret", Answer("PATCH /_emulator/users/{user}", "second_secret")),
    ("User::is_enabled", Answer("PATCH /_emulator/users/{user}", "enabled")),
    ("User::is_administrator", Answer("PATCH /_emulator/users/{user}", "administrator")),
    ("RequestFilter::new", Route("GET /_emulator/requests")),
    ("RequestFilter::operation", Parameter("GET /_emulator/requests", "operation")),
    ("RequestFilter::user", Parameter("GET /_emulator/requests", "user")),
    ("RequestFilter::since", Parameter("GET /_emulator/requests", "since")),
    ("RequestFilter::limit", Parameter("GET /_emulator/requests", "limit")),
    ("RecordedRequest::operation", Recorded("operation")),
    ("RecordedRequest::method", Recorded("method")),
    ("RecordedRequest::path", Recorded("path")),
    ("RecordedRequest::header", Recorded("headers")),
    ("RecordedRequest::header_names", Recorded("headers")),
    ("RecordedRequest::headers", Recorded("headers")),
    ("RecordedRequest::user", Recorded("user")),
    ("RecordedRequest::body_length", Recorded("body_length")),
    ("RecordedRequest::client_secret_digest", Recorded("client_secret_digest")),
    ("RecordedRequest::access_token_digest", Recorded("access_token_digest")),
    ("RecordedRequest::refresh_token_digest", Recorded("refresh_token_digest")),
    ("RecordedRequest::issued_access_token_digest", Recorded("issued_access_token_digest")),
    ("RecordedRequest::issued_refresh_token_digest", Recorded("issued_refresh_token_digest")),
    ("RecordedRequest::status", Recorded("status")),
    ("RecordedRequest::is_scripted", Recorded("scripted")),
    ("RecordedRequest::received_at", Recorded("received_at")),
    ("RecordedRequest::elapsed", Recorded("elapsed_seconds")),
    ("RecordedRequest::number", Recorded("number")),
    ("RecordedRequest::connection", Recorded("connection")),
    ("RecordedRequest::http_version", Recorded("http_version")),
    ("RecordedRequest::alpn", Recorded("alpn")),
];

/// Each route that no method names, and what does the same in Rust.
const ROUTES_ALONE: &[(&str, &str)] = &[
    ("GET /_emulator/", "the documentation of the crate"),
    ("GET /_emulator/openapi.json", "the documentation of the crate"),
    ("GET /_emulator/health", "a handle exists only while the emulator runs"),
    ("GET /_emulator/faults", "NamedFault::ALL"),
    ("GET /_emulator/scripts", "Emulator::active_scripts"),
    ("DELETE /_emulator/requests", "Emulator::reset_part(Part::Requests)"),
    ("DELETE /_emulator/scripts", "Emulator::reset_part(Part::Scripts)"),
    ("DELETE /_emulator/scripts/{id}", "dropping the ScriptGuard"),
];

/// What does the same over HTTP.
#[derive(Clone, Copy)]
enum Same {
    Route(&'static str),
    Member(&'static str, &'static str),
    Answer(&'static str, &'static str),
    Parameter(&'static str, &'static str),
    /// A member of the requests that `GET /_emulator/requests` lists.
    Recorded(&'static str),
    Nothing(&'static str),
}

use Same::{Answer, Member, Nothing, Parameter, Recorded, Route};

impl Same {
    fn route(self) -> Option<&'static str> {
        match self {
            Route(route) | Member(route, _) | Answer(route, _) | Parameter(route, _) => Some(route),
            Recorded(_) => Some("GET /_emulator/requests"),
            Nothing(_) => None,
        }
    }
}

#[test]
fn every_public_method_has_its_counterpart_over_http_and_every_route_its_method() {
    let found = public_methods();
    for method in &found {
        assert!(RUST.iter().any(|(name, _)| name == method), "{method} has no row and perhaps no route");
    }
    for (method, same) in RUST {
        assert!(found.contains(*method), "there is no {method}");
        assert!(exists(*same), "{method}: what does the same over HTTP does not exist");
    }
    for route in ROUTES {
        let name = format!("{} {}", route.method, route.path);
        let named = RUST.iter().any(|(_, same)| same.route() == Some(&name));
        let alone = ROUTES_ALONE.iter().filter(|(it, _)| *it == name).count();
        assert!(named && alone == 0 || !named && alone == 1, "{name} has no method, or is in both lists");
    }
    for (name, _) in ROUTES_ALONE {
        assert!(exists(Route(name)), "there is no {name}");
    }
}

#[test]
fn every_member_and_parameter_has_its_method_in_rust() {
    for route in ROUTES {
        let name = format!("{} {}", route.method, route.path);
        let names_it = |wanted: &str| {
            RUST.iter().any(|(_, same)| matches!(*same, Member(route, it) | Parameter(route, it) if route == name && it == wanted))
        };
        let members = route.request.map(|(_, schema)| properties(&schema())).unwrap_or_default();
        for member in members.iter().map(String::as_str).chain(route.query.iter().copied()) {
            // These methods take a whole user, and a filter is the same for a list and for a wait.
            let is_whole = name.contains("/users") || name.contains("/requests");
            let elsewhere =
                |(_, same): &(&str, Same)| matches!(same, Member(_, it) | Parameter(_, it) if *it == member);
            assert!(
                names_it(member) || is_whole && RUST.iter().any(elsewhere),
                "{name}: {member} has no method"
            );
        }
    }
    for member in properties(&schema::requests()["properties"]["requests"]["items"]) {
        assert!(RUST.iter().any(|(_, same)| matches!(same, Recorded(it) if *it == member)), "{member}");
    }
}

/// The public methods of the types that a program controls the emulator with, as `Type::method`.
fn public_methods() -> BTreeSet<String> {
    let sources = [
        ("Emulator", include_str!("../../emulator.rs")),
        ("EmulatorBuilder", include_str!("../../builder.rs")),
        ("EmulatorClock", include_str!("../../clock.rs")),
        ("ScriptBuilder", include_str!("../../scripts/builder.rs")),
        ("ScriptGuard", include_str!("../../scripts/guard.rs")),
        ("Script", include_str!("../../scripts/script.rs")),
        ("User", include_str!("../../user.rs")),
        ("RequestFilter", include_str!("../../request_log/filter.rs")),
        ("RecordedRequest", include_str!("../../request_log/recorded_request.rs")),
    ];
    let mut found = BTreeSet::new();
    for (name, source) in sources {
        for line in source.lines() {
            let line = line.strip_prefix("    pub ").unwrap_or_default();
            let line = line.trim_start_matches("const ").trim_start_matches("async ");
            if let Some(method) = line.strip_prefix("fn ").and_then(|rest| rest.split(['(', '<']).next()) {
                found.insert(format!("{name}::{method}"));
            }
        }
    }
    found
}

fn exists(same: Same) -> bool {
    if let Nothing(reason) = same {
        return !reason.is_empty();
    }
    let Some(name) = same.route() else { return false };
    let Some(route) = ROUTES.iter().find(|it| format!("{} {}", it.method, it.path) == name) else {
        return false;
    };
    let answer = || match route.answer {
        super::super::route::Answer::Json(_, schema) => schema(),
        _ => Value::Null,
    };
    match same {
        Route(_) | Nothing(_) => true,
        Member(_, member) => route.request.is_some_and(|(_, schema)| properties(&schema()).contains(member)),
        Answer(_, member) => properties(&answer()).contains(member),
        Parameter(_, name) => route.query.contains(&name),
        Recorded(member) => properties(&answer()["properties"]["requests"]["items"]).contains(member),
    }
}

fn properties(schema: &Value) -> BTreeSet<String> {
    schema["properties"].as_object().into_iter().flat_map(|members| members.keys().cloned()).collect()
}
