use super::*;

fn uri(text: &str) -> Uri {
    text.parse().unwrap()
}

#[test]
fn an_origin_contains_each_spelling_of_its_own_urls() {
    for (origin, inside) in [
        ("https://example.com", "https://example.com"),
        ("https://example.com", "https://example.com/a/b?c=d"),
        ("https://example.com/", "HTTPS://EXAMPLE.COM:443/"),
        ("https://Example.com:443", "https://example.com/"),
        ("https://example.com", "https://example.com:0443/"),
        ("https://example.com", "https://example.com./"),
        ("https://example.com.", "https://example.com/"),
        ("https://example.com:8443", "https://example.com:8443/"),
        ("https://10.0.0.1", "https://10.0.0.1/"),
        ("https://[2001:db8::1]", "https://[2001:DB8:0:0::0:1]:443/"),
        ("http://[0:0::1]:8080", "http://[::1]:8080/"),
        ("http://127.0.0.1", "http://127.0.0.1:80/"),
        ("http://localhost", "http://LocalHost/"),
    ] {
        assert!(Origin::parse(origin).unwrap().contains(&uri(inside)), "{origin} {inside}");
    }
}

#[test]
fn no_origin_contains_another_or_a_url_that_is_read_in_two_ways() {
    for (origin, outside) in [
        ("https://example.com", "http://example.com/"),
        ("https://example.com", "http://example.com:443/"),
        ("https://example.com", "https://example.com:444/"),
        ("https://example.com", "https://example.com:99999/"),
        ("https://example.com", "https://example.com:/"),
        ("https://example.com", "https://a.example.com/"),
        ("https://example.com", "https://example.com.evil.test/"),
        ("https://example.com", "https://evilexample.com/"),
        ("https://example.com", "https://example.com../"),
        ("https://example.com", "https://example.com@evil.test/"),
        ("https://example.com", "https://user:secret@example.com/"),
        ("https://example.com", "wss://example.com/"),
        ("https://example.com", "example.com:443"),
        ("https://example.com", "/example.com"),
        ("https://example.com", "*"),
        ("http://127.0.0.1", "https://127.0.0.1/"),
        ("http://127.0.0.1", "http://127.1/"),
        ("http://127.0.0.1", "http://[::ffff:127.0.0.1]/"),
        ("http://127.0.0.1", "http://localhost/"),
        ("http://localhost", "http://localhost./"),
        ("http://[::1]", "http://[::2]/"),
        ("http://[::1]:8080", "http://[::1]/"),
    ] {
        assert!(!Origin::parse(origin).unwrap().contains(&uri(outside)), "{origin} {outside}");
    }
}

#[test]
fn a_host_header_that_names_another_service_leads_out_of_the_origin() {
    let origin = Origin::parse("https://example.com").unwrap();
    let contains = |target: &str, hosts: &[&str]| {
        let mut headers = HeaderMap::new();
        for host in hosts {
            headers.append(HOST, HeaderValue::from_bytes(host.as_bytes()).unwrap());
        }
        let list = Origins::from([Origin::parse("https://other.test").unwrap(), origin.clone()]);
        let is_inside = origin.contains_request(&uri(target), &headers);
        assert_eq!(list.contains_request(&uri(target), &headers), is_inside);
        is_inside
    };
    assert!(contains("https://example.com/a", &[]));
    for host in ["example.com", "EXAMPLE.com:443", "example.com."] {
        assert!(contains("https://example.com/a", &[host, "example.com"]), "{host}");
        assert!(!contains("http://example.com/a", &[host]), "{host}");
    }
    for other in [
        "evil.test",
        "",
        "example.com:444",
        "example.com:",
        "user@example.com",
        "other.test",
        "example.com, evil.test",
        " example.com",
        "https://example.com",
        "]",
        "[",
        "ex\u{e4}mple.com",
    ] {
        assert!(!contains("https://example.com/a", &[other]), "{other:?}");
        assert!(!contains("https://example.com/a", &["example.com", other]), "{other:?}");
    }
}

#[test]
fn a_text_that_is_no_origin_is_refused_with_a_hint() {
    for (text, hint) in [
        ("", "is not a URL"),
        ("example.com", "must start with https://"),
        ("/", "must start with https://"),
        ("ftp://example.com", "must start with https://"),
        ("https://", "is not a URL"),
        ("https://example.com/path", "has a path"),
        ("https://example.com//", "has a path"),
        ("https://example.com/admin", "has a path"),
        ("https://example.com?", "has a query or a fragment"),
        ("https://example.com#x", "has a query or a fragment"),
        ("https://u:hunter2@example.com", "has a user name or a password"),
        ("https://exämple.com", "outside ASCII"),
        ("https://example.com:0", "has a port"),
        ("https://example.com:99999", "has a port"),
        ("https://*.example.com", "has a host"),
        ("https://127.1", "has a host"),
        ("https://[::ffff:1.2.3.4]", "has an IPv4-mapped IPv6 address"),
        ("http://localhost.", "has a dot at the end of its host"),
        ("http://example.com", "would receive the token unencrypted over plain http"),
        ("http://10.0.0.1:8080", "would receive the token unencrypted over plain http"),
    ] {
        let refused = Origin::parse(text).expect_err(text).to_string();
        assert!(refused.starts_with("the origin ") && refused.contains(hint), "{text:?}: {refused}");
        assert!(!refused.contains("hunter2"), "{refused}");
    }
    assert!(Origin::parse_allowing_http("http://example.com").unwrap().contains(&uri("http://example.com/")));
}

#[test]
fn an_origin_is_written_in_its_canonical_form() {
    for (text, canonical) in [
        ("HTTPS://Example.COM:443/", "https://example.com"),
        ("https://example.com.:8443", "https://example.com:8443"),
        ("http://[0:0:0:0:0:0:0:1]:080", "http://[::1]"),
        ("http://localhost:443", "http://localhost:443"),
    ] {
        let origin: Origin = text.parse().unwrap();
        assert_eq!(origin.to_string(), canonical);
        assert_eq!(format!("{origin:?}"), format!("{canonical:?}"));
        assert_eq!(Origin::parse(canonical), Ok(origin));
    }
}

#[test]
fn the_origin_of_a_base_url_leaves_the_prefix_out_and_keeps_the_opt_in() {
    for (base, origin) in [
        ("https://example.com/governance", "https://example.com"),
        ("https://Example.com.:8443/a/b", "https://example.com:8443"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("http://example.com:443/x", "http://example.com:443"),
    ] {
        let base = BaseUrl::parse_allowing_http(base).unwrap();
        assert_eq!(Origin::from(&base).to_string(), origin);
        assert!(Origins::from(&base).contains(&base.join("/auth").unwrap()));
    }
}

#[test]
fn a_list_contains_what_one_of_its_origins_contains() {
    let [one, two] = ["https://one.example", "https://two.example"].map(|text| Origin::parse(text).unwrap());
    let (one_url, two_url) = (uri("https://one.example/x"), uri("https://two.example/y"));
    for both in [
        Origins::from([one.clone(), two.clone()]),
        Origins::from(vec![two.clone(), one.clone()]),
        [one.clone(), two.clone()].into_iter().collect(),
    ] {
        assert!(both.contains(&one_url) && both.contains(&two_url), "{both:?}");
        assert!(!both.contains(&uri("https://three.example/")), "{both:?}");
    }
    let only_one = Origins::from(one);
    assert!(only_one.contains(&one_url) && !only_one.contains(&two_url));
    assert!(!Origins::from([]).contains(&one_url));
    assert_eq!(format!("{only_one:?}"), r#"["https://one.example"]"#);
}
