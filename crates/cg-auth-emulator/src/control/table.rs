//! The table of the control API: every path and method, from which the dispatch and the index come.

use super::{clock, health, index, requests, reset, revoke, route::Reply, route::Route, scripts, users};
use crate::control::error::ControlError;

pub(super) static ROUTES: &[Route] = &[
    Route {
        method: "GET",
        path: "/_emulator/",
        query: &[],
        summary: "Lists these routes.",
        handler: |call| Reply::ok(&index::list(call.routes)),
    },
    Route {
        method: "GET",
        path: "/_emulator/health",
        query: &[],
        summary: "Says that the emulator runs, its version and its time.",
        handler: |call| Reply::ok(&health::show(&call.state.clock)),
    },
    Route {
        method: "GET",
        path: "/_emulator/clock",
        query: &[],
        summary: "Shows the time, and whether the clock is frozen.",
        handler: |call| Reply::ok(&clock::show(&call.state.clock)),
    },
    Route {
        method: "POST",
        path: "/_emulator/clock",
        query: &[],
        summary: "Sets, advances, freezes or thaws the clock.",
        handler: |call| Reply::ok(&clock::change(&call.state.clock, call.body)?),
    },
    Route {
        method: "GET",
        path: "/_emulator/requests",
        query: &["operation", "user", "since", "limit"],
        summary: "Lists the recorded requests that match, oldest first, and the counts of all.",
        handler: |call| Reply::ok(&requests::list(&call.state.log, &requests::filter(&call.query)?)),
    },
    Route {
        method: "DELETE",
        path: "/_emulator/requests",
        query: &[],
        summary: "Forgets the recorded requests and their counts.",
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
        handler: requests::wait,
    },
    Route {
        method: "GET",
        path: "/_emulator/scripts",
        query: &[],
        summary: "Lists the scripts that still apply to requests.",
        handler: |call| Reply::ok(&scripts::list(&call.state.scripts)),
    },
    Route {
        method: "POST",
        path: "/_emulator/scripts",
        query: &[],
        summary: "Adds a script.",
        handler: |call| Reply::created(&scripts::add(&call.state.scripts, call.body)?),
    },
    Route {
        method: "DELETE",
        path: "/_emulator/scripts",
        query: &[],
        summary: "Removes every script.",
        handler: |call| {
            call.state.scripts.clear();
            Reply::no_content()
        },
    },
    Route {
        method: "DELETE",
        path: "/_emulator/scripts/{id}",
        query: &[],
        summary: "Removes one script.",
        handler: |call| match call.segment.parse() {
            Ok(id) if call.state.scripts.remove(id) => Reply::no_content(),
            _ => Err(ControlError::NOT_FOUND),
        },
    },
    Route {
        method: "GET",
        path: "/_emulator/faults",
        query: &[],
        summary: "Lists the named faults, each with the script that it stands for.",
        handler: |_| Reply::ok(&scripts::faults()),
    },
    Route {
        method: "GET",
        path: "/_emulator/users",
        query: &[],
        summary: "Lists the users, with digests in place of their secrets.",
        handler: |call| Reply::ok(&users::list(&call.state.service)),
    },
    Route {
        method: "POST",
        path: "/_emulator/users",
        query: &[],
        summary: "Adds a user.",
        handler: |call| Reply::created(&users::add(&call.state.service, call.body)?),
    },
    Route {
        method: "PATCH",
        path: "/_emulator/users/{user}",
        query: &[],
        summary: "Enables or disables a user, or gives the user another secret or role.",
        handler: |call| Reply::ok(&users::change(&call.state.service, &call.segment, call.body)?),
    },
    Route {
        method: "DELETE",
        path: "/_emulator/users/{user}",
        query: &[],
        summary: "Removes a user and revokes the user's tokens.",
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
        handler: |call| {
            revoke::revoke(&call.state.service, call.body)?;
            Reply::no_content()
        },
    },
    Route {
        method: "POST",
        path: "/_emulator/reset",
        query: &[],
        summary: "Returns to the start.",
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
        handler: |call| {
            reset::part(call.state, &call.segment)?;
            Reply::no_content()
        },
    },
];
