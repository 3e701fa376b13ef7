//! The recorded answers, read by this workspace as section 11 of the wire protocol (`docs/wire.md` of the
//! core) says.

use std::{
    collections::BTreeMap,
    error::Error as _,
    time::{Duration, UNIX_EPOCH},
};

use cg_auth_core::{
    ApiCredential, AuthClient, BaseUrl, CallError, CallErrorKind, ClientSecret, Recovery, RetryPolicy,
    UserPrincipalName,
    body::Body,
    model::{DelegatedAccessToken, RefreshToken},
    testing::{ManualClock, ScriptedTransport},
};

use http::Response;

use super::recording::{Operation, Recording};

#[derive(Clone, Copy)]
enum Expected {
    Token(Token),
    /// Success of the operation that returns nothing.
    Done,
    /// A 2xx with isSuccess false, and its message.
    Rejected(&'static [&'static str]),
    /// No usable answer, and the reason.
    Protocol(&'static str),
    Api(Api),
}
use Expected::{Done, Protocol, Rejected};

#[derive(Clone, Copy)]
struct Token {
    access: &'static str,
    refresh: Option<&'static str>,
    duration: i64,
    error_msg: Option<&'static str>,
}

#[derive(Clone, Copy)]
struct Api {
    code: Option<&'static str>,
    messages: &'static [&'static str],
    request_id: Option<&'static str>,
    date: Option<&'static str>,
    retry_after: Option<Duration>,
    recovery: Recovery,
}

/// The token of most recordings.
const SUCCESS: Expected = token("at-0001.fake", Some("rt-0002.fake"), 3600);
const NO_TOKEN: Expected = Protocol("the answer holds no access token that a header can carry");
const REDIRECT: Expected =
    Protocol("expected a status of 2xx; redirects are not followed, check the base URL");
const NO_LICENSE: Expected = Rejected(&["The user does not have a license."]);
const NOT_FOUND: Expected = Rejected(&["ユーザー «Zoë» 🔒 não encontrado\u{2028}"]);
const INVALID_CREDENTIAL: Expected = Expected::Api(Api {
    code: Some("InvalidCredential"),
    messages: &["The client secret is invalid.", "Second line."],
    request_id: Some("3f2b0c1e-7a55-4b5e-9d0e-0a5f3f9f1c11"),
    date: Some("2021-09-15T08:14:18.1234567Z"),
    ..api(Recovery::ReplaceCredential)
});

const fn token(access: &'static str, refresh: Option<&'static str>, duration: i64) -> Expected {
    Expected::Token(Token { access, refresh, duration, error_msg: None })
}

/// An error whose answer holds nothing but its status.
const fn api(recovery: Recovery) -> Api {
    Api { code: None, messages: &[], request_id: None, date: None, retry_after: None, recovery }
}

/// The time at which every answer is received.
const RECEIVED: Duration = Duration::from_secs(1_445_412_420); // 2015-10-21 07:27:00 UTC

#[rustfmt::skip]
const EXPECTATIONS: &[(&str, Expected)] = &[
    ("cs_delegate_400_api_error", INVALID_CREDENTIAL),
    ("cs_delegate_500_html", Expected::Api(api(Recovery::Retry))),
    ("cs_delegate_base_path_prefix", SUCCESS),
    ("cs_delegate_is_success_false", NO_LICENSE),
    ("cs_delegate_success", SUCCESS),
    ("cs_delete_success", Done),
    ("cs_refresh_success", SUCCESS),
    ("ps_delegate_success", SUCCESS),
    ("ps_delegate_success_snake", SUCCESS),
    ("ps_delete_success", Done),
    ("ps_refresh_success", SUCCESS),
    ("ts_delegate_204", Protocol("the body is empty; expected a JSON document with a token")),
    ("ts_delegate_302_same_origin", REDIRECT),
    ("ts_delegate_307_cross_origin", REDIRECT),
    ("ts_delegate_400_api_error", INVALID_CREDENTIAL),
    ("ts_delegate_400_empty", Expected::Api(api(Recovery::ReplaceCredential))),
    ("ts_delegate_400_message_string", Expected::Api(Api {
        code: Some("E1"),
        messages: &["one string"],
        date: Some("2021-09-15T08:14:18"),
        ..api(Recovery::ReplaceCredential)
    })),
    ("ts_delegate_401_api_error", INVALID_CREDENTIAL),
    ("ts_delegate_403_empty", Expected::Api(api(Recovery::ReplaceCredential))),
    ("ts_delegate_404_html", Expected::Api(api(Recovery::FixConfiguration))),
    ("ts_delegate_429_retry_after", Expected::Api(Api {
        code: Some("429"),
        messages: &["Too many requests"],
        retry_after: Some(Duration::from_secs(30)),
        ..api(Recovery::Retry)
    })),
    ("ts_delegate_500_api_error", Expected::Api(Api {
        code: Some("Internal"),
        messages: &["Zoë 🔒 \0"],
        request_id: Some("r-1"),
        date: Some("0001-01-01T00:00:00"),
        ..api(Recovery::Retry)
    })),
    ("ts_delegate_500_html", Expected::Api(api(Recovery::Retry))),
    ("ts_delegate_503_retry_after_date", Expected::Api(Api {
        retry_after: Some(Duration::from_secs(60)),
        ..api(Recovery::Retry)
    })),
    ("ts_delegate_api_key_single_string", SUCCESS),
    ("ts_delegate_base_query", SUCCESS),
    ("ts_delegate_body_nulls", INVALID_CREDENTIAL),
    ("ts_delegate_body_unicode", SUCCESS),
    // Any `isSuccess` that is false refuses.
    ("ts_delegate_both_casings", Rejected(&[])),
    ("ts_delegate_chunked", SUCCESS),
    ("ts_delegate_default_headers", SUCCESS),
    ("ts_delegate_duplicate_keys", Rejected(&[])),
    ("ts_delegate_duration_bool", Protocol("unexpected JSON: duration is a boolean")),
    ("ts_delegate_duration_exponent", token("at", Some("rt"), 3600)),
    ("ts_delegate_duration_max_i64", token("at", Some("rt"), i64::MAX)),
    ("ts_delegate_duration_negative", token("at", Some("rt"), -1)),
    ("ts_delegate_duration_null", token("at", Some("rt"), 0)),
    ("ts_delegate_duration_over_i64", token("at", Some("rt"), i64::MAX)),
    ("ts_delegate_duration_zero", token("at", Some("rt"), 0)),
    ("ts_delegate_empty_body_200", Protocol("the body is empty; expected a JSON document with a token")),
    ("ts_delegate_empty_tokens", NO_TOKEN),
    ("ts_delegate_header_latin1", SUCCESS),
    ("ts_delegate_is_success_false", NO_LICENSE),
    ("ts_delegate_is_success_true_with_error", Expected::Token(Token {
        access: "at-0001.fake",
        refresh: Some("rt-0002.fake"),
        duration: 3600,
        error_msg: Some("Your secret will expire in 3 days."),
    })),
    ("ts_delegate_json_array", Protocol("unexpected JSON: the document is an array")),
    ("ts_delegate_json_null", Protocol("unexpected JSON: the document is null")),
    ("ts_delegate_json_string", Protocol("unexpected JSON: the document is a string")),
    ("ts_delegate_latin1_charset", Protocol("the JSON document is malformed at line 1 column 34")),
    ("ts_delegate_missing_fields", NO_TOKEN),
    ("ts_delegate_no_api_key", SUCCESS),
    ("ts_delegate_no_content_type", SUCCESS),
    ("ts_delegate_pascal_case", token("at", Some("rt"), 3600)),
    ("ts_delegate_success", SUCCESS),
    ("ts_delegate_text_plain_json", SUCCESS),
    ("ts_delegate_trailing_garbage", Protocol("the JSON document is malformed at line 2 column 1")),
    ("ts_delegate_trailing_slash", SUCCESS),
    ("ts_delegate_truncated_json", Protocol("the JSON document is cut off at line 1 column 31")),
    ("ts_delegate_unicode_error_msg", NOT_FOUND),
    ("ts_delegate_unknown_fields", SUCCESS),
    ("ts_delegate_utf8_bom", SUCCESS),
    ("ts_delegate_value_null", NO_TOKEN),
    ("ts_delete_400_api_error", INVALID_CREDENTIAL),
    ("ts_delete_success_204", Done),
    ("ts_delete_success_body_ignored", Done),
    ("ts_delete_success_empty", Done),
    ("ts_refresh_400_api_error", INVALID_CREDENTIAL),
    ("ts_refresh_401_empty", Expected::Api(api(Recovery::ReplaceCredential))),
    ("ts_refresh_500_html", Expected::Api(api(Recovery::Retry))),
    ("ts_refresh_missing_fields", NO_TOKEN),
    ("ts_refresh_no_api_key", SUCCESS),
    // The answer has no refresh token, so the one that was sent stays valid.
    ("ts_refresh_no_rotation", token("at-0002.fake", Some(SENT_REFRESH_TOKEN), 3600)),
    ("ts_refresh_success", SUCCESS),
    ("ts_refresh_unicode_error_msg", NOT_FOUND),
    ("ts_refresh_value_empty_object", NO_TOKEN),
    ("ts_refresh_value_null", NO_TOKEN),
];

const SENT_REFRESH_TOKEN: &str = "rt-0001.fake";

#[tokio::test]
async fn every_recorded_answer_is_read_as_the_table_says() {
    let mut expectations: BTreeMap<_, _> = EXPECTATIONS.iter().copied().collect();
    assert_eq!(expectations.len(), EXPECTATIONS.len(), "a file is listed twice");
    for recording in Recording::all() {
        let Some(response) = recording.response() else { continue };
        let name = &recording.name;
        let expected = expectations.remove(name.as_str()).unwrap_or_else(|| panic!("{name} is not listed"));
        let status = response.status();
        match (read(recording.operation(), response).await, expected) {
            (Ok(Some((token, error_msg))), Expected::Token(expected)) => {
                assert_token(name, &token, error_msg.as_deref(), expected);
            }
            (Ok(None), Done) => {}
            (Ok(_), _) => panic!("{name} is no success"),
            (Err(error), expected) => {
                assert_eq!(error.status(), Some(status), "{name}");
                assert_error(name, &error, expected);
            }
        }
    }
    assert!(expectations.is_empty(), "no file any more: {:?}", expectations.keys());
}

/// Reads `response` with a client. Returns the token and the message beside it; nothing for a delete.
async fn read(
    operation: Operation,
    response: Response<Body>,
) -> Result<Option<(DelegatedAccessToken, Option<String>)>, CallError> {
    let clock = ManualClock::starting_at(UNIX_EPOCH + RECEIVED);
    let transport = ScriptedTransport::new().answer(response);
    let client = AuthClient::with_runtime(BaseUrl::parse("https://example.com").unwrap(), transport, clock)
        .with_retry_policy(RetryPolicy::none());
    let credential = ApiCredential::new(
        ClientSecret::new("dGVzdC1vbmx5LXNlY3JldA==").unwrap(),
        UserPrincipalName::new("someone@example.com").unwrap(),
    );
    let answer = match operation {
        Operation::Delegate => client.get_delegate_access_token(&credential).await?,
        Operation::Refresh => {
            let refresh_token = RefreshToken::new(SENT_REFRESH_TOKEN).unwrap();
            client.refresh_user_access_token(&credential, &refresh_token).await?
        }
        Operation::Delete => return client.delete_token_cache(&credential).await.map(|_| None),
    };
    Ok(Some((answer.value, answer.error_msg)))
}

fn assert_token(name: &str, token: &DelegatedAccessToken, error_msg: Option<&str>, expected: Token) {
    assert_eq!(token.access_token().expose_secret(), expected.access, "{name}");
    assert_eq!(token.refresh_token().map(RefreshToken::expose_secret), expected.refresh, "{name}");
    assert_eq!(token.duration(), expected.duration, "{name}");
    assert_eq!(error_msg, expected.error_msg, "{name}");
}

fn assert_error(name: &str, error: &CallError, expected: Expected) {
    let (kind, expected) = match expected {
        Rejected(message) => {
            (CallErrorKind::Rejected, Api { messages: message, ..api(Recovery::ReplaceCredential) })
        }
        Protocol(reason) => {
            assert_eq!(error.source().unwrap().to_string(), reason, "{name}");
            (CallErrorKind::Protocol, api(Recovery::FixConfiguration))
        }
        Expected::Api(expected) => (CallErrorKind::Api, expected),
        Expected::Token(_) | Done => panic!("{name}: {error}"),
    };
    assert_eq!(error.kind(), kind, "{name}");
    assert_eq!(error.code(), expected.code, "{name}");
    assert_eq!(error.messages(), expected.messages, "{name}");
    assert_eq!(error.request_id(), expected.request_id, "{name}");
    assert_eq!(error.as_endpoint().unwrap().date(), expected.date, "{name}");
    assert_eq!(error.retry_after(), expected.retry_after, "{name}");
    assert_eq!(error.recovery(), expected.recovery, "{name}");
    assert_eq!(error.attempts(), 1, "{name}");
}
