//! How a 2xx answer is read (wire protocol, section 11, row by row).

use cg_auth_core::endpoint::{Endpoint, EndpointError, ProtocolError};
use cg_auth_core::model::JsonError;

use crate::support::{TokenAnswer, delegate, delete, response, shown};

/// The result of reading an answer to a delegate call.
#[derive(Debug, PartialEq)]
pub(crate) enum Read {
    Token { access: String, refresh: Option<String>, duration: i64, error_msg: Option<String> },
    Rejected(Vec<String>),
    Protocol(ProtocolError),
}
use Read::{Protocol, Rejected};

pub(crate) fn token(access: &str, refresh: Option<&str>, duration: i64) -> Read {
    Read::Token { access: access.into(), refresh: refresh.map(Into::into), duration, error_msg: None }
}

pub(crate) fn no_token() -> Read {
    Protocol(ProtocolError::NoAccessToken)
}

fn rejected(message: &str) -> Read {
    Rejected(vec![message.into()])
}

pub(crate) fn read(answer: TokenAnswer) -> Read {
    match answer {
        Ok(answer) => Read::Token {
            access: answer.value.access_token().expose_secret().into(),
            refresh: answer.value.refresh_token().map(|token| token.expose_secret().into()),
            duration: answer.value.duration(),
            error_msg: answer.error_msg,
        },
        Err(error) if error.is_rejected() => Rejected(error.messages().to_vec()),
        Err(error) => Protocol(protocol(&error)),
    }
}

pub(crate) fn protocol(error: &EndpointError) -> ProtocolError {
    assert!(error.is_protocol(), "{error:?}");
    let source = std::error::Error::source(error).expect("a protocol error names its cause");
    *source.downcast_ref().expect("the cause is a ProtocolError")
}

pub(crate) fn reads(body: &str) -> Read {
    read(delegate().read(response(200, &[], body.to_owned())))
}

/// A documented success, with these members inside `value`.
pub(crate) fn value(members: &str) -> String {
    format!(r#"{{"value":{{{members}}},"isSuccess":true}}"#)
}

#[test]
fn content_type_and_charset_do_not_count() {
    let body = value(r#""access_token":"aé""#);
    for content_type in [
        None,
        Some("text/plain"),
        Some("text/html; charset=iso-8859-1"),
        Some("application/json; charset=utf-16"),
        Some("application/problem+json"),
        Some("application/octet-stream"),
        Some(";;;"),
    ] {
        let headers: Vec<_> = content_type.map(|value| ("content-type", value)).into_iter().collect();
        let answer = delegate().read(response(200, &headers, body.clone()));
        assert_eq!(read(answer), token("aé", None, 0), "{content_type:?}");
    }
}

#[test]
fn one_byte_order_mark_is_stripped() {
    let body = value(r#""access_token":"a""#);
    assert_eq!(reads(&format!("\u{feff}{body}")), token("a", None, 0));
    assert!(matches!(reads(&format!("\u{feff}\u{feff}{body}")), Protocol(ProtocolError::Json(_))));
    assert!(matches!(reads("\u{feff}"), Protocol(ProtocolError::Json(_))));
}

#[test]
fn an_error_about_malformed_json_names_the_place_and_quotes_nothing() {
    let body = value(r#""access_token":"hunter2""#);
    let trailing = reads(&format!("{body}\n hunter2"));
    let Protocol(ProtocolError::Json(JsonError::Malformed { line, column, .. })) = trailing else {
        panic!("{trailing:?}");
    };
    assert_eq!((line, column), (2, 2));
    let cut = reads(&body[..body.len() - 20]);
    let Protocol(ProtocolError::Json(JsonError::CutOff { line, column, .. })) = cut else {
        panic!("{cut:?}")
    };
    assert_eq!((line, column), (1, body.len() - 20));
    for body in [format!("{body}\n hunter2"), body[..body.len() - 20].to_owned()] {
        let error = delegate().read(response(200, &[], body)).unwrap_err();
        assert_eq!(error.status(), Some(http::StatusCode::OK));
        assert!(shown(&error).contains("line"), "{}", shown(&error));
        assert!(!shown(&error).contains("hunter2"), "{}", shown(&error));
        assert_eq!(error.text(), None);
    }
}

#[test]
fn an_empty_or_other_document_fails_a_token_call_and_not_a_deletion() {
    assert_eq!(reads(""), Protocol(ProtocolError::EmptyBody));
    for (body, found) in [
        ("null", "null"),
        ("[]", "an array"),
        (r#""token""#, "a string"),
        ("3", "a number"),
        ("1.5", "a number"),
        ("true", "a boolean"),
    ] {
        let Protocol(ProtocolError::Json(JsonError::WrongType { found: is, .. })) = reads(body) else {
            panic!("{body}")
        };
        assert_eq!(is, found);
    }
    for (status, body) in
        [(200, ""), (204, ""), (200, "null"), (200, "[]"), (200, "<html>"), (202, r#"{"isSuccess":false}"#)]
    {
        let answer = delete().read(response(status, &[], body)).unwrap();
        assert_eq!((answer.status.as_u16(), answer.error_msg), (status, None));
    }
}

#[test]
fn a_missing_is_success_follows_from_the_token_and_the_message() {
    for missing in ["", r#""isSuccess":null,"#, r#""IsSuccess":null,"#] {
        for (rest, expected) in [
            (r#""value":{"access_token":"a"}"#, token("a", None, 0)),
            (r#""value":{"access_token":"a"},"errorMsg":null"#, token("a", None, 0)),
            (r#""value":{"access_token":"a"},"errorMsg":"""#, token("a", None, 0)),
            (r#""value":{"access_token":"a"},"errorMsg":"no""#, rejected("no")),
            (r#""value":{"access_token":""},"errorMsg":"no""#, rejected("no")),
            (r#""value":null,"errorMsg":"no""#, rejected("no")),
            (r#""errorMsg":"no""#, rejected("no")),
            (r#""value":{"access_token":""}"#, no_token()),
            (r#""value":{},"errorMsg":"""#, no_token()),
            (r#""value":null"#, no_token()),
            (r#""other":1"#, no_token()),
        ] {
            assert_eq!(reads(&format!("{{{missing}{rest}}}")), expected, "{missing} {rest}");
        }
    }
}

#[test]
fn a_refusal_with_a_token_is_still_a_refusal() {
    for (body, expected) in [
        (r#"{"isSuccess":false,"errorMsg":"no"}"#, rejected("no")),
        (r#"{"isSuccess":false,"errorMsg":"kein Zugriff – 権限"}"#, rejected("kein Zugriff – 権限")),
        (r#"{"isSuccess":false,"errorMsg":null}"#, Rejected(vec![])),
        (r#"{"isSuccess":false,"errorMsg":""}"#, Rejected(vec![])),
        (r#"{"isSuccess":false}"#, Rejected(vec![])),
        (r#"{"isSuccess":false,"value":{"access_token":"a"},"errorMsg":"no"}"#, rejected("no")),
        (r#"{"isSuccess":false,"value":"odd","errorMsg":"no"}"#, rejected("no")),
        (r#"{"isSuccess":false,"value":{"duration":[]},"errorMsg":{}}"#, Rejected(vec![])),
        (r#"{"isSuccess":"False","value":{"access_token":"a"}}"#, Rejected(vec![])),
        (r#"{"isSuccess":"false","errorMsg":"no"}"#, rejected("no")),
    ] {
        assert_eq!(reads(body), expected, "{body}");
    }
}

#[test]
fn any_is_success_that_is_false_refuses() {
    let names = ["isSuccess", "IsSuccess", "is_success", "ISSUCCESS"];
    let others = ["true", r#""true""#, "null", "1", "[]"];
    for no in ["false", r#""false""#, r#""False""#] {
        for (one, other) in names.iter().flat_map(|one| names.iter().map(move |other| (one, other))) {
            for yes in others {
                let (no, yes) = (format!(r#""{one}":{no}"#), format!(r#""{other}":{yes}"#));
                let value = r#""value":{"access_token":"a"}"#;
                for order in [
                    [&no, &yes, value],
                    [&yes, &no, value],
                    [&no, value, &yes],
                    [&yes, value, &no],
                    [value, &no, &yes],
                    [value, &yes, &no],
                ] {
                    let body = format!("{{{}}}", order.join(","));
                    assert_eq!(reads(&body), Rejected(vec![]), "{body}");
                }
            }
        }
    }
}

#[test]
fn is_success_may_be_a_boolean_or_its_name_in_any_case() {
    for text in ["true", "True", "TRUE", "tRuE"] {
        let body = format!(r#"{{"isSuccess":"{text}","value":{{"access_token":"a"}}}}"#);
        assert_eq!(reads(&body), token("a", None, 0));
    }
    for odd in [r#""yes""#, r#""""#, r#"" true""#, "1", "0", "1.0", "[true]", "{}"] {
        let read = reads(&format!(r#"{{"isSuccess":{odd},"value":{{"access_token":"a"}}}}"#));
        let Protocol(ProtocolError::Json(JsonError::WrongType { member, .. })) = read else {
            panic!("{odd} {read:?}")
        };
        assert_eq!(member, "isSuccess");
    }
}

#[test]
fn a_success_keeps_its_error_message() {
    let answer = reads(r#"{"isSuccess":true,"value":{"access_token":"a"},"errorMsg":"expires soon"}"#);
    let error_msg = Some("expires soon".into());
    assert_eq!(answer, Read::Token { access: "a".into(), refresh: None, duration: 0, error_msg });
}

#[test]
fn the_request_id_of_a_success_is_the_first_of_the_usual_headers() {
    let body = value(r#""access_token":"a""#);
    let id = |headers: &[(&str, &str)]| {
        let answer = delegate().read(response(200, headers, body.clone())).unwrap();
        answer.request_id().map(str::to_owned)
    };
    for name in ["x-request-id", "request-id", "x-ms-request-id", "x-correlation-id", "traceparent"] {
        assert_eq!(id(&[(name, "0HN-7")]).as_deref(), Some("0HN-7"), "{name}");
    }
    assert_eq!(id(&[("traceparent", "00-1"), ("request-id", "2")]).as_deref(), Some("2"));
    assert_eq!(id(&[("x-request-id", &"x".repeat(128))]), Some("x".repeat(128)));
    assert_eq!(id(&[("x-request-id", &"x".repeat(129))]), None);
    assert_eq!(id(&[("x-other", "0HN-7")]), None);
    assert_eq!(delete().read(response(204, &[("request-id", "3")], "")).unwrap().request_id(), Some("3"));
}

#[test]
fn an_encoded_body_is_a_protocol_error_except_for_identity() {
    let body = value(r#""access_token":"a""#);
    for encoding in ["gzip", "br", "deflate", "GZIP", "identity, gzip", "unknown"] {
        let headers = [("content-encoding", encoding)];
        assert_eq!(
            read(delegate().read(response(200, &headers, body.clone()))),
            Protocol(ProtocolError::Encoded)
        );
        delete().read(response(200, &headers, "whatever")).expect("a delete does not read the body");
    }
    for encoding in ["identity", "Identity", ""] {
        let headers = [("content-encoding", encoding)];
        assert_eq!(
            read(delegate().read(response(200, &headers, body.clone()))),
            token("a", None, 0),
            "{encoding}"
        );
    }
}
