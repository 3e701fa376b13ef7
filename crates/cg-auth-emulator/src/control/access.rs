//! Access control of the control API: it serves programs on this machine, but no web page of another origin.

use aws_lc_rs::{constant_time::verify_slices_are_equal, digest};
use cg_auth_core::ClientSecret;
use http::{HeaderValue, header, request};

use super::error::ControlError;

/// Admits a request that shows the control token, from anywhere. Without a token, admits a local request.
///
/// A token is demanded on this machine too: a container of the same pod, or a proxy that publishes the port, looks
/// like a local program.
pub(super) fn check(
    control_token: Option<&ClientSecret>,
    is_local: bool,
    head: &request::Parts,
) -> Result<(), ControlError> {
    let Some(expected) = control_token else { return check_local(is_local, head) };
    let mut shown = head.headers.get_all(header::AUTHORIZATION).iter();
    match (shown.next(), shown.next()) {
        (Some(shown), None) if is_token(expected, shown) => Ok(()),
        _ => Err(ControlError::UNAUTHORIZED),
    }
}

/// Whether a header is `Bearer TOKEN` with this token. The comparison takes the same time for every token,
/// because it compares hashes of one length.
fn is_token(expected: &ClientSecret, shown: &HeaderValue) -> bool {
    let Some((scheme, token)) = shown.to_str().ok().and_then(|text| text.split_once(' ')) else {
        return false;
    };
    let hash = |text: &str| digest::digest(&digest::SHA256, text.as_bytes());
    let (expected, shown) = (hash(expected.expose_secret()), hash(token.trim_start()));
    scheme.eq_ignore_ascii_case("Bearer")
        && verify_slices_are_equal(expected.as_ref(), shown.as_ref()).is_ok()
}

/// Refuses peers on other machines, and browser requests from a page of another origin.
///
/// The check of the host stops DNS rebinding, where the host name of a page resolves to 127.0.0.1. The checks
/// of `Origin` and `Sec-Fetch-Site` stop any other page, also one on another port of this machine.
fn check_local(is_local: bool, head: &request::Parts) -> Result<(), ControlError> {
    let mut hosts = head.headers.get_all(header::HOST).iter();
    let host = match (head.uri.authority(), hosts.next(), hosts.next()) {
        (Some(authority), ..) => Some(authority.as_str()),
        (None, Some(host), None) => host.to_str().ok(),
        _ => None,
    };
    let host = host.filter(|host| is_local && names_loopback(host));
    if host.is_some_and(|host| is_same_origin(host, head)) { Ok(()) } else { Err(ControlError::FORBIDDEN) }
}

/// Whether neither `Origin` nor `Sec-Fetch-Site` names another origin than `host`.
fn is_same_origin(host: &str, head: &request::Parts) -> bool {
    let mut origins = head.headers.get_all(header::ORIGIN).iter();
    let is_own = match (origins.next(), origins.next()) {
        (None, _) => true,
        (Some(origin), None) => {
            let origin = origin.to_str().unwrap_or_default();
            let authority = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
            authority.is_some_and(|authority| authority.eq_ignore_ascii_case(host))
        }
        (Some(_), Some(_)) => false,
    };
    let mut sites = head.headers.get_all("sec-fetch-site").iter();
    is_own && sites.all(|site| site == "none" || site == "same-origin")
}

/// Whether a host, with or without a port, is a loopback address or `localhost`.
fn names_loopback(host: &str) -> bool {
    cg_auth_core::BaseUrl::parse(&format!("https://{host}")).is_ok_and(|base| base.is_loopback())
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    #[test]
    fn only_local_programs_that_name_a_loopback_host_are_admitted() {
        for (is_local, host, origin, allowed) in [
            (true, "127.0.0.1:4000", None, true),
            (true, "localhost", None, true),
            (true, "[::1]:4000", None, true),
            (true, "LOCALHOST:1", Some("http://localhost:1"), true),
            (true, "[::1]:4000", Some("https://[::1]:4000"), true),
            (true, "127.0.0.1:4000", Some("http://127.0.0.1:3000"), false),
            (true, "127.0.0.1:4000", Some("http://127.0.0.1"), false),
            (true, "127.0.0.1:4000", Some("http://localhost:4000"), false),
            (true, "127.0.0.1:4000", Some("ftp://127.0.0.1:4000"), false),
            (true, "127.0.0.1:4000", Some(""), false),
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
            assert_eq!(check(None, is_local, &head).is_ok(), allowed, "{is_local} {host} {origin:?}");
        }
    }

    #[test]
    fn a_repeated_origin_is_refused_even_if_both_are_the_emulators_own() {
        let request = Request::get("/_emulator/health").header("host", "localhost");
        let request = request.header("origin", "http://localhost").header("origin", "http://localhost");
        assert!(check(None, true, &request.body(()).unwrap().into_parts().0).is_err());
    }

    #[test]
    fn a_cross_site_request_without_an_origin_is_refused() {
        for (site, allowed) in
            [("none", true), ("same-origin", true), ("same-site", false), ("cross-site", false), ("", false)]
        {
            let request = Request::get("/_emulator/health").header("host", "localhost");
            let request = request.header("sec-fetch-site", "none").header("sec-fetch-site", site);
            assert_eq!(
                check(None, true, &request.body(()).unwrap().into_parts().0).is_ok(),
                allowed,
                "{site}"
            );
        }
    }

    #[test]
    fn a_request_without_a_host_or_with_two_is_refused() {
        let none = Request::get("/_emulator/health");
        let two = Request::get("/_emulator/health").header("host", "127.0.0.1").header("host", "127.0.0.1");
        for request in [none, two] {
            assert!(check(None, true, &request.body(()).unwrap().into_parts().0).is_err());
        }
        let http2 = Request::get("http://evil.example/_emulator/health").header("host", "127.0.0.1");
        assert!(check(None, true, &http2.body(()).unwrap().into_parts().0).is_err());
    }

    #[test]
    fn the_control_token_opens_the_api_from_anywhere_and_a_wrong_one_closes_it() {
        let token = ClientSecret::new("t0ken").unwrap();
        for (shown, is_local, admitted) in [
            (&["Bearer t0ken"][..], false, true),
            (&["bearer  t0ken"], true, true),
            (&[], true, false),
            (&[], false, false),
            (&["Bearer t0ke"], true, false),
            (&["Bearer t0ken0"], false, false),
            (&["Bearer T0ken"], false, false),
            (&["Bearer "], false, false),
            (&["Bearer"], false, false),
            (&["Basic t0ken"], false, false),
            (&["t0ken"], false, false),
            (&["Bearer t0ken", "Bearer t0ken"], false, false),
        ] {
            let mut request = Request::get("/_emulator/health");
            if is_local {
                request = request.header("host", "localhost");
            }
            for value in shown {
                request = request.header("authorization", *value);
            }
            let head = request.body(()).unwrap().into_parts().0;
            let result = check(Some(&token), is_local, &head);
            assert_eq!(result.is_ok(), admitted, "{shown:?} {is_local}");
            assert!(result.is_ok() || result.is_err_and(|it| it.status == http::StatusCode::UNAUTHORIZED));
            assert!(
                is_local || check(None, is_local, &head).is_err(),
                "a token without a setting opens nothing"
            );
        }
    }
}
