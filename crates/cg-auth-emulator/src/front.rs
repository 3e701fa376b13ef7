//! [`Front`]: who may control the emulator, where its service lies, and which pages may call it.

use cg_auth_core::{ClientSecret, body::Body};
use http::{
    HeaderMap, HeaderValue, Method, Response, StatusCode, Uri,
    header::{
        ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
        ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD,
    },
    request,
};

use crate::{request_log::HeaderValues, response};

/// The settings of what stands before the service.
#[derive(Debug, Clone, Default)]
pub(crate) struct Front {
    /// The token that opens the control API beyond loopback.
    pub(crate) control_token: Option<ClientSecret>,
    /// `/governance`, or empty for none.
    pub(crate) base_path: String,
    /// Whether web pages of any origin may call the service.
    pub(crate) cors: bool,
    pub(crate) header_values: HeaderValues,
}

impl Front {
    /// The URI of a request as the service knows it, without the base path. A path outside of the base path
    /// becomes `/`, where the service has nothing.
    pub(crate) fn inside(&self, uri: &Uri) -> Uri {
        if self.base_path.is_empty() {
            return uri.clone();
        }
        let path = uri.path().strip_prefix(&*self.base_path).filter(|rest| rest.starts_with('/'));
        let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
        let inside = path.and_then(|path| Uri::try_from(format!("{path}{query}")).ok());
        inside.unwrap_or_else(|| Uri::from_static("/"))
    }

    /// The answer to a browser's question whether a page may send a request; `None` for any other request.
    pub(crate) fn preflight(&self, head: &request::Parts) -> Option<Response<Body>> {
        let asks = head.method == Method::OPTIONS && head.headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
        if !self.cors || !asks {
            return None;
        }
        let mut response = response::empty(StatusCode::NO_CONTENT);
        let headers = response.headers_mut();
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST, DELETE"));
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(ALLOWED_HEADERS));
        headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
        self.allow_pages(headers);
        Some(response)
    }

    /// Lets web pages read an answer of the service, if they may.
    pub(crate) fn allow_pages(&self, headers: &mut HeaderMap) {
        if self.cors {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
            let exposed = HeaderValue::from_static("date, retry-after, www-authenticate");
            headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
        }
    }
}

/// A base path that starts with a slash and has no slash at its end; `None` for one that no URL can have.
pub(crate) fn base_path(text: &str) -> Option<String> {
    let path = text.trim_end_matches('/');
    let is_plain = |segment: &str| {
        let is_char = |c: char| c.is_ascii_alphanumeric() || "-._~!$&'()*+,;=:@".contains(c);
        !segment.is_empty() && !matches!(segment, "." | "..") && segment.chars().all(is_char)
    };
    let is_control = path.starts_with("/_emulator");
    let is_valid = path.is_empty() || path.strip_prefix('/')?.split('/').all(is_plain);
    (is_valid && !is_control).then(|| path.to_owned())
}

const ALLOWED_HEADERS: &str = "accept, authorization, clientsecret, content-type, refresh_token, \
                               userprincipalname, x-cloud-governance-jsoncontract";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_path_is_made_of_plain_segments() {
        for (text, path) in [
            ("", Some("")),
            ("/", Some("")),
            ("/governance", Some("/governance")),
            ("/a/b/", Some("/a/b")),
            ("governance", None),
            ("//a", None),
            ("/a//b", None),
            ("/a/../b", None),
            ("/a?b", None),
            ("/a%2fb", None),
            ("/_emulator", None),
        ] {
            assert_eq!(base_path(text).as_deref(), path, "{text}");
        }
    }

    #[test]
    fn only_paths_below_the_base_path_reach_the_service() {
        let front = Front { base_path: "/governance".to_owned(), ..Front::default() };
        for (outside, inside) in [
            ("/governance/me", "/me"),
            ("/governance/me?x=/a", "/me?x=/a"),
            ("http://h/governance/me", "/me"),
            ("/me", "/"),
            ("/governanceme", "/"),
            ("/governance", "/"),
            ("/Governance/me", "/"),
            ("/governance//me", "//me"),
        ] {
            assert_eq!(front.inside(&outside.parse().unwrap()), inside, "{outside}");
        }
        assert_eq!(Front::default().inside(&"/me".parse().unwrap()), "/me");
    }
}
