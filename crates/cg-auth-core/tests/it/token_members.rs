//! The members of a token, in every spelling and of every type (wire protocol, section 11, row by row).

use cg_auth_core::{
    endpoint::{Endpoint, ProtocolError},
    model::JsonError,
};

use crate::{
    answers::{Read::Protocol, no_token, protocol, read, reads, token, value},
    support::{SENT_REFRESH_TOKEN, delegate, refresh, response, shown},
};

#[test]
fn names_ignore_case_and_underscores_and_the_documented_spelling_wins() {
    for (members, expected) in [
        (r#""access_token":"a""#, "a"),
        (r#""AccessToken":"a""#, "a"),
        (r#""accessToken":"a""#, "a"),
        (r#""ACCESS_TOKEN":"a""#, "a"),
        (r#""_access__Token_":"a""#, "a"),
        (r#""access\u005ftoken":"a""#, "a"),
        (r#""access_token":"a","AccessToken":"b""#, "a"),
        (r#""AccessToken":"b","access_token":"a""#, "a"),
        (r#""AccessToken":"a","accessToken":"b""#, "b"),
        (r#""access_token":"a","access_token":"b""#, "b"),
        (r#""access_token":"a","AccessToken":"c","access_token":"b","ACCESSTOKEN":"d""#, "b"),
    ] {
        assert_eq!(reads(&value(members)), token(expected, None, 0), "{members}");
    }
    assert_eq!(
        reads(r#"{"IsSuccess":"odd","VALUE":{"access_token":"a"},"isSuccess":true}"#),
        token("a", None, 0)
    );
    assert_eq!(
        reads(r#"{"Value":{"access_token":"b"},"value":{"access_token":"a"},"IsSuccess":true}"#),
        token("a", None, 0)
    );
}

#[test]
fn a_losing_duplicate_may_be_of_any_type() {
    for members in [
        r#""access_token":1,"access_token":"a""#,
        r#""access_token":{"x":[1]},"access_token":"a""#,
        r#""access_token":"a","AccessToken":[false]"#,
        r#""duration":true,"access_token":"a","duration":0"#,
        r#""duration":0,"access_token":"a","Duration":"soon""#,
    ] {
        assert_eq!(reads(&value(members)), token("a", None, 0), "{members}");
    }
    assert_eq!(
        reads(r#"{"value":7,"isSuccess":[],"value":{"access_token":"a"},"isSuccess":true}"#),
        token("a", None, 0)
    );
    let wins = reads(&value(r#""access_token":"a","access_token":1"#));
    assert!(matches!(
        wins,
        Protocol(ProtocolError::Json(JsonError::WrongType { member: "access_token", .. }))
    ));
}

#[test]
fn a_success_without_a_usable_token_is_a_protocol_error() {
    for members in [
        "",
        r#""access_token":null"#,
        r#""access_token":"""#,
        r#""access_token":"","refresh_token":"r""#,
        r#""access_token":"a\nb""#,
        r#""access_token":"a\u0000""#,
        r#""access_token":"a\u007f""#,
    ] {
        assert_eq!(reads(&value(members)), no_token(), "{members}");
    }
    assert_eq!(reads(r#"{"isSuccess":true,"value":null}"#), no_token());
    assert_eq!(reads(r#"{"isSuccess":true}"#), no_token());
    assert_eq!(reads(&value(r#""access_token":" a ""#)), token(" a ", None, 0));
}

#[test]
fn an_unusable_refresh_token_is_ignored_and_a_refresh_keeps_the_old_one() {
    for odd in [
        "",
        r#","refresh_token":null"#,
        r#","refresh_token":"""#,
        r#","refresh_token":"a b""#,
        r#","refresh_token":"é""#,
        r#","refresh_token":"a\n""#,
    ] {
        let body = value(&format!(r#""access_token":"a"{odd}"#));
        assert_eq!(reads(&body), token("a", None, 0), "{odd}");
        let kept = read(refresh().read(response(200, &[], body)));
        assert_eq!(kept, token("a", Some(SENT_REFRESH_TOKEN), 0), "{odd}");
    }
    let body = value(r#""access_token":"a","refresh_token":"new""#);
    assert_eq!(reads(&body), token("a", Some("new"), 0));
    assert_eq!(read(refresh().read(response(200, &[], body))), token("a", Some("new"), 0));
}

#[test]
fn a_duration_may_be_any_finite_number() {
    for (duration, expected) in [
        ("null", 0),
        ("0", 0),
        ("-0", 0),
        ("-1", -1),
        ("3600", 3600),
        ("9223372036854775807", i64::MAX),
        ("9223372036854775808", i64::MAX),
        ("18446744073709551616", i64::MAX),
        ("1e300", i64::MAX),
        ("-9223372036854775808", i64::MIN),
        ("-9223372036854775809", i64::MIN),
        ("3599.99", 3599),
        ("-1.5", -1),
        ("3.6e3", 3600),
        ("36E+2", 3600),
        ("1e-400", 0),
        (r#""3600""#, 3600),
        (r#""3599.9""#, 3599),
        (r#""3.6e3""#, 3600),
        (r#""-5""#, -5),
        (r#""99999999999999999999""#, i64::MAX),
    ] {
        let body = value(&format!(r#""access_token":"a","duration":{duration}"#));
        assert_eq!(reads(&body), token("a", None, expected), "{duration}");
    }
    assert_eq!(reads(&value(r#""access_token":"a""#)), token("a", None, 0));
}

#[test]
fn an_error_about_a_duration_names_the_member_and_no_token() {
    for odd in
        ["true", "false", "[]", "[3600]", "{}", r#""soon""#, r#""""#, r#""inf""#, r#""NaN""#, r#""1e400""#]
    {
        let body = value(&format!(r#""access_token":"hunter2","duration":{odd},"refresh_token":"hunter2""#));
        let error = delegate().read(response(200, &[], body)).unwrap_err();
        let ProtocolError::Json(JsonError::WrongType { member, .. }) = protocol(&error) else {
            panic!("{error:?}")
        };
        assert_eq!(member, "duration", "{odd}");
        assert!(shown(&error).contains("duration"), "{odd}");
        assert!(!shown(&error).contains("hunter2"), "{odd}");
    }
}
