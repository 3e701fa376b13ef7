//! [`RecordedRequest`]: what is remembered of a request, without any of its secrets.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderName, StatusCode, Version, header, request};

use crate::operation::Operation;

/// A request that the emulator received, and what became of it.
///
/// It holds neither the body nor the query. Of a header it holds the value if that is known to be harmless
/// (see [`header`](Self::header)), so it may be printed.
#[derive(Debug, Clone)]
pub struct RecordedRequest {
    pub(crate) number: u64,
    operation: Operation,
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    received_at: SystemTime,
    connection: u64,
    http_version: Version,
    alpn: Option<String>,
    pub(crate) scripted: bool,
    pub(crate) status: Option<StatusCode>,
    pub(crate) elapsed: Option<Duration>,
}

impl RecordedRequest {
    pub(crate) fn new(head: &request::Parts, origin: Origin<'_>, received_at: SystemTime) -> Self {
        let path = head.uri.path();
        Self {
            number: 0,
            operation: Operation::of(&head.method, path).unwrap_or(Operation::Other),
            method: shortened(head.method.as_str(), 32),
            path: shortened(path, 512),
            headers: headers(&head.headers),
            received_at,
            connection: origin.connection,
            http_version: head.version,
            alpn: origin.alpn.map(ToOwned::to_owned),
            scripted: false,
            status: None,
            elapsed: None,
        }
    }

    /// Its place among all requests since the start, from 1.
    #[must_use]
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// What it asked for.
    #[must_use]
    pub const fn operation(&self) -> Operation {
        self.operation
    }

    /// Its method.
    #[must_use]
    pub fn method(&self) -> &str {
        &self.method
    }

    /// Its path, without a query.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The names of its headers in lower case, in the order they came; a header that came twice is here twice.
    pub fn header_names(&self) -> impl Iterator<Item = &str> {
        self.headers.iter().map(|(name, _)| name.as_str())
    }

    /// Its headers: names in lower case, and values as [`header`](Self::header) has them.
    #[must_use]
    pub fn headers(&self) -> &[(String, String)] {
        &self.headers
    }

    /// The value of the first header of this name. Any value but those of `accept`, `accept-encoding`,
    /// `connection`, `content-encoding`, `content-length`, `content-type`, `host`, `te`, `transfer-encoding`,
    /// `user-agent` and `x-cloud-governance-jsoncontract` is replaced by its length: `(redacted, 28 bytes)`; so
    /// is a `host` with a user in it. Over HTTP/2 there is no `host`: it is in the request line.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers.find(|(its_name, _)| its_name.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The status it was answered with; `None` while it is being answered, and if it never was.
    #[must_use]
    pub const fn status(&self) -> Option<StatusCode> {
        self.status
    }

    /// When it had been read, by the emulator's clock.
    #[must_use]
    pub const fn received_at(&self) -> SystemTime {
        self.received_at
    }

    /// The real time from its head to its answer, or to the moment it was given up; `None` while it is being
    /// answered.
    #[must_use]
    pub const fn elapsed(&self) -> Option<Duration> {
        self.elapsed
    }

    /// The connection it came by. Connections are counted from 1 in the order they were accepted.
    #[must_use]
    pub const fn connection(&self) -> u64 {
        self.connection
    }

    /// The version of HTTP it was sent in.
    #[must_use]
    pub const fn http_version(&self) -> Version {
        self.http_version
    }

    /// The protocol that was negotiated in TLS: `h2` or `http/1.1`; `None` without TLS or without ALPN.
    #[must_use]
    pub fn alpn(&self) -> Option<&str> {
        self.alpn.as_deref()
    }

    /// Whether a script had a hand in its answer.
    #[must_use]
    pub const fn is_scripted(&self) -> bool {
        self.scripted
    }
}

/// The connection that a request came by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Origin<'a> {
    pub(crate) connection: u64,
    pub(crate) alpn: Option<&'a str>,
}

fn headers(headers: &HeaderMap) -> Vec<(String, String)> {
    let shown = |(name, value): (&HeaderName, &http::HeaderValue)| {
        let value = match value.to_str() {
            Ok(text) if HARMLESS.contains(name) && !holds_user(name, text) => shortened(text, 128),
            _ => format!("(redacted, {} bytes)", value.len()),
        };
        (shortened(name.as_str(), 128), value)
    };
    headers.iter().take(MOST_HEADERS).map(shown).collect()
}

/// Whether this is a host with a user, and perhaps a password, before it.
fn holds_user(name: &HeaderName, value: &str) -> bool {
    name == header::HOST && value.contains('@')
}

/// At most `most` bytes: what is remembered is bounded, whatever is sent.
fn shortened(text: &str, most: usize) -> String {
    let end = (0..=most.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    text[..end.unwrap_or(0)].to_owned()
}

/// Headers whose values hold no secret of anybody's.
const HARMLESS: [HeaderName; 11] = [
    header::ACCEPT,
    header::ACCEPT_ENCODING,
    header::CONNECTION,
    header::CONTENT_ENCODING,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::HOST,
    header::TE,
    header::TRANSFER_ENCODING,
    header::USER_AGENT,
    HeaderName::from_static("x-cloud-governance-jsoncontract"),
];

const MOST_HEADERS: usize = 64;

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    #[test]
    fn values_are_redacted_unless_they_are_known_to_be_harmless() {
        let request = Request::post("/auth/token/refresh?s3cret=1")
            .header("clientSecret", "s3cret")
            .header("refresh_token", "s3cret")
            .header("Authorization", "Bearer s3cret")
            .header("X-Whatever", "s3cret")
            .header("User-Agent", "me/1")
            .body("s3cret")
            .unwrap();
        let recorded = record(request);
        assert!(!format!("{recorded:?}").contains("s3cret"));
        assert_eq!(recorded.header("ClientSecret"), Some("(redacted, 6 bytes)"));
        assert_eq!(recorded.header("user-agent"), Some("me/1"));
        let names: Vec<_> = recorded.header_names().collect();
        assert_eq!(names, ["clientsecret", "refresh_token", "authorization", "x-whatever", "user-agent"]);
        assert_eq!(recorded.path(), "/auth/token/refresh");
        assert_eq!(recorded.operation(), Operation::RefreshUserAccessToken);
    }

    #[test]
    fn a_host_with_a_user_in_it_is_redacted() {
        for (host, recorded) in [("u:s3cret@h", "(redacted, 10 bytes)"), ("h:1", "h:1")] {
            let request = Request::get("/me").header("host", host).body("").unwrap();
            assert_eq!(record(request).header("host"), Some(recorded));
        }
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut request =
            Request::get(format!("/{}", "x".repeat(10_000))).header("accept", "y".repeat(10_000));
        for n in 0..1000 {
            request = request.header(format!("x-{n}-{}", "z".repeat(1000)), "");
        }
        let recorded = record(request.body("").unwrap());
        assert!(format!("{recorded:?}").len() < 64 * 1024);
        assert_eq!(recorded.operation(), Operation::Other);
    }

    fn record(request: Request<&str>) -> RecordedRequest {
        let origin = Origin { connection: 1, alpn: None };
        RecordedRequest::new(&request.into_parts().0, origin, SystemTime::UNIX_EPOCH)
    }
}
