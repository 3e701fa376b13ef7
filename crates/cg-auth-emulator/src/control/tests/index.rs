//! The index, methods and paths.

use super::{super::table::ROUTES, *};

#[test]
fn the_index_lists_every_route_with_and_without_the_slash() {
    let emulator = Emulator::start_blocking().unwrap();
    let (status, index) = ask(&emulator, "GET /_emulator/", "");
    assert_eq!((status, &index), (200, &ask(&emulator, "GET /_emulator", "").1));
    let rows = index["routes"].as_array().unwrap();
    assert_eq!(rows.len(), ROUTES.len());
    let wait = rows.iter().find(|row| row["path"] == "/_emulator/requests/wait").unwrap();
    assert_eq!(wait["query"], json!(["operation", "user", "since", "count", "within"]));
    assert!(rows.iter().all(|row| row["summary"].as_str().is_some_and(|text| text.ends_with('.'))));
}

#[test]
fn every_get_route_answers_head_without_a_body_and_every_path_names_its_methods() {
    let emulator = Emulator::start_blocking().unwrap();
    emulator.next(crate::Operation::Other).drop_connection().keep(); // the script 1
    for route in ROUTES {
        let path = route.path.replace("{id}", "1").replace("{user}", "u@x").replace("{part}", "clock");
        if route.method == "GET" {
            let query = if path.ends_with("/wait") { "?count=0" } else { "" };
            let head = format!("HEAD {path}{query} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
            let answer = raw_http::exchange(emulator.address(), &head);
            assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("\r\n\r\n"), "{path} {answer}");
        }
        let put = format!("PUT {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
        let answer = raw_http::exchange(emulator.address(), &put).to_ascii_lowercase();
        let allowed = answer.lines().find_map(|line| line.strip_prefix("allow: ")).unwrap_or_default();
        let allowed: Vec<_> = allowed.split(", ").collect();
        assert!(answer.starts_with("http/1.1 405"), "{path} {answer}");
        assert!(allowed.contains(&&*route.method.to_ascii_lowercase()), "{path} {allowed:?}");
        assert_eq!(allowed.contains(&"get"), allowed.contains(&"head"), "{path}");
    }
}

#[test]
fn no_two_routes_have_the_same_method_and_path() {
    for (index, route) in ROUTES.iter().enumerate() {
        let same =
            |other: &&super::super::route::Route| (other.method, other.path) == (route.method, route.path);
        assert!(!ROUTES[..index].iter().any(|other| same(&other)), "{} {}", route.method, route.path);
        assert!(route.path.starts_with("/_emulator/"));
    }
}
