//! [`Upstream`]: the origin that requests are forwarded to.

use cg_auth_core::BaseUrl;
use http::{
    Uri,
    uri::{Parts, PathAndQuery},
};

use crate::{service_address::ServiceAddress, setting_error::SettingError};

/// One origin, and the path below which requests go.
#[derive(Debug)]
pub(super) struct Upstream {
    origin: Uri,
    /// Without a slash at its end.
    base_path: String,
    address: ServiceAddress,
}

impl Upstream {
    /// Reads the value of `--upstream`. The rules are those of a base URL of the service: https or this
    /// machine, and nothing that two HTTP libraries could read differently.
    pub(super) fn parse(text: &str) -> Result<Self, SettingError> {
        let invalid = |problem: &str| SettingError::Upstream { problem: problem.to_owned() };
        // A base URL of the service does not end in `/admin`, but an upstream may.
        let (text, added) = match text.strip_suffix('/').unwrap_or(text) {
            admin if admin.ends_with("/admin") => (format!("{admin}{BEHIND_ADMIN}"), BEHIND_ADMIN),
            _ => (text.to_owned(), ""),
        };
        let url = BaseUrl::parse_allowing_http(&text).map_err(|error| {
            let problem = error.to_string();
            invalid(problem.strip_prefix(error.setting()).unwrap_or(&problem).trim_start())
        })?;
        if url.is_plaintext() && !url.is_loopback() {
            return Err(invalid(
                "must be https, or http to this machine: the token would be sent unencrypted",
            ));
        }
        let uri: Uri = url.as_str().parse().map_err(|_| invalid("is not a URL"))?;
        let path = uri.path().strip_suffix(added).unwrap_or_default();
        let base_path = path.strip_suffix('/').unwrap_or(path).to_owned();
        Ok(Self { origin: uri, base_path, address: ServiceAddress::of(&url) })
    }

    /// The URI for a request to `path`, which is empty or starts with a slash; `None` if it is too long.
    pub(super) fn uri(&self, path: &str, query: Option<&str>) -> Option<Uri> {
        let path = if self.base_path.is_empty() && path.is_empty() { "/" } else { path };
        let mut target = format!("{}{path}", self.base_path);
        if let Some(query) = query {
            target.push('?');
            target.push_str(query);
        }
        let mut parts = Parts::default();
        parts.scheme = self.origin.scheme().cloned();
        parts.authority = self.origin.authority().cloned();
        parts.path_and_query = Some(PathAndQuery::try_from(target).ok()?);
        Uri::from_parts(parts).ok()
    }

    /// Host and port, for messages.
    pub(super) const fn address(&self) -> &ServiceAddress {
        &self.address
    }
}

const BEHIND_ADMIN: &str = "/-";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_a_base_path_and_a_trailing_slash_is_ignored() {
        for (text, path, query, uri) in [
            ("https://a.example", "", None, "https://a.example/"),
            ("https://a.example/", "/", None, "https://a.example/"),
            ("https://a.example", "/x", Some("y=1"), "https://a.example/x?y=1"),
            ("https://a.example:8443/api/", "/x", None, "https://a.example:8443/api/x"),
            ("https://a.example/api", "", None, "https://a.example/api"),
            ("https://a.example/api", "/", None, "https://a.example/api/"),
            ("https://a.example/api", "", Some("q"), "https://a.example/api?q"),
            ("https://a.example/api/admin", "/x", None, "https://a.example/api/admin/x"),
            ("https://a.example/admin/", "", None, "https://a.example/admin"),
            ("http://127.0.0.1:80", "//evil.example/%41", Some(""), "http://127.0.0.1:80//evil.example/%41?"),
            ("http://[::1]:1", "/a:b@c", None, "http://[::1]:1/a:b@c"),
        ] {
            let uri_of = Upstream::parse(text).unwrap().uri(path, query).unwrap();
            assert_eq!(uri_of.to_string(), uri, "{text} {path}");
        }
    }

    #[test]
    fn an_upstream_that_is_not_safe_is_refused_and_not_quoted() {
        for text in [
            "http://canary.example",
            "http://canary.example/admin",
            "ftp://canary.example",
            "canary",
            "",
            "https://",
            "https://user:canary@a.example",
            "https://a.example/canary?x",
            "https://a.example/canary#x",
            "https://a.example/canary/../x",
            "https://a.example/canary/%2e%2e",
            "http://127.0.0.1.canary",
        ] {
            let refused = Upstream::parse(text).unwrap_err().to_string();
            assert!(refused.starts_with("--upstream ") && !refused.contains("canary"), "{text}: {refused}");
        }
    }
}
