//! The table of the control API: every path and method, from which the dispatch, the
//! index and the OpenAPI document come.

use http::HeaderValue;

use super::{
    clock, digest, health, index, openapi, requests, reset, revoke,
    route::{Answer, Reply, Route},
    schema, scripts, settings, state, users,
};
use crate::{metrics, response};

pub(super) static ROUTES: &[Route] = &[
    Route {
        method: "GET",
        path: "/_emulator/",
        query: &[],
        summary: "Lists these routes.",
        request: None,
        answer: Answer::Json(200, schema::index),
        errors: &[],
        handler: |call| Reply::ok(&index::list(call.routes)),
    },
    Route {
        method: "GET",
        path: "/_emulator/openapi.json",
        query: &[],
        summary: "Describes these routes as an OpenAPI document.",
        request: None,
        answer: Answer::Json(200, schema::open_api),
        errors: &[],
        handler: |call| Reply::ok(&openapi::document(call.routes)),
    },
    Route {
        method: "GET",
        path: "/_emulator/health",
        query: &[],
        summary: "Says that the emulator runs, its version and its time.",
        request: None,
        answer: Answer::Json(200, schema::health),
        errors: &[],
        handler: |call| Reply::ok(&health::show(&call.state.clock)),
    },
    Route {
        method: "GET",
        path: "/_emulator/state",
        query: &[],
        summary: "Shows counts, the clock, the settings and how many tokens are alive.",
        request: None,
        answer: Answer::Json(200, schema::state),
        errors: &[],
        handler: |call| Reply::ok(&state::show(call.state)),
    },
    Route {
        method: "GET",
        path: "/_emulator/metrics",
        query: &[],
        summary: "Shows metrics in Prometheus' text format.",
        request: None,
        answer: Answer::Text,
        errors: &[],
        handler: |call| {
            let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
            Ok(Reply::Now(response::text(metrics::text(call.state), kind)))
        },
    },
    Route {
        method: "GET",
        path: "/_emulator/settings",
        query: &[],
        summary: "Shows the lifetimes and policies.",
        request: None,
        answer: Answer::Json(200, schema::settings),
        errors: &[],
        handler: |call| Reply::ok(&settings::show(&call.state.service)),
    },
    Route {
        method: "PATCH",
        path: "/_emulator/settings",
        query: &[],
        summary: "Changes lifetimes and policies.",
        request: Some((r#"{"token_lifetime_seconds":600,"reuse_detection":true}"#, schema::settings_change)),
        answer: Answer::Json(200, schema::settings),
        errors: &[],
        handler: |call| Reply::ok(&settings::change(&call.state.service, call.body)?),
    },
    Route {
        method: "GET",
        path: "/_emulator/clock",
        query: &[],
        summary: "Shows the time, and whether the clock is frozen.",
        request: None,
        answer: Answer::Json(200, schema::clock),
        errors: &[],
        handler: |call| Reply::ok(&clock::show(&call.state.clock)),
    },
    Route {
        method: "POST",
        path: "/_emulator/clock",
        query: &[],
        summary: "Sets, advances, freezes or thaws the clock.",
        request: Some((r#"{"set":"2030-01-01T12:00:00Z","frozen":true}"#, schema::clock_change)),
        answer: Answer::Json(200, schema::clock),
        errors: &[409],
        handler: |call| Reply::ok(&clock::change(&call.state.clock, call.body)?),
    },
    Route {
        method: "GET",
        path: "/_emulator/requests",
        query: &["operation", "user", "since", "limit"],
        summary: "Lists the recorded requests that match, oldest first, and the counts of all.",
        request: None,
        answer: Answer::Json(200, schema::requests),
        errors: &[],
        handler: |call| Reply::ok(&requests::list(&call.state.log, &requests::filter(&mut call.query)?)),
    },
    Route {
        method: "DELETE",
        path: "/_emulator/requests",
        query: &[],
        summary: "Forgets the recorded requests and their counts. Numbers continue.",
        request: None,
        answer: Answer::Empty,
        errors: &[],
        handler: |call| {
            call.state.log.clear();
            Reply::no_content()
        },
    },
    Route {
        method: "GET",
        path: "/_emulator/requests/wait",
        query: &["operation", "user", "since", "count", "within"],
        summary: "Waits until enough requests that match have arrived, and lists them.",
        request: None,
        answer: Answer::Json(200, schema::arrived),
        errors: &[503, 504],
        handler: requests::wait,
    },
    Route {
        method: "POST",
        path: "/_emulator/scripts",
        query: &[],
        summary: "Adds a script.",
        request: Some((
            r#"{"operation":"refresh_user_access_token","refuse":{"status":503}}"#,
            schema::script,
        )),
        answer: Answer::Json(201, schema::added_script),
        errors: &[409],
        handler: |call| Reply::created(&scripts::add(&call.state.scripts, call.body)?),
    },
    Route {
        method: "GET",
        path: "/_emulator/scripts",
        query: &[],
        summary: "Lists the scripts that still apply to requests.",
        request: None,
        answer: Answer::Json(200, schema::scripts),
        errors: &[],
        handler: |call| Reply::ok(&scripts::list(&call.state.scripts)),
    },
    Route {
        method: "GET",
        path: "/_emulator/scripts/{id}",
        query: &[],
        summary: "Shows one script and its hits, also when it is used up or was removed.",
        request: None,
        answer: Answer::Json(200, schema::script_summary),
        errors: &[404],
        handler: |call| Reply::ok(&scripts::show(&call.state.scripts, &call.segment)?),
    },
    Route {
        method: "DELETE",
        path: "/_emulator/scripts/{id}",
        query: &[],
        summary: "Removes one script.",
        request: None,
        answer: Answer::Empty,
        errors: &[404],
        handler: |call| {
            scripts::remove(&call.state.scripts, &call.segment)?;
            Reply::no_content()
        },
    },
    Route {
        method: "DELETE",
        path: "/_emulator/scripts",
        query: &[],
        summary: "Removes every script. Ids continue.",
        request: None,
        answer: Answer::Empty,
        errors: &[],
        handler: |call| {
            call.state.scripts.clear();
            Reply::no_content()
        },
    },
    Route {
        method: "GET",
        path: "/_emulator/faults",
        query: &[],
        summary: "Lists the named faults, each with the script that it stands for.",
        request: None,
        answer: Answer::Json(200, schema::faults),
        errors: &[],
        handler: |_| Reply::ok(&scripts::faults()),
    },
    Route {
        method: "GET",
        path: "/_emulator/users",
        query: &[],
        summary: "Lists the users, with digests in place of their secrets.",
        request: None,
        answer: Answer::Json(200, schema::users),
        errors: &[],
        handler: |call| Reply::ok(&users::list(&call.state.service)),
    },
    Route {
        method: "POST",
        path: "/_emulator/users",
        query: &[],
        summary: "Adds a user.",
        request: Some((
            r#"{"user_principal_name":"new@example.com","client_secret":"one"}"#,
            schema::new_user,
        )),
        answer: Answer::Json(201, schema::user),
        errors: &[409],
        handler: |call| Reply::created(&users::add(&call.state.service, call.body)?),
    },
    Route {
        method: "PATCH",
        path: "/_emulator/users/{user}",
        query: &[],
        summary: "Enables or disables a user, or gives the user another secret or role.",
        request: Some((r#"{"client_secret":"two","second_secret":"one"}"#, schema::user_change)),
        answer: Answer::Json(200, schema::user),
        errors: &[404],
        handler: |call| Reply::ok(&users::change(&call.state.service, &call.segment, call.body)?),
    },
    Route {
        method: "DELETE",
        path: "/_emulator/users/{user}",
        query: &[],
        summary: "Removes a user and revokes the user's tokens.",
        request: None,
        answer: Answer::Empty,
        errors: &[404],
        handler: |call| {
            call.state.service.remove_user(&call.segment)?;
            Reply::no_content()
        },
    },
    Route {
        method: "POST",
        path: "/_emulator/revoke",
        query: &[],
        summary: "Revokes one token, every token of a user, or all tokens.",
        request: Some((r#"{"user":"someone@example.com"}"#, schema::revocation)),
        answer: Answer::Empty,
        errors: &[404],
        handler: |call| {
            revoke::revoke(&call.state.service, call.body)?;
            Reply::no_content()
        },
    },
    Route {
        method: "POST",
        path: "/_emulator/digest",
        query: &[],
        summary: "Computes the digest of a secret or token, as recorded requests show it.",
        request: Some((r#"{"value":"one"}"#, schema::digest_of)),
        answer: Answer::Json(200, schema::digest),
        errors: &[],
        handler: |call| Reply::ok(&digest::digest(&call.state.service, call.body)?),
    },
    Route {
        method: "POST",
        path: "/_emulator/reset",
        query: &[],
        summary: "Returns to the start. Numbers and ids begin at 1 again.",
        request: None,
        answer: Answer::Empty,
        errors: &[],
        handler: |call| {
            call.state.reset();
            Reply::no_content()
        },
    },
    Route {
        method: "POST",
        path: "/_emulator/reset/{part}",
        query: &[],
        summary: "Resets requests, scripts, tokens, clock, users or settings alone.",
        request: None,
        answer: Answer::Empty,
        errors: &[404],
        handler: |call| {
            reset::part(call.state, &call.segment)?;
            Reply::no_content()
        },
    },
];
