//! What the handle does in Rust and what the control API does over HTTP: the two lists agree.

use super::super::table::ROUTES;

/// Each public method, and the route that does the same over HTTP or the reason why none does.
const METHODS: &[(&str, &str)] = &[
    ("Emulator::start", "-: the command starts it"),
    ("Emulator::start_blocking", "-: the command starts it"),
    ("Emulator::builder", "-: the command's flags and file"),
    ("Emulator::base_url", "-: who calls the control API knows the address"),
    ("Emulator::credential", "GET /_emulator/users"),
    ("Emulator::user", "GET /_emulator/users"),
    ("Emulator::administrator", "GET /_emulator/users"),
    ("Emulator::plain_user", "GET /_emulator/users"),
    ("Emulator::users", "GET /_emulator/users"),
    ("Emulator::add_user", "POST /_emulator/users"),
    ("Emulator::change_user", "PATCH /_emulator/users/{user}"),
    ("Emulator::remove_user", "DELETE /_emulator/users/{user}"),
    ("Emulator::settings", "GET /_emulator/settings"),
    ("Emulator::set_settings", "PATCH /_emulator/settings"),
    ("Emulator::token_counts", "GET /_emulator/state"),
    ("Emulator::metrics", "GET /_emulator/metrics"),
    ("Emulator::active_scripts", "GET /_emulator/scripts"),
    ("Emulator::revoke_token", "POST /_emulator/revoke"),
    ("Emulator::revoke_user", "POST /_emulator/revoke"),
    ("Emulator::revoke_all", "POST /_emulator/revoke"),
    ("Emulator::digest", "GET /_emulator/users"),
    ("Emulator::protected_url", "-: who calls the control API knows the address"),
    ("Emulator::ca_pem", "-: the command writes the file"),
    ("Emulator::env", "-: the command prints it"),
    ("Emulator::address", "-: who calls the control API knows the address"),
    ("Emulator::next", "POST /_emulator/scripts"),
    ("Emulator::add_script", "POST /_emulator/scripts"),
    ("Emulator::clock", "GET /_emulator/clock"),
    ("Emulator::requests", "GET /_emulator/requests"),
    ("Emulator::requests_matching", "GET /_emulator/requests"),
    ("Emulator::count", "GET /_emulator/requests"),
    ("Emulator::count_matching", "GET /_emulator/requests/wait"),
    ("Emulator::wait_for", "GET /_emulator/requests/wait"),
    ("Emulator::wait_for_blocking", "GET /_emulator/requests/wait"),
    ("Emulator::wait_for_matching", "GET /_emulator/requests/wait"),
    ("Emulator::forgotten_requests", "GET /_emulator/requests"),
    ("Emulator::reset", "POST /_emulator/reset"),
    ("Emulator::reset_part", "POST /_emulator/reset/{part}"),
    ("Emulator::shutdown", "-: a signal ends the command"),
    ("Emulator::shutdown_blocking", "-: a signal ends the command"),
    ("EmulatorClock::now", "GET /_emulator/clock"),
    ("EmulatorClock::is_frozen", "GET /_emulator/clock"),
    ("EmulatorClock::advance", "POST /_emulator/clock"),
    ("EmulatorClock::try_advance", "POST /_emulator/clock"),
    ("EmulatorClock::set", "POST /_emulator/clock"),
    ("EmulatorClock::freeze", "POST /_emulator/clock"),
    ("EmulatorClock::thaw", "POST /_emulator/clock"),
    ("ScriptGuard::hits", "GET /_emulator/scripts"),
    ("ScriptGuard::keep", "POST /_emulator/scripts"),
];

/// Each route that no method names, and what does the same in Rust.
const ROUTES_ALONE: &[(&str, &str)] = &[
    ("GET /_emulator/", "the documentation of the crate"),
    ("GET /_emulator/openapi.json", "the documentation of the crate"),
    ("GET /_emulator/health", "a handle exists only while the emulator runs"),
    ("GET /_emulator/faults", "NamedFault::ALL"),
    ("DELETE /_emulator/requests", "Emulator::reset_part(Part::Requests)"),
    ("DELETE /_emulator/scripts", "Emulator::reset_part(Part::Scripts)"),
    ("DELETE /_emulator/scripts/{id}", "dropping the ScriptGuard"),
];

#[test]
fn every_public_method_has_its_route_and_every_route_its_method() {
    let sources = [
        ("Emulator", include_str!("../../emulator.rs")),
        ("EmulatorClock", include_str!("../../clock.rs")),
        ("ScriptGuard", include_str!("../../scripts/guard.rs")),
    ];
    let mut found = Vec::new();
    for (name, source) in sources {
        for line in source.lines() {
            let line = line.strip_prefix("    pub ").unwrap_or_default();
            let line = line.trim_start_matches("const ").trim_start_matches("async ");
            if let Some(method) = line.strip_prefix("fn ").and_then(|rest| rest.split(['(', '<']).next()) {
                found.push(format!("{name}::{method}"));
            }
        }
    }
    for method in &found {
        assert!(METHODS.iter().any(|(name, _)| name == method), "{method} has no row and perhaps no route");
    }
    let routes: Vec<_> = ROUTES.iter().map(|route| format!("{} {}", route.method, route.path)).collect();
    for (method, route) in METHODS {
        assert!(found.iter().any(|name| name == method), "there is no {method}");
        assert!(route.starts_with("-: ") || routes.iter().any(|it| it == route), "there is no {route}");
    }
    for route in &routes {
        let named = METHODS.iter().filter(|(_, it)| it == route).count();
        let alone = ROUTES_ALONE.iter().filter(|(it, _)| it == route).count();
        assert!(named > 0 || alone == 1, "{route} has no method");
    }
}
