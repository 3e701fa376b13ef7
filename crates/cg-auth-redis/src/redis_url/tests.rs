use super::*;

fn parse(text: &str) -> RedisUrl {
    RedisUrl::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn each_part_of_a_url_is_read() {
    let url = parse("rediss://app:p%40%2F%23%3Fss@Redis.Example.com:7000/15");
    assert_eq!((url.host(), url.port(), url.database()), ("redis.example.com", 7000, 15));
    assert!(!url.is_plaintext() && url.has_password());
    let login = url.login().unwrap();
    assert_eq!(login.user.as_ref().unwrap().as_str(), "app");
    assert_eq!(login.password.as_str(), "p@/#?ss");

    let url = parse("redis://localhost");
    assert_eq!((url.host(), url.port(), url.database()), ("localhost", 6379, 0));
    assert!(url.is_plaintext() && !url.has_password());
    assert!(parse("redis://:only@127.0.0.1/").login().unwrap().user.is_none());
    assert_eq!(parse("valkeys://example.com").to_string(), "rediss://example.com:6379/0");
    assert_eq!(parse("VALKEY://[::1]:1/2").to_string(), "redis://[::1]:1/2");
    assert_eq!(parse("valkey://127.0.0.2").address(), "127.0.0.2:6379");
}

#[test]
fn a_plain_url_is_for_this_machine_or_an_explicit_opt_in() {
    for text in [
        "redis://example.com",
        "valkey://:password@10.0.0.1",
        "redis://localhost.example.com",
        "redis://[2001:db8::1]",
        "redis://0.0.0.0",
        "redis://127.1",
        "redis://0x7f.1",
    ] {
        let problem = RedisUrl::parse(text).unwrap_err().to_string();
        assert!(problem.contains("unencrypted; use rediss"), "{text}: {problem}");
        assert!(RedisUrl::parse_allowing_plaintext(text).unwrap().is_plaintext(), "{text}");
    }
    for text in ["redis://localhost", "redis://LOCALHOST", "redis://127.9.9.9", "redis://[::1]"] {
        parse(text);
    }
}

#[test]
fn a_url_that_cannot_be_used_is_refused_with_a_hint_and_is_not_quoted() {
    for (text, hint) in [
        ("", "is not a URL"),
        ("canary", "is not a URL"),
        ("canary:6379", "is not a URL"),
        ("http://canary", "has a scheme other than"),
        ("redis+unix://canary", "has a scheme other than"),
        ("rediss://", "names no host"),
        ("rediss:///0", "names no host"),
        ("rediss://:canary@", "is not a URL"),
        ("rediss://:can/ary@example.com", "is not a URL"),
        ("rediss://:can#ary@example.com", "is not a URL"),
        ("rediss://canary@example.com", "has a user without a password"),
        ("rediss://canary:@example.com", "has a user without a password"),
        ("rediss://:%ffcanary@example.com", "has a login that is not UTF-8"),
        ("rediss://:can ary@example.com", "holds white space"),
        ("rediss://:can\nary@example.com", "holds white space"),
        ("rediss://:canary@example.com:0", "has the port 0"),
        ("rediss://:canary@example.com:65536", "is not a URL"),
        ("rediss://:canary@example.com/one", "has a path that is no database number"),
        ("rediss://:canary@example.com/-1", "has a path that is no database number"),
        ("rediss://:canary@example.com/0/1", "has a path that is no database number"),
        ("rediss://:canary@example.com/4294967296", "has a database with too large a number"),
        ("rediss://:canary@example.com?db=1", "has a query"),
        ("rediss://:canary@example.com#insecure", "has a fragment"),
        ("rediss://:canary@exa%6dple.com", "has a host with a percent sign"),
    ] {
        let error = RedisUrl::parse(text).expect_err(text);
        let shown = format!("{error} {error:?}");
        assert!(shown.contains(hint), "{text}: {shown}");
        assert!(!shown.contains("canary") && !shown.contains("ary@"), "{text}: {shown}");
    }
}

#[test]
fn no_output_shows_the_login() {
    let url = parse("rediss://can%61ry:can%61ry@example.com");
    let shown = format!("{url} {url:?}");
    assert!(!shown.contains("canary") && !shown.contains("can%61ry"), "{shown}");
}

proptest::proptest! {
    #[test]
    fn no_text_makes_it_panic(text: String, part in "[a-z0-9:@/%#?.\\[\\]]{0,40}") {
        let _ = RedisUrl::parse(&text);
        if let Ok(url) = RedisUrl::parse_allowing_plaintext(&format!("redis://{part}")) {
            let _ = url.address();
        }
    }
}
