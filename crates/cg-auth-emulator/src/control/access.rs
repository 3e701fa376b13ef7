//! Who may give orders: programs on this machine, and no web page.

use http::{Uri, header, request};

use super::error::ControlError;

/// Refuses a peer beyond loopback, and a browser that was led here. A page at a name that resolves to
/// 127.0.0.1 (DNS rebinding) shows in the request's host, a page that posts across origins in its `Origin`.
pub(super) fn check(is_local: bool, head: &request::Parts) -> Result<(), ControlError> {
    let mut hosts = head.headers.get_all(header::HOST).iter();
    let host = match (head.uri.authority(), hosts.next(), hosts.next()) {
        (Some(authority), ..) => Some(authority.as_str()),
        (None, Some(host), None) => host.to_str().ok(),
        _ => None,
    };
    let origin_is_local = match head.headers.get(header::ORIGIN) {
        None => true,
        Some(origin) => {
            let origin = origin.to_str().ok().and_then(|origin| origin.parse::<Uri>().ok());
            origin.is_some_and(|origin| origin.authority().is_some_and(|it| names_loopback(it.as_str())))
        }
    };
    if is_local && host.is_some_and(names_loopback) && origin_is_local {
        Ok(())
    } else {
        Err(ControlError::FORBIDDEN)
    }
}

/// Whether a host, perhaps with a port, is this machine.
fn names_loopback(host: &str) -> bool {
    cg_auth_core::BaseUrl::parse(&format!("https://{host}")).is_ok_and(|base| base.is_loopback())
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    #[test]
    fn only_programs_on_this_machine_that_mean_this_machine_are_let_in() {
        for (is_local, host, origin, allowed) in [
            (true, "127.0.0.1:4000", None, true),
            (true, "localhost", None, true),
            (true, "[::1]:4000", None, true),
            (true, "LOCALHOST:1", Some("http://localhost:3000"), true),
            (false, "127.0.0.1:4000", None, false),
            (true, "evil.example:4000", None, false),
            (true, "localhost.evil.example", None, false),
            (true, "evil.example@127.0.0.1", None, false),
            (true, "127.0.0.1/", None, true),
            (true, "", None, false),
            (true, "127.0.0.1", Some("https://evil.example"), false),
            (true, "127.0.0.1", Some("null"), false),
        ] {
            let mut request = Request::get("/_emulator/health").header("host", host);
            if let Some(origin) = origin {
                request = request.header("origin", origin);
            }
            let head = request.body(()).unwrap().into_parts().0;
            assert_eq!(check(is_local, &head).is_ok(), allowed, "{is_local} {host} {origin:?}");
        }
    }

    #[test]
    fn a_request_that_names_no_host_or_two_is_refused() {
        let none = Request::get("/_emulator/health");
        let two = Request::get("/_emulator/health").header("host", "127.0.0.1").header("host", "127.0.0.1");
        for request in [none, two] {
            assert!(check(true, &request.body(()).unwrap().into_parts().0).is_err());
        }
        let http2 = Request::get("http://evil.example/_emulator/health").header("host", "127.0.0.1");
        assert!(check(true, &http2.body(()).unwrap().into_parts().0).is_err());
    }
}
