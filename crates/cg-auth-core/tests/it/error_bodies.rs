//! Which parts of an error answer an error keeps (wire protocol, section 11).

use std::time::Duration;

use cg_auth_core::{
    causes::cause_chain,
    endpoint::{Endpoint, EndpointError},
};

use crate::support::{delegate, delete, header_text, response, shown};

fn fails(status: u16, headers: &[(&str, &str)], body: &str) -> EndpointError {
    let error = delegate().read(response(status, headers, body.to_owned())).unwrap_err();
    let of_delete = delete().read(response(status, headers, body.to_owned())).unwrap_err();
    assert_eq!((of_delete.code(), of_delete.messages()), (error.code(), error.messages()));
    assert_eq!((of_delete.request_id(), of_delete.text()), (error.request_id(), error.text()));
    error
}

#[test]
fn an_api_error_is_read_in_any_spelling() {
    for body in [
        r#"{"code":"InvalidCredential","message":["one","two"],"requestId":"id-1","date":"2021-09-15T08:14:18"}"#,
        r#"{"Code":"InvalidCredential","Message":["one","two"],"RequestId":"id-1","Date":"2021-09-15T08:14:18"}"#,
        r#"{"CODE":"InvalidCredential","message":["one",null,"two"],"request_id":"id-1","date":"2021-09-15T08:14:18"}"#,
        "\u{feff}{\"code\":\"InvalidCredential\",\"message\":[\"one\",\"two\"],\"requestId\":\"id-1\",\"date\":\"2021-09-15T08:14:18\"}",
    ] {
        for status in [400, 401, 404, 429, 500, 503, 302] {
            let error = fails(status, &[("content-type", "text/html")], body);
            assert_eq!(error.status().map(|status| status.as_u16()), Some(status));
            assert_eq!(error.code(), Some("InvalidCredential"), "{body}");
            assert_eq!(error.messages(), ["one", "two"], "{body}");
            assert_eq!(error.request_id(), Some("id-1"), "{body}");
            assert_eq!(error.date(), Some("2021-09-15T08:14:18"), "{body}");
        }
    }
}

#[test]
fn a_message_is_an_array_a_string_or_null() {
    for (message, expected) in [
        (r#"["a","b"]"#, &["a", "b"][..]),
        (r#""a""#, &["a"]),
        ("null", &[]),
        ("[]", &[]),
        (r#"{"odd":1}"#, &[]),
        (r#"["a",{"odd":1},"b"]"#, &["a", "b"]),
    ] {
        let error = fails(400, &[], &format!(r#"{{"code":"c","message":{message}}}"#));
        assert_eq!(error.messages(), expected, "{message}");
        assert_eq!(error.code(), Some("c"));
    }
}

#[test]
fn a_problem_document_fills_in_the_missing_members() {
    let error =
        fails(400, &[], r#"{"title":"Bad Request","detail":"no user","status":400,"traceId":"00-1"}"#);
    assert_eq!(
        (error.messages(), error.request_id()),
        (&["Bad Request".into(), "no user".into()][..], Some("00-1"))
    );
    let error = fails(400, &[], r#"{"title":"t","message":["m"],"traceId":"00-1","requestId":"id-1"}"#);
    assert_eq!((error.messages(), error.request_id()), (&["m".into()][..], Some("id-1")));
}

#[test]
fn a_refusal_under_an_error_status_keeps_its_message() {
    let error = fails(400, &[], r#"{"value":null,"isSuccess":false,"errorMsg":"no license"}"#);
    assert!(error.is_api());
    assert_eq!(error.messages(), ["no license"]);
}

#[test]
fn a_token_under_an_error_status_is_not_kept() {
    for value in [r#"{"access_token":"eyJtoken"}"#, r#"{"RefreshToken":"eyJtoken"}"#] {
        let error = fails(502, &[], &format!(r#"{{"value":{value},"isSuccess":true}}"#));
        assert_eq!(error.text(), None);
        assert!(error.messages().is_empty());
    }
}

#[test]
fn a_date_is_kept_as_text() {
    for date in ["0001-01-01T00:00:00", "2021-09-15T08:14:18.123+02:00", "yesterday", ""] {
        assert_eq!(fails(500, &[], &format!(r#"{{"date":"{date}"}}"#)).date(), Some(date));
    }
}

#[test]
fn a_body_that_is_not_an_api_error_is_kept_as_bounded_text() {
    let page = format!("<html>{}</html>", "é".repeat(400));
    let error = fails(502, &[("content-type", "text/html")], &page);
    assert!(error.text().is_some_and(|text| page.starts_with(text) && (500..=512).contains(&text.len())));
    assert!(error.messages().is_empty() && error.code().is_none() && error.request_id().is_none());
    assert_eq!(fails(500, &[], "").text(), None);
    assert_eq!(fails(500, &[], "[1]").text(), Some("[1]"));
    let latin_1 = delegate().read(response(500, &[], b"caf\xe9".to_vec())).unwrap_err();
    assert_eq!(latin_1.text(), Some("caf\u{fffd}"));
    let utf_16: Vec<u8> = crate::support::SECRET.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(delegate().read(response(400, &[], utf_16)).unwrap_err().text(), None);
    let compressed = fails(500, &[("content-encoding", "gzip")], "\u{1f}\u{8b}");
    assert_eq!(compressed.text(), None);
}

#[test]
fn messages_are_bounded() {
    let lines = vec!["x".repeat(10_000); 100];
    let error = fails(500, &[], &serde_json::json!({ "message": lines, "code": lines[0] }).to_string());
    assert_eq!(error.messages().len(), 16);
    assert!(error.messages().iter().all(|line| line.len() <= 4096));
    assert!(error.code().unwrap().len() <= 4096);
}

#[test]
fn retry_after_is_read_from_any_error_status() {
    const DATE: &str = "Wed, 15 Sep 2021 08:14:18 GMT";
    const LATER: &str = "Wed, 15 Sep 2021 08:16:18 GMT";
    for status in [302, 408, 425, 429, 500, 502, 503, 504] {
        let after = |headers: &[(&str, &str)]| fails(status, headers, "").retry_after();
        assert_eq!(after(&[("retry-after", "120")]), Some(Duration::from_secs(120)));
        assert_eq!(after(&[("retry-after", " 0 ")]), Some(Duration::ZERO));
        assert_eq!(after(&[("retry-after", LATER), ("date", DATE)]), Some(Duration::from_secs(120)));
        assert_eq!(after(&[("retry-after", DATE), ("date", LATER)]), Some(Duration::ZERO));
        assert_eq!(after(&[("retry-after", "1.5")]), Some(Duration::from_millis(1500)));
        assert_eq!(after(&[("retry-after", "5, 7")]), Some(Duration::from_secs(7)));
        assert_eq!(after(&[("retry-after", "5"), ("retry-after", "7")]), Some(Duration::from_secs(7)));
        for zone in ["UTC", "+0000"] {
            let later = LATER.replace("GMT", zone);
            assert_eq!(after(&[("retry-after", &later), ("date", DATE)]), Some(Duration::from_secs(120)));
        }
        for nonsense in ["", "-1", "5s", "soon", "Wed, 99 Sep"] {
            assert_eq!(after(&[("retry-after", nonsense)]), None, "{nonsense}");
        }
        assert_eq!(after(&[]), None);
    }
}

#[test]
fn a_retry_after_that_is_ignored_is_told_with_the_error_and_not_quoted() {
    let told = |headers: &[(&str, &str)], body| cause_chain(&fails(503, headers, body));
    let plain = "the service answered 503 Service Unavailable";
    assert_eq!(told(&[], ""), plain);
    assert_eq!(told(&[("retry-after", "7")], ""), plain);
    for (values, body, foreign) in [
        (&[("retry-after", "soon")][..], "", false),
        (&[("retry-after", "7"), ("retry-after", "soon")], "", false),
        (&[("retry-after", "soon")], "<html>", true),
    ] {
        let told = told(values, body);
        assert!(told.starts_with(plain) && !told.contains("soon"), "{told}");
        assert_eq!(told.matches("Retry-After header holds neither seconds nor a date").count(), 1, "{told}");
        assert_eq!(told.contains("not one of the service"), foreign, "{told}");
    }
}

#[test]
fn only_safe_headers_are_kept() {
    let headers = [
        ("content-type", "text/html"),
        ("server", "nginx"),
        ("via", "1.1 a"),
        ("via", "1.1 b"),
        ("x-request-id", "id-1"),
        ("retry-after", "1"),
        ("set-cookie", "session=1"),
        ("location", "https://elsewhere.example/?s=1"),
        ("authorization", "Bearer x"),
        ("clientsecret", "x"),
        ("refresh_token", "x"),
        ("x-anything", "x"),
    ];
    let error = fails(401, &headers, "");
    let kept = error.headers().unwrap();
    let mut names: Vec<_> = kept.keys().map(http::HeaderName::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["content-type", "retry-after", "server", "via", "x-request-id"]);
    assert_eq!(kept.get_all("via").iter().count(), 2);
    assert_eq!(header_text(kept, "server"), Some("nginx"));
    assert_eq!(error.request_id(), Some("id-1"));
}

#[test]
fn only_the_accessors_of_an_error_show_the_servers_words() {
    const WORD: &str = "walrus";
    let api_error =
        format!(r#"{{"code":"{WORD}","message":["{WORD}"],"requestId":"{WORD}","date":"{WORD}"}}"#);
    let rejection = format!(r#"{{"isSuccess":false,"errorMsg":"{WORD}","value":null}}"#);
    let page = format!("<html>{WORD}</html>");
    let headers = [("server", WORD), ("via", WORD), ("x-request-id", WORD), ("content-type", WORD)];
    for (status, body, has_text) in [
        (400, &api_error, false),
        (503, &api_error, false),
        (302, &page, true),
        (404, &page, true),
        (200, &rejection, false),
        (200, &page, false),
    ] {
        let error = delegate().read(response(status, &headers, body.clone())).unwrap_err();
        assert_eq!(error.text() == Some(page.as_str()), has_text, "{status} {body}");
        assert_eq!(header_text(error.headers().unwrap(), "server"), Some(WORD));
        assert_eq!(error.code() == Some(WORD), *body == api_error, "{body}");
        assert_eq!(error.messages().concat() == WORD, *body != page, "{body}");
        let shown = shown(&error) + &shown(&cg_auth_core::CallError::from(error));
        assert!(!shown.contains(WORD), "{shown}");
    }
}

#[test]
fn no_error_shows_text_of_a_successful_answer() {
    const WORD: &str = "walrus";
    for body in [
        format!(r#"{{"value":{{"access_token":"","note":"{WORD}"}},"isSuccess":true}}"#),
        format!(r#"{{"value":{{"access_token":["{WORD}"],"duration":"{WORD}"}},"isSuccess":true}}"#),
        format!(r#"{{"isSuccess":"{WORD}","{WORD}":"{WORD}"}}"#),
        format!(r#"{{"code":"{WORD}","message":["{WORD}"],"requestId":"{WORD}"}}"#),
        format!("<html>{WORD}</html>"),
        format!(r#"{{"value":{{"access_token":"{WORD}"#),
        format!("{WORD}: {WORD}\n\0{WORD}"),
    ] {
        for status in [200, 201, 204, 299] {
            let error = delegate().read(response(status, &[], body.clone())).unwrap_err();
            let shown = crate::secrets::accessible(&error);
            assert!(!shown.contains(WORD), "{status} {body}: {shown}");
        }
    }
}

#[test]
fn a_challenge_is_a_text_and_every_other_header_an_identifier() {
    let challenge = r#"Bearer error="InvalidToken2""#;
    let error = fails(401, &[("www-authenticate", challenge), ("server", "InvalidToken2")], "");
    let kept = error.headers().unwrap();
    assert_eq!(header_text(kept, "www-authenticate"), Some(r#"Bearer error="[redacted]""#));
    assert_eq!(header_text(kept, "server"), Some("InvalidToken2"));
    let long = format!("{}7", "a".repeat(40));
    let error = fails(401, &[("www-authenticate", &long), ("server", &long)], "");
    let kept = error.headers().unwrap();
    assert_eq!(header_text(kept, "www-authenticate"), Some("[redacted]"));
    assert_eq!(header_text(kept, "server"), Some(&*long));
}
