//! The answer of the service to each operation, whatever its status, headers and body.

use std::fmt::Debug;

use cg_auth_core::{
    Recovery,
    body::Body,
    endpoint::{Answer, Endpoint, EndpointError},
    model::DelegatedAccessToken,
};
use http::{Response, StatusCode, header::CONTENT_ENCODING};
use serde_json::Value;

use crate::exchange::{self, REFRESH_TOKEN, SECRET, given_out};

/// The input is an answer as text; its first line begins with the operation: `delegate`, `refresh` or `delete`.
pub fn check(input: &[u8]) {
    let (first, response) = exchange::read(input);
    if first.starts_with(b"delete") {
        let answer = read(&exchange::delete(), &response, &[SECRET]);
        assert_eq!(answer.is_ok(), response.status().is_success(), "any 2xx is a success");
    } else if first.starts_with(b"refresh") {
        let answer = read(&exchange::refresh(), &response, &[SECRET, REFRESH_TOKEN]);
        if let Some(token) = issued(&response, answer) {
            assert!(token.refresh_token().is_some(), "the sent refresh token goes on");
        }
    } else {
        issued(&response, read(&exchange::delegate(), &response, &[SECRET]));
    }
}

fn read<T: Debug>(
    endpoint: &impl Endpoint<Output = T>,
    response: &Response<Body>,
    sent: &[&str],
) -> Result<Answer<T>, EndpointError> {
    let answer = endpoint.read(response.clone());
    match &answer {
        Ok(answer) => {
            assert!(response.status().is_success());
            assert_eq!(answer.status, response.status());
            let texts = [Some(format!("{answer:?}")), answer.error_msg.clone()];
            let texts = texts.into_iter().flatten().chain(answer.request_id().map(str::to_owned));
            texts.for_each(|text| assert_shows_none(sent, &text));
        }
        Err(error) => {
            failed(error, response.status());
            given_out(error).iter().for_each(|text| assert_shows_none(sent, text));
        }
    }
    answer
}

fn failed(error: &EndpointError, status: StatusCode) {
    let kinds = [error.is_config(), error.is_protocol(), error.is_api(), error.is_rejected()];
    assert_eq!(kinds.iter().filter(|kind| **kind).count(), 1, "{kinds:?}");
    assert!(!error.is_config(), "an answer is no setting");
    assert_eq!(error.is_api(), status >= StatusCode::BAD_REQUEST);
    assert!(!error.is_rejected() || status.is_success());
    assert_eq!(error.status(), Some(status));

    assert_eq!(error.is_retryable(), error.recovery() == Recovery::Retry);
    assert!(!error.is_foreign() || error.recovery() != Recovery::ReplaceCredential);
    assert!(!error.is_foreign() || error.is_api());

    assert!(error.messages().len() <= 16 && error.messages().iter().all(|line| line.len() <= 4096));
    assert!(error.text().is_none_or(|text| text.len() <= 512));
    assert!(error.text().is_none() || !status.is_success(), "a 2xx may hold a token");
}

/// The token of a success, which is the one that an independent reader finds in the body.
fn issued(
    response: &Response<Body>,
    answer: Result<Answer<DelegatedAccessToken>, EndpointError>,
) -> Option<DelegatedAccessToken> {
    let answer = answer.ok()?;
    let text = answer.value.access_token().expose_secret();
    assert!(!text.is_empty() && !text.contains(char::is_control));
    let is_plain = |value: &http::HeaderValue| value.is_empty() || value == "identity" || value == "Identity";
    let encodings = response.headers().get_all(CONTENT_ENCODING);
    assert!(
        encodings.iter().all(|value| is_plain(value) || value.as_bytes().eq_ignore_ascii_case(b"identity"))
    );

    let body = response.body().as_bytes();
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    // A number that is too large for `Value` stands in a member that the answer does not need.
    if let Ok(Value::Object(envelope)) = serde_json::from_slice(body) {
        let says_no = |(name, value): (&String, &Value)| {
            let name = name.replace('_', "");
            name.eq_ignore_ascii_case("isSuccess")
                && (*value == Value::Bool(false)
                    || value.as_str().is_some_and(|text| text.eq_ignore_ascii_case("false")))
        };
        assert!(!envelope.iter().any(says_no), "a refusal gives no token");
        if let Some(Value::String(token)) = envelope.get("value").and_then(|value| value.get("access_token"))
        {
            assert_eq!(text, token);
        }
    }
    Some(answer.value)
}

fn assert_shows_none(sent: &[&str], text: &str) {
    let text = text.to_ascii_lowercase();
    assert!(!sent.iter().any(|secret| text.contains(secret)), "{text}");
}
