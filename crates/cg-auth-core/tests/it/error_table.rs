//! The kind and the remedy of the error for every status and every kind of body.
//!
//! The tables state the requirements (wire protocol, section 11) status by status and body by body. They do
//! not use the crate's own logic.

use cg_auth_core::{
    CallError, CallErrorKind, Recovery,
    causes::cause_chain,
    endpoint::{Answer, Endpoint, EndpointError},
};
use http::Response;

use crate::support::{SUCCESS, delete, response, token_operations};

#[derive(Debug, Clone, Copy, PartialEq)]
enum Outcome {
    Success,
    Fails(CallErrorKind, Recovery),
}
use Outcome::{Fails, Success};

const REJECTED: Outcome = Fails(CallErrorKind::Rejected, Recovery::ReplaceCredential);
const PROTOCOL: Outcome = Fails(CallErrorKind::Protocol, Recovery::FixConfiguration);
const REPLACE: Outcome = Fails(CallErrorKind::Api, Recovery::ReplaceCredential);
const FIX: Outcome = Fails(CallErrorKind::Api, Recovery::FixConfiguration);
const RETRY: Outcome = Fails(CallErrorKind::Api, Recovery::Retry);

const SUCCESSES: [u16; 6] = [200, 201, 202, 204, 206, 299];

/// The outcome by the status, whatever the body is. `REPLACE` is for a body that the service sends; with any
/// other body the outcome is `FIX`.
const BY_STATUS: &[(u16, Outcome)] = &[
    (100, PROTOCOL),
    (101, PROTOCOL),
    (103, PROTOCOL),
    (199, PROTOCOL),
    (300, PROTOCOL),
    (301, PROTOCOL),
    (302, PROTOCOL),
    (303, PROTOCOL),
    (304, PROTOCOL),
    (307, PROTOCOL),
    (308, PROTOCOL),
    (399, PROTOCOL),
    (400, REPLACE),
    (401, REPLACE),
    (402, FIX),
    (403, REPLACE),
    (404, FIX),
    (405, FIX),
    (407, FIX),
    (408, RETRY),
    (409, FIX),
    (410, FIX),
    (413, FIX),
    (415, FIX),
    (418, FIX),
    (421, FIX),
    (422, FIX),
    (425, RETRY),
    (426, FIX),
    (429, RETRY),
    (431, FIX),
    (451, FIX),
    (499, FIX),
    (500, RETRY),
    (501, FIX),
    (502, RETRY),
    (503, RETRY),
    (504, RETRY),
    (505, FIX),
    (507, RETRY),
    (511, RETRY),
    (520, RETRY),
    (599, RETRY),
    (600, FIX),
    (999, FIX),
];

struct Case {
    name: &'static str,
    body: Vec<u8>,
    headers: &'static [(&'static str, &'static str)],
    /// Whether the service itself sends such a body with an error.
    is_of_the_service: bool,
    /// The outcome of a token operation if the status is a 2xx.
    token: Outcome,
    /// The outcome of the deletion if the status is a 2xx.
    delete: Outcome,
}

fn case(name: &'static str, body: impl AsRef<[u8]>, token: Outcome) -> Case {
    let body = body.as_ref().to_vec();
    Case { name, body, headers: &[], is_of_the_service: true, token, delete: Success }
}

/// A body that only another server sends with an error.
fn foreign(name: &'static str, body: impl AsRef<[u8]>) -> Case {
    Case { is_of_the_service: false, ..case(name, body, PROTOCOL) }
}

fn cases() -> Vec<Case> {
    let utf_16: Vec<u8> =
        "\u{feff}".encode_utf16().chain(SUCCESS.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let not_utf_8 = [br#"{"value":{"access_token":"a"#, &[0xe9][..], br#""},"isSuccess":true}"#].concat();
    let gzip = [&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3][..], SUCCESS.as_bytes()].concat();
    vec![
        case("empty", "", PROTOCOL),
        case("white space", " \r\n", PROTOCOL),
        case("token", SUCCESS, Success),
        case(
            "token, Pascal",
            r#"{"Value":{"AccessToken":"a","RefreshToken":"r","Duration":1},"IsSuccess":true}"#,
            Success,
        ),
        case("token with BOM", format!("\u{feff}{SUCCESS}"), Success),
        case("isSuccess false", r#"{"value":null,"isSuccess":false,"errorMsg":"no"}"#, REJECTED),
        case("isSuccess false with token", r#"{"value":{"access_token":"a"},"isSuccess":false}"#, REJECTED),
        case("isSuccess missing, token", r#"{"value":{"access_token":"a"}}"#, Success),
        case("isSuccess missing, errorMsg", r#"{"errorMsg":"no"}"#, REJECTED),
        case("isSuccess missing, both", r#"{"value":{"access_token":"a"},"errorMsg":"no"}"#, REJECTED),
        foreign("isSuccess missing, neither", "{}"),
        foreign("another JSON", r#"{"error":{"status":403,"reason":"forbidden"}}"#),
        foreign("another page", "403 Forbidden"),
        foreign("page with white space before it", "\r\n <html><title>Blocked</title>"),
        foreign("page with JSON in it", r#"<script>{"isSuccess":false,"errorMsg":"no"}</script>"#),
        case("isSuccess true, no token", r#"{"value":null,"isSuccess":true}"#, PROTOCOL),
        case("ApiError", r#"{"code":"InvalidCredential","message":["no"],"requestId":"1"}"#, PROTOCOL),
        case(
            "ApiError, Pascal",
            r#"{"Code":"InvalidCredential","Message":["no"],"RequestId":"1"}"#,
            PROTOCOL,
        ),
        case(
            "ProblemDetails",
            r#"{"type":"about:blank","title":"Bad","status":400,"traceId":"1"}"#,
            PROTOCOL,
        ),
        foreign("HTML", "<!doctype html><title>Sign in</title>"),
        foreign("null", "null"),
        foreign("array", "[1,2]"),
        foreign("string", r#""token""#),
        foreign("truncated", &SUCCESS[..SUCCESS.len() - 5]),
        foreign("trailing garbage", format!("{SUCCESS}}}")),
        foreign("two documents", format!("{SUCCESS}\n{SUCCESS}")),
        foreign("nested too deep", "[".repeat(5000)),
        foreign("not UTF-8", not_utf_8),
        foreign("UTF-16", utf_16),
        // The client does not offer compression, so a compressed answer is a protocol error.
        Case { headers: &[("content-encoding", "gzip")], ..foreign("gzip", gzip) },
    ]
}

fn outcome<T>(read: Result<Answer<T>, EndpointError>, at: &str, status: u16) -> Outcome {
    let error = match read {
        Ok(answer) => {
            assert_eq!(answer.status.as_u16(), status, "{at}");
            return Success;
        }
        Err(error) => error,
    };
    assert_eq!(error.status().map(|status| status.as_u16()), Some(status), "{at}");
    assert!(error.headers().is_some() && error.retry_after().is_none(), "{at}");
    let is = [error.is_config(), error.is_protocol(), error.is_api(), error.is_rejected()];
    let (recovery, retryable) = (error.recovery(), error.is_retryable());
    if (200..300).contains(&status) {
        assert_eq!(error.text(), None, "{at}: the error keeps the text of a 2xx body");
    }

    let error = CallError::from(error);
    let is_kind =
        [CallErrorKind::Config, CallErrorKind::Protocol, CallErrorKind::Api, CallErrorKind::Rejected];
    assert_eq!(is, is_kind.map(|kind| kind == error.kind()), "{at}");
    assert_eq!((error.recovery(), error.is_retryable()), (recovery, retryable), "{at}");
    assert_eq!(retryable, recovery == Recovery::Retry, "{at}");
    assert!(error.may_have_been_sent(), "{at}");
    Fails(error.kind(), recovery)
}

/// The outcome of a status that is no success.
fn expected(by_status: Outcome, case: &Case) -> Outcome {
    if by_status == REPLACE && !case.is_of_the_service { FIX } else { by_status }
}

fn answer(status: u16, case: &Case) -> Response<cg_auth_core::body::Body> {
    response(status, case.headers, case.body.clone())
}

#[test]
fn with_a_success_status_the_body_decides() {
    for status in SUCCESSES {
        for case in cases() {
            let at = format!("{status} {}", case.name);
            for (name, endpoint) in token_operations() {
                let actual = outcome(endpoint.read(answer(status, &case)), &at, status);
                assert_eq!(actual, case.token, "{name} {at}");
            }
            assert_eq!(
                outcome(delete().read(answer(status, &case)), &at, status),
                case.delete,
                "delete {at}"
            );
        }
    }
}

#[test]
fn any_other_status_decides_before_the_body_and_only_the_service_condemns_a_credential() {
    for (status, by_status) in BY_STATUS {
        for case in cases() {
            let expected = expected(*by_status, &case);
            let at = format!("{status} {}", case.name);
            for (name, endpoint) in token_operations() {
                let actual = outcome(endpoint.read(answer(*status, &case)), &at, *status);
                assert_eq!(actual, expected, "{name} {at}");
            }
            assert_eq!(outcome(delete().read(answer(*status, &case)), &at, *status), expected, "delete {at}");
        }
    }
}

#[test]
fn an_error_says_that_its_answer_is_foreign() {
    for (status, _) in BY_STATUS.iter().filter(|(status, _)| *status >= 400) {
        for case in cases() {
            let at = format!("{status} {}", case.name);
            let error = delete().read(answer(*status, &case)).unwrap_err();
            assert_eq!(error.is_foreign(), !case.is_of_the_service, "{at}");
            let error = CallError::from(error);
            assert_eq!(error.is_foreign(), !case.is_of_the_service, "{at}");
            let told = cause_chain(&error);
            assert_eq!(told.contains("not one of the service"), !case.is_of_the_service, "{at}: {told}");
        }
    }
}

#[test]
fn the_table_covers_every_class_of_status() {
    let mut hundreds: Vec<_> = BY_STATUS.iter().map(|(status, _)| status / 100).chain([2]).collect();
    hundreds.sort_unstable();
    hundreds.dedup();
    assert_eq!(hundreds, [1, 2, 3, 4, 5, 6, 9]);
}
