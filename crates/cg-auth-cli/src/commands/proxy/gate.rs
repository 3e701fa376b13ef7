//! [`Gate`]: which requests the proxy forwards.

use http::{
    HeaderMap, HeaderValue, Method, Request, StatusCode, Version,
    header::{HOST, TRANSFER_ENCODING, UPGRADE},
};

use super::{answer::OwnAnswer, headers, prefix::Prefix, target_path::has_dot_segment};

/// Judges a request by its head.
pub(super) struct Gate {
    prefix: Prefix,
    hosts: Vec<String>,
}

/// What a request asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Asked<'a> {
    /// Whether the proxy has a valid token.
    Readiness,
    /// This path of the upstream, which is empty or starts with a slash.
    Path(&'a str),
}

impl Gate {
    /// A gate that accepts the names of this machine with `port`, and `other_hosts`.
    pub(super) fn new(prefix: Prefix, port: u16, other_hosts: &[String]) -> Self {
        let mut hosts: Vec<_> = other_hosts.to_vec();
        for name in ["127.0.0.1", "localhost"] {
            hosts.push(format!("{name}:{port}"));
            if port == 80 {
                hosts.push(name.to_owned());
            }
        }
        Self { prefix, hosts }
    }

    /// What `request` asks for, or the answer that refuses it.
    ///
    /// The host is checked first, so that a page of another site whose name leads to this machine learns nothing.
    /// A client without the prefix gets the same 404 for every path.
    pub(super) fn admit<'a, B>(&self, request: &'a Request<B>) -> Result<Asked<'a>, OwnAnswer> {
        if !self.has_allowed_host(request) {
            return Err(OwnAnswer::new(
                StatusCode::MISDIRECTED_REQUEST,
                "this host is not served here; use the URL that cg-auth proxy gave, or allow the host with \
                 --allow-host",
            ));
        }
        if request.method() == Method::CONNECT {
            return Err(OwnAnswer::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "CONNECT is refused: this is a reverse proxy for one origin",
            ));
        }
        if request.version() != Version::HTTP_2 && request.uri().authority().is_some() {
            return Err(OwnAnswer::new(
                StatusCode::BAD_REQUEST,
                "a request for an absolute URL is refused: this is a reverse proxy for one origin, so do not \
                 name it in HTTP_PROXY",
            ));
        }
        let Some(path) = self.prefix.strip(request.uri().path()) else {
            return Err(OwnAnswer::new(StatusCode::NOT_FOUND, "not found"));
        };
        self.check_message(request, path)?;
        if path != READINESS {
            return Ok(Asked::Path(path));
        }
        if request.method() == Method::GET || request.method() == Method::HEAD {
            return Ok(Asked::Readiness);
        }
        Err(OwnAnswer::new(StatusCode::METHOD_NOT_ALLOWED, "use GET or HEAD to ask for readiness"))
    }

    /// Removes the headers that stay on this side of the proxy.
    pub(super) fn clean(&self, headers: &mut HeaderMap) {
        headers::keep_for_upstream(headers, self.prefix.expose_secret());
    }

    fn check_message<B>(&self, request: &Request<B>, path: &str) -> Result<(), OwnAnswer> {
        let refuse = |text: &str| Err(OwnAnswer::new(StatusCode::BAD_REQUEST, text));
        if request.method() == Method::TRACE {
            return Err(OwnAnswer::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "TRACE is refused: its answer would show the token",
            ));
        }
        if request.headers().contains_key(UPGRADE) {
            return refuse("an upgrade to another protocol is refused");
        }
        let is_chunked = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"chunked");
        let mut encodings = request.headers().get_all(TRANSFER_ENCODING).iter();
        if encodings.next().is_some_and(|first| !is_chunked(first)) || encodings.next().is_some() {
            return refuse("a transfer encoding other than chunked is refused");
        }
        if has_dot_segment(path) {
            return refuse("a path with dot segments is refused");
        }
        Ok(())
    }

    /// HTTP/1 names the host in one header. HTTP/2 names it in the target, and may repeat it in a header.
    fn has_allowed_host<B>(&self, request: &Request<B>) -> bool {
        let is_allowed = |host: &[u8]| self.hosts.iter().any(|it| it.as_bytes().eq_ignore_ascii_case(host));
        let headers: Vec<_> = request.headers().get_all(HOST).iter().collect();
        if !headers.iter().all(|host| is_allowed(host.as_bytes())) {
            return false;
        }
        match request.uri().authority() {
            Some(authority) if request.version() == Version::HTTP_2 => {
                headers.len() <= 1 && is_allowed(authority.as_str().as_bytes())
            }
            _ => headers.len() == 1,
        }
    }
}

/// The path of readiness, below the prefix.
pub(super) const READINESS: &str = "/_cg-auth/ready";

#[cfg(test)]
mod tests {
    use super::*;

    fn gate() -> (Gate, String) {
        let prefix = Prefix::random().unwrap();
        let text = prefix.expose_secret().to_owned();
        (Gate::new(prefix, 8080, &["dev.example:9".to_owned()]), text)
    }

    fn status(gate: &Gate, request: http::request::Builder) -> u16 {
        let request = request.body(()).unwrap();
        gate.admit(&request).map_or_else(|refused| refused.status.as_u16(), |_| 200)
    }

    #[test]
    fn exactly_one_allowed_host_is_accepted() {
        let (gate, prefix) = gate();
        let get = || Request::get(format!("/{prefix}/x"));
        for host in ["127.0.0.1:8080", "localhost:8080", "LOCALHOST:8080", "dev.example:9"] {
            assert_eq!(status(&gate, get().header(HOST, host)), 200, "{host}");
        }
        for host in [
            "",
            "evil.example",
            "127.0.0.1",
            "127.0.0.1:80",
            "localhost.:8080",
            "127.0.0.1:8080.evil",
            "[::1]:8080",
        ] {
            assert_eq!(status(&gate, get().header(HOST, host)), 421, "{host}");
        }
        assert_eq!(status(&gate, get()), 421, "without a host");
        let twice = |second| get().header(HOST, "localhost:8080").header(HOST, second);
        assert_eq!(status(&gate, twice("localhost:8080")), 421);
        assert_eq!(status(&gate, twice("evil.example")), 421);
        let port_80 = Gate::new(Prefix::random().unwrap(), 80, &[]);
        assert_eq!(status(&port_80, get().header(HOST, "localhost")), 404);
    }

    #[test]
    fn http2_names_its_host_in_the_target() {
        let (gate, prefix) = gate();
        let get = |host| Request::get(format!("http://{host}/{prefix}/x")).version(Version::HTTP_2);
        assert_eq!(status(&gate, get("localhost:8080")), 200);
        assert_eq!(status(&gate, get("evil.example")), 421);
        assert_eq!(status(&gate, get("localhost:8080").header(HOST, "evil.example")), 421);
        assert_eq!(status(&gate, get("user@localhost:8080")), 421);
    }

    #[test]
    fn a_target_or_a_message_that_does_not_fit_is_refused() {
        let (gate, prefix) = gate();
        let local = |request: http::request::Builder| request.header(HOST, "localhost:8080");
        for (request, expected) in [
            (Request::get("/"), 404),
            (Request::get("/wrong/x"), 404),
            (Request::get("/wrong/../x").header(UPGRADE, "websocket"), 404),
            (Request::get(format!("http://localhost:8080/{prefix}/x")), 400),
            (Request::connect("localhost:8080"), 405),
            (Request::options("*"), 404),
            (Request::builder().method("TRACE").uri(format!("/{prefix}/x")), 405),
            (Request::get(format!("/{prefix}/x")).header(UPGRADE, "h2c"), 400),
            (Request::get(format!("/{prefix}/../x")), 400),
            (Request::get(format!("/{prefix}/x?q=../y")), 200),
            (Request::post(format!("/{prefix}/x")).header(TRANSFER_ENCODING, "chunked"), 200),
            (Request::post(format!("/{prefix}/x")).header(TRANSFER_ENCODING, "gzip, chunked"), 400),
            (Request::post(format!("/{prefix}{READINESS}")), 405),
            (Request::get(format!("/{prefix}{READINESS}")), 200),
        ] {
            let shown = format!("{request:?}");
            assert_eq!(status(&gate, local(request)), expected, "{shown}");
        }
    }

    #[test]
    fn readiness_is_one_path_alone() {
        let (gate, prefix) = gate();
        for (path, asked) in [
            (READINESS, Asked::Readiness),
            ("/_cg-auth/ready/", Asked::Path("/_cg-auth/ready/")),
            ("/x/_cg-auth/ready", Asked::Path("/x/_cg-auth/ready")),
            ("", Asked::Path("")),
        ] {
            let request =
                Request::get(format!("/{prefix}{path}")).header(HOST, "localhost:8080").body(()).unwrap();
            assert_eq!(gate.admit(&request), Ok(asked));
        }
    }
}
