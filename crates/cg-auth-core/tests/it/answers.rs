//! SPEC section 11, row by row: what a 2xx answer means as a whole.

use cg_auth_core::endpoint::{Endpoint, EndpointError, ProtocolError};
use cg_auth_core::model::JsonError;

use crate::support::{TokenAnswer, delegate, delete, response, shown};

/// What a delegate call makes of a body.
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

/// The documented answer around the members of `value`.
pub(crate) fn value(members: &str) -> String {
    format!(r#"{{"value":{{{members}}},"isSuccess":true}}"#)
}

#[test]
fn content_type_and_charset_are_ignored() {
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
fn trailing_data_and_a_cut_off_document_tell_the_place_and_nothing_else() {
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
fn an_empty_null_or_other_document_is_no_token_and_a_fine_deletion() {
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
fn a_missing_or_null_is_success_is_made_up_for_by_the_rest() {
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
fn a_refusal_is_one_even_with_a_token_beside_it() {
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
fn is_success_may_be_a_string_in_any_case_and_nothing_else() {
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
fn a_success_keeps_the_message_beside_it() {
    let answer = reads(r#"{"isSuccess":true,"value":{"access_token":"a"},"errorMsg":"expires soon"}"#);
    let error_msg = Some("expires soon".into());
    assert_eq!(answer, Read::Token { access: "a".into(), refresh: None, duration: 0, error_msg });
}

#[test]
fn a_content_encoding_is_no_answer_unless_it_is_none_at_all() {
    let body = value(r#""access_token":"a""#);
    for encoding in ["gzip", "br", "deflate", "GZIP", "identity, gzip", "unknown"] {
        let headers = [("content-encoding", encoding)];
        assert_eq!(
            read(delegate().read(response(200, &headers, body.clone()))),
            Protocol(ProtocolError::Encoded)
        );
        delete().read(response(200, &headers, "whatever")).expect("the body of a delete is not read");
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
