//! [`RecordedRequest`]: a request as the log keeps it, without its secrets.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderName, StatusCode, Version, header, request};

use crate::{
    digest::{Issued, Shown},
    names::named,
    operation::Operation,
};

/// A request that the emulator received, and the outcome.
///
/// It is safe to print: it holds no body, no query, and no header value that may be a secret (see
/// [`header`](Self::header)).
#[derive(Debug, Clone)]
pub struct RecordedRequest {
    pub(super) number: u64,
    /// How often the log had been reset.
    pub(super) resets: u64,
    operation: Operation,
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    received_at: SystemTime,
    pub(super) connection: u64,
    http_version: Version,
    alpn: Option<String>,
    body_length: u64,
    pub(super) shown: Shown,
    pub(super) issued: Issued,
    pub(super) scripted: bool,
    pub(super) status: Option<StatusCode>,
    pub(super) elapsed: Option<Duration>,
}

impl RecordedRequest {
    pub(crate) fn new(
        head: &request::Parts,
        alpn: Option<&str>,
        received_at: SystemTime,
        values: HeaderValues,
    ) -> Self {
        let path = head.uri.path();
        Self {
            number: 0,
            resets: 0,
            operation: Operation::of(&head.method, path).unwrap_or(Operation::Other),
            method: shortened(head.method.as_str(), 32),
            path: shortened(path, 512),
            headers: headers(&head.headers, values),
            received_at,
            connection: 0,
            http_version: head.version,
            alpn: alpn.map(ToOwned::to_owned),
            body_length: 0,
            shown: Shown::default(),
            issued: Issued::default(),
            scripted: false,
            status: None,
            elapsed: None,
        }
    }

    /// Sets the path, where the service knows the request by another one.
    pub(crate) fn at(mut self, path: &str) -> Self {
        self.path = shortened(path, 512);
        self
    }

    /// Adds what the request's headers and body show.
    pub(crate) fn showing(mut self, shown: Shown, body_length: usize) -> Self {
        self.shown = shown;
        self.body_length = body_length as u64;
        self
    }

    /// The operation that the request asked for.
    #[must_use]
    pub const fn operation(&self) -> Operation {
        self.operation
    }

    /// The request's method.
    #[must_use]
    pub fn method(&self) -> &str {
        &self.method
    }

    /// The request's path, without its query.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The value of the first header with this name.
    ///
    /// Most values are replaced by their length: `(redacted, 28 bytes)`. Only these headers keep their
    /// values: `accept`, `accept-encoding`, `connection`, `content-encoding`, `content-length`,
    /// `content-type`, `host`, `te`, `transfer-encoding`, `user-agent` and `x-cloud-governance-jsoncontract`.
    /// [`EmulatorBuilder::header_values`](crate::EmulatorBuilder::header_values) shows more of them.
    /// A `host` that contains a user name is redacted too. An HTTP/2 request has no `host` header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers.find(|(its_name, _)| its_name.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The request's headers in their order: names in lower case, values as in [`header`](Self::header).
    #[must_use]
    pub fn headers(&self) -> &[(String, String)] {
        &self.headers
    }

    /// The names of [`headers`](Self::headers). A repeated header is repeated here.
    pub fn header_names(&self) -> impl Iterator<Item = &str> {
        self.headers.iter().map(|(name, _)| name.as_str())
    }

    /// The user that the request names, spelt as the emulator has the name: by the header
    /// `userPrincipalName`, else in the body, else by the access token.
    ///
    /// `None` if the emulator has no such user. A name that it does not know may be a secret in the wrong
    /// place, so the log does not keep it.
    #[must_use]
    pub fn user(&self) -> Option<&str> {
        self.shown.user.as_deref()
    }

    /// How many bytes of body the request has; 0 if the body was refused.
    #[must_use]
    pub const fn body_length(&self) -> u64 {
        self.body_length
    }

    /// The digest of the client secret that the request shows, in its header or else in its body. Compare it
    /// with [`Emulator::digest`](crate::Emulator::digest) of the secret that you expect.
    #[must_use]
    pub fn client_secret_digest(&self) -> Option<&str> {
        self.shown.client_secret.as_deref()
    }

    /// The digest of the access token that the request shows as `Authorization: Bearer`.
    #[must_use]
    pub fn access_token_digest(&self) -> Option<&str> {
        self.shown.access_token.as_deref()
    }

    /// The digest of the refresh token that the request shows. It equals the
    /// [`issued_refresh_token_digest`](Self::issued_refresh_token_digest) of the request that got the token.
    #[must_use]
    pub fn refresh_token_digest(&self) -> Option<&str> {
        self.shown.refresh_token.as_deref()
    }

    /// The digest of the access token in the service's answer; `None` for an answer without one.
    #[must_use]
    pub fn issued_access_token_digest(&self) -> Option<&str> {
        self.issued.access_token.as_deref()
    }

    /// The digest of the refresh token in the service's answer; `None` for an answer without one.
    #[must_use]
    pub fn issued_refresh_token_digest(&self) -> Option<&str> {
        self.issued.refresh_token.as_deref()
    }

    /// The status of the answer; `None` until the answer is ready, and if the request was abandoned.
    #[must_use]
    pub const fn status(&self) -> Option<StatusCode> {
        self.status
    }

    /// Whether the request followed a script.
    #[must_use]
    pub const fn is_scripted(&self) -> bool {
        self.scripted
    }

    /// When the emulator finished reading the request, by the emulator's clock.
    #[must_use]
    pub const fn received_at(&self) -> SystemTime {
        self.received_at
    }

    /// The time from the request's head to its answer or its abandonment, by the emulator's clock; `None` until
    /// then.
    #[must_use]
    pub const fn elapsed(&self) -> Option<Duration> {
        self.elapsed
    }

    /// The number of the request among all requests since the start or the last
    /// [reset](crate::Emulator::reset), from 1.
    #[must_use]
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// The number of the request's connection, from 1, among those on which requests were recorded since the
    /// start or the last [reset](crate::Emulator::reset).
    #[must_use]
    pub const fn connection(&self) -> u64 {
        self.connection
    }

    /// The request's HTTP version.
    #[must_use]
    pub const fn http_version(&self) -> Version {
        self.http_version
    }

    /// The protocol that the TLS handshake negotiated: `h2` or `http/1.1`; `None` without TLS or ALPN.
    #[must_use]
    pub fn alpn(&self) -> Option<&str> {
        self.alpn.as_deref()
    }
}

/// Which header values the log shows. A value that it does not show is replaced by its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum HeaderValues {
    /// Those of the headers that hold no secret; see [`RecordedRequest::header`].
    #[default]
    Safe,
    /// All but those of `authorization`, `clientsecret`, `cookie`, `proxy-authorization` and `refresh_token`. A
    /// program that sends a secret in another header shows it.
    AllButSecrets,
    /// All, the secrets and tokens included.
    All,
}

named!(pub HeaderValues: Safe = "safe", AllButSecrets = "all_but_secrets", All = "all");

impl HeaderValues {
    /// How many bytes of a value the log shows; `None` for none.
    fn shown(self, name: &HeaderName, value: &str) -> Option<usize> {
        match self {
            Self::All => Some(512),
            _ if holds_user(name, value) => None,
            Self::AllButSecrets => (!SECRET_HEADERS.contains(name)).then_some(512),
            Self::Safe => SHOWN_HEADERS.contains(name).then_some(128),
        }
    }
}

fn headers(headers: &HeaderMap, values: HeaderValues) -> Vec<(String, String)> {
    let shown = |(name, value): (&HeaderName, &http::HeaderValue)| {
        let text = value.to_str().ok();
        let value = match text.and_then(|text| Some((text, values.shown(name, text)?))) {
            Some((text, limit)) => shortened(text, limit),
            None => format!("(redacted, {} bytes)", value.len()),
        };
        (shortened(name.as_str(), 128), value)
    };
    headers.iter().take(MAX_HEADERS).map(shown).collect()
}

/// Whether the header is a `Host` that contains a user name and perhaps a password.
fn holds_user(name: &HeaderName, value: &str) -> bool {
    name == header::HOST && value.contains('@')
}

/// The first `limit` bytes, so that a long request takes no more memory than a short one.
fn shortened(text: &str, limit: usize) -> String {
    let end = (0..=limit.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    text[..end.unwrap_or(0)].to_owned()
}

/// The headers whose values hold no secret.
const SHOWN_HEADERS: [HeaderName; 11] = [
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

const SECRET_HEADERS: [HeaderName; 5] = [
    header::AUTHORIZATION,
    header::COOKIE,
    header::PROXY_AUTHORIZATION,
    HeaderName::from_static("clientsecret"),
    HeaderName::from_static("refresh_token"),
];

const MAX_HEADERS: usize = 64;

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    #[test]
    fn header_values_are_redacted_unless_they_are_known_to_hold_no_secret() {
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
    fn a_host_that_contains_a_user_name_is_redacted() {
        for (host, recorded) in [("u:s3cret@h", "(redacted, 10 bytes)"), ("h:1", "h:1")] {
            let request = Request::get("/me").header("host", host).body("").unwrap();
            assert_eq!(record(request).header("host"), Some(recorded));
        }
    }

    #[test]
    fn a_record_is_bounded_however_long_the_request_is() {
        let mut request =
            Request::get(format!("/{}", "x".repeat(10_000))).header("accept", "y".repeat(10_000));
        for n in 0..1000 {
            request = request.header(format!("x-{n}-{}", "z".repeat(1000)), "");
        }
        let recorded = record(request.body("").unwrap());
        assert!(format!("{recorded:?}").len() < 64 * 1024);
        assert_eq!(recorded.operation(), Operation::Other);
    }

    #[test]
    fn the_opt_in_shows_all_headers_but_those_of_secrets_unless_it_says_all() {
        let request = || {
            let request = Request::get("/me").header("x-whatever", "v").header("Authorization", "Bearer t");
            let request =
                request.header("clientSecret", "s").header("refresh_token", "r").header("cookie", "c");
            request.header("proxy-authorization", "p").header("host", "u:p@h").body("").unwrap()
        };
        let shown = |values| {
            let recorded = record_with(request(), values);
            recorded.headers().iter().filter(|(_, value)| !value.starts_with("(redacted")).count()
        };
        assert_eq!(shown(HeaderValues::Safe), 0);
        assert_eq!(shown(HeaderValues::AllButSecrets), 1);
        assert_eq!(shown(HeaderValues::All), 7);
    }

    fn record(request: Request<&str>) -> RecordedRequest {
        record_with(request, HeaderValues::Safe)
    }

    fn record_with(request: Request<&str>, values: HeaderValues) -> RecordedRequest {
        RecordedRequest::new(&request.into_parts().0, None, SystemTime::UNIX_EPOCH, values)
    }
}
