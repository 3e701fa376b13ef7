//! `BaseUrl`, compared with the URL parser of the WHATWG's standard, which reqwest and browsers use.

use cg_auth_core::BaseUrl;
use url::{Host, Url};

/// The input is a base URL.
pub fn check(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let (strict, lenient) = (BaseUrl::parse(text), BaseUrl::parse_allowing_http(text));
    let Ok(base) = lenient else {
        assert_eq!(strict.unwrap_err(), lenient.unwrap_err());
        return;
    };
    assert_eq!(strict.is_ok(), base.is_loopback() || !base.is_plaintext());
    assert_eq!(base.is_plaintext(), base.as_str().starts_with("http://"));
    assert!(strict.is_err() || strict.as_ref() == Ok(&base));

    let again = |text: &str| BaseUrl::parse_allowing_http(text);
    assert_eq!(again(base.as_str()).as_ref(), Ok(&base), "it is canonical");
    assert_eq!(again(&format!("{base}/")).as_ref(), Ok(&base), "a slash more changes nothing");

    const PATH: &str = "/auth/token/delegate";
    let Ok(uri) = base.join(PATH) else {
        assert!(text.len() > 60_000, "only a very long URL cannot be joined");
        return;
    };
    assert_eq!(uri.to_string(), format!("{base}{PATH}"));
    assert!(uri.query().is_none());
    read_alike(&base, &uri);
}

/// Two HTTP libraries must send the request to the same place.
fn read_alike(base: &BaseUrl, uri: &http::Uri) {
    let text = uri.to_string();
    let host = uri.host().unwrap();
    let Ok(url) = Url::parse(&text) else {
        assert!(host.contains("xn--"), "{text} is no URL"); // the resolver checks Punycode
        return;
    };
    assert_eq!(Some(url.scheme()), uri.scheme_str());
    assert_eq!(url.host_str(), Some(host));
    assert_eq!(url.path(), uri.path());
    assert_eq!((url.username(), url.password(), url.query(), url.fragment()), ("", None, None, None));
    let default = if base.is_plaintext() { 80 } else { 443 };
    assert_eq!(url.port_or_known_default(), Some(uri.port_u16().unwrap_or(default)));
    let is_loopback = match url.host().unwrap() {
        Host::Domain(name) => name.strip_suffix('.').unwrap_or(name) == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    };
    assert_eq!(base.is_loopback(), is_loopback, "{text}");
}
