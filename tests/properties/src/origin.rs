//! `Origin`, compared with the URL parser of the WHATWG's standard, which reqwest and browsers use.

use cg_auth_core::{BaseUrl, model::Origin};
use http::Uri;
use url::Url;

/// The first line of the input is an origin, and the second one a URL that may belong to it.
pub fn check(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let (text, other) = text.split_once('\n').unwrap_or((text, text));
    let (strict, lenient) = (Origin::parse(text), Origin::parse_allowing_http(text));
    let Ok(origin) = lenient else {
        assert_eq!(strict.unwrap_err(), lenient.unwrap_err());
        return;
    };
    assert!(strict.is_err() || strict.as_ref() == Ok(&origin));
    let canonical = origin.to_string();
    assert_eq!(Origin::parse_allowing_http(&canonical).as_ref(), Ok(&origin), "it is canonical");

    let base = BaseUrl::parse_allowing_http(text).unwrap();
    assert_eq!(Origin::from(&base), origin);
    assert_eq!(strict.is_ok(), BaseUrl::parse(text).is_ok());
    assert!(origin.contains(&base.join("/auth").unwrap()));
    assert!(origin.contains(&canonical.parse().unwrap()));

    let Ok(uri) = other.parse::<Uri>() else { return };
    if !origin.contains(&uri) {
        return;
    }
    // A token goes to `uri`, so no HTTP library may read another origin in it.
    let (Ok(url), Ok(own)) = (Url::parse(&uri.to_string()), Url::parse(&canonical)) else {
        assert!(canonical.contains("xn--"), "{uri} is no URL"); // the resolver checks Punycode
        return;
    };
    assert_eq!(url.scheme(), own.scheme());
    assert_eq!(url.host_str().unwrap().trim_end_matches('.'), own.host_str().unwrap(), "{uri}");
    assert_eq!(url.port_or_known_default(), own.port_or_known_default(), "{uri}");
    assert_eq!((url.username(), url.password()), ("", None));
}
