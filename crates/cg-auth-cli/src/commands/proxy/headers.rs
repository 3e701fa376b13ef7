//! Which headers pass the proxy.

use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{
        ALT_SVC, AUTHORIZATION, CONNECTION, CONTENT_LENGTH, COOKIE, EXPECT, HOST, PROXY_AUTHENTICATE,
        PROXY_AUTHORIZATION, REFERER, SET_COOKIE, TE, TRANSFER_ENCODING, UPGRADE,
    },
};

/// Removes what a request must not carry to the upstream: everything about the connection to the proxy, and
/// each credential of the client. The HTTP library writes the length and the host anew.
pub(super) fn keep_for_upstream(headers: &mut HeaderMap, prefix: &str) {
    let accepts_trailers = headers.get_all(TE).iter().any(|value| has_token(value, "trailers"));
    remove_hop_by_hop(headers);
    for name in [HOST, CONTENT_LENGTH, EXPECT, AUTHORIZATION, PROXY_AUTHORIZATION, COOKIE] {
        headers.remove(name);
    }
    // The URL of a page below the prefix would tell the prefix to the upstream.
    let tells_prefix = headers
        .get(REFERER)
        .is_some_and(|value| value.as_bytes().windows(prefix.len()).any(|it| it == prefix.as_bytes()));
    if tells_prefix {
        headers.remove(REFERER);
    }
    if accepts_trailers {
        headers.insert(TE, HeaderValue::from_static("trailers"));
    }
}

/// Removes what an answer must not carry to the client: everything about the connection to the upstream,
/// cookies, because the proxy returns none, and other addresses of the upstream, where no token is added.
pub(super) fn keep_for_client(headers: &mut HeaderMap) {
    // The length of a body in chunks is what the chunks say (RFC 9112 section 6.3).
    if headers.contains_key(TRANSFER_ENCODING) {
        headers.remove(CONTENT_LENGTH);
    }
    remove_hop_by_hop(headers);
    for name in [PROXY_AUTHENTICATE, SET_COOKIE, ALT_SVC] {
        headers.remove(name);
    }
}

/// Removes the headers that concern one connection (RFC 9110 section 7.6.1), and those that `Connection` names.
fn remove_hop_by_hop(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .filter_map(|name| HeaderName::from_bytes(name.trim_ascii()).ok())
        .collect();
    for name in named {
        headers.remove(name);
    }
    for name in [CONNECTION, TE, TRANSFER_ENCODING, UPGRADE] {
        headers.remove(name);
    }
    for name in ["keep-alive", "proxy-connection", "http2-settings"] {
        headers.remove(name);
    }
}

fn has_token(value: &HeaderValue, token: &str) -> bool {
    let first = |item: &[u8]| item.split(|byte| *byte == b';').next().unwrap_or_default().to_owned();
    value
        .as_bytes()
        .split(|byte| *byte == b',')
        .any(|item| first(item).trim_ascii().eq_ignore_ascii_case(token.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&str, &str)]) -> HeaderMap {
        let line =
            |(name, value): &(&str, &str)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
        let mut headers = HeaderMap::new();
        for (name, value) in lines.iter().map(line) {
            let value: HeaderValue = value;
            headers.append(name, value);
        }
        headers
    }

    fn names(headers: &HeaderMap) -> Vec<&str> {
        let mut names: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn credentials_and_what_concerns_the_connection_stay_behind() {
        let mut request = headers(&[
            ("host", "127.0.0.1:1"),
            ("authorization", "Basic canary"),
            ("proxy-authorization", "Basic canary"),
            ("cookie", "canary"),
            ("cookie", "canary"),
            ("connection", "keep-alive, X-One ,\"bad name\","),
            ("connection", "x-two, authorization, content-type"),
            ("keep-alive", "timeout=5"),
            ("proxy-connection", "keep-alive"),
            ("x-one", "1"),
            ("x-two", "2"),
            ("x-three", "3"),
            ("content-type", "text/plain"),
            ("content-length", "5"),
            ("transfer-encoding", "chunked"),
            ("expect", "100-continue"),
            ("te", "gzip;q=0.5, Trailers;q=1"),
            ("trailer", "x-sum"),
            ("http2-settings", "AAA"),
            ("referer", "http://127.0.0.1:1/abc123/page"),
        ]);
        keep_for_upstream(&mut request, "abc123");
        assert_eq!(names(&request), ["te", "trailer", "x-three"]);
        assert_eq!(request[TE], "trailers");

        let mut request = headers(&[("te", "gzip"), ("referer", "https://elsewhere.example/")]);
        keep_for_upstream(&mut request, "abc123");
        assert_eq!(names(&request), ["referer"]);
    }

    #[test]
    fn an_answer_keeps_its_location_and_loses_its_cookies() {
        let mut answer = headers(&[
            ("location", "https://upstream.example/elsewhere"),
            ("set-cookie", "session=canary"),
            ("set-cookie", "other=canary"),
            ("alt-svc", "h3=\":443\""),
            ("connection", "close, x-internal"),
            ("x-internal", "1"),
            ("proxy-authenticate", "Basic"),
            ("www-authenticate", "Bearer"),
            ("content-length", "5"),
        ]);
        keep_for_client(&mut answer);
        assert_eq!(names(&answer), ["content-length", "location", "www-authenticate"]);
    }
    #[test]
    fn a_length_beside_a_transfer_encoding_is_dropped() {
        let mut answer = headers(&[("content-length", "50"), ("transfer-encoding", "chunked")]);
        keep_for_client(&mut answer);
        assert_eq!(names(&answer), [""; 0]);
    }
}
