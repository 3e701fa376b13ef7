//! A token that stands in the answer is never shown, in whatever shape the answer is.

use cg_auth_core::{
    AuthClient, CallError, Recovery, RetryPolicy, TokenProvider,
    endpoint::{Endpoint, RequestOptions},
    testing::{ManualClock, ScriptedTransport},
};
use http::{HeaderName, HeaderValue};

use crate::{
    secrets::accessible,
    support::{SECRET, base, credential, debug, delegate, delete, refresh, response, shown},
};

const TOKENS: [&str; 4] =
    ["T-CANARY", "canary", "eyJhbGciOiJub25lIn0.eyJjYW5hcnkiOjF9.canary", "ca \"na\\ry]}"];

/// Bodies that hold `token`, where an error answer may hold one.
fn shapes(token: &str) -> Vec<String> {
    let quoted = serde_json::to_string(token).unwrap();
    let envelope = format!(
        r#"{{"value":{{"access_token":{quoted},"refresh_token":{quoted},"duration":3600}},"isSuccess":true,"errorMsg":"no"}}"#
    );
    let in_text = serde_json::to_string(&format!(r#"{{"access_token":{quoted}}}"#)).unwrap();
    let mut shapes = vec![
        envelope.clone(),
        format!("{envelope} trailing"),
        format!("{envelope}{envelope}"),
        format!("[{envelope}]"),
        format!("[[1],{envelope}"),
        envelope.replace("3600", r#""soon""#),
        // What the reader of an answer skips, and a stricter reader refuses.
        format!(r#"{{"x":1e999,"access_token":[{quoted}],"message":[{quoted}]}}"#),
        format!(r#"{{"x":"\ud800","access_token":[{quoted}],"message":[{quoted}],"code":{quoted}}}"#),
        format!(
            r#"{{"x":{}{},"access_token":[{quoted}],"message":[{quoted}]}}"#,
            "[".repeat(200),
            "]".repeat(200)
        ),
        format!(r#"{{"access_token":{quoted}}}"#),
        format!(r#"{{"message":["no"],"data":{{"auth":[{{"RefreshToken":{quoted}}}]}}}}"#),
        format!(r#"{{"tokens":[{quoted},{{"x":{quoted}}}],"code":"c"}}"#),
        format!(r#"{{"name":"access_token","value":{quoted}}}"#),
        format!(r#"["access_token",{quoted}]"#),
        format!(r#"{{"error":{in_text},"message":{in_text}}}"#),
        format!(r#"{{"{}access_token":{quoted}{}"#, r#"a":{""#.repeat(200), "}".repeat(200)),
        format!("<result><access_token>{token}</access_token></result>"),
        format!("upstream said: {{'access_token': '{token}'}}"),
    ];
    shapes.extend((1..=2 + quoted.len()).map(|cut| envelope[..envelope.len() - 40 - cut].to_owned()));
    if !token.contains(' ') {
        shapes.extend([
            format!("token {token} could not be cached"),
            format!("Authorization: Bearer {token}\r\n"),
            format!("access_token={token}&token_type=bearer"),
            format!(
                r#"{{"message":["token {token} could not be cached"],"errorMsg":"the token is {token}"}}"#
            ),
            format!(r#"{{"isSuccess":false,"errorMsg":"Bearer {token} was refused"}}"#),
            format!(r#"{{"title":"token","detail":"access token: {token}"}}"#),
        ]);
    }
    shapes
}

#[test]
fn a_token_in_the_answer_is_shown_by_no_error_whatever_the_shape() {
    for token in TOKENS {
        let escaped = serde_json::to_string(token).unwrap();
        for body in shapes(token) {
            // Where the service echoes the token outside its body too.
            let echo = [("x-request-id", token), ("www-authenticate", token), ("via", token)];
            for headers in [&echo[..], &[]] {
                for status in [200, 302, 400, 401, 500, 503] {
                    let answers = || response(status, headers, body.clone());
                    for error in [
                        delegate().read(answers()).err(),
                        refresh().read(answers()).err(),
                        delete().read(answers()).err(),
                    ] {
                        let Some(error) = error else { continue };
                        let text = accessible(&error);
                        for hidden in [token, escaped.trim_matches('"')] {
                            // A body that is cut inside the token does not tell the rest of it.
                            let is_known = headers.is_empty() || body.contains(escaped.trim_matches('"'));
                            assert!(!is_known || !text.contains(hidden), "{status} {body}\n{text}");
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn a_token_in_prose_is_replaced_and_the_prose_is_kept() {
    let error = delegate().read(response(500, &[], "token T-CANARY could not be cached")).unwrap_err();
    assert_eq!(error.text(), Some("token [redacted] could not be cached"));
    let body =
        r#"{"code":"InvalidToken","message":["The token 'T-CANARY' has expired"],"requestId":"0HN-7"}"#;
    let error = delegate().read(response(400, &[], body)).unwrap_err();
    assert_eq!(error.messages(), ["The token '[redacted]' has expired"]);
    assert_eq!((error.code(), error.request_id()), (Some("InvalidToken"), Some("0HN-7")));
}

#[test]
fn no_text_that_cannot_be_searched_is_shown() {
    let gzip = [("content-encoding", "gzip")];
    for (status, headers, body) in [
        (200, &[][..], "walrus"),
        (204, &[], "walrus"),
        (500, &gzip, "walrus"),
        (500, &[], "walrus\0walrus"),
        (500, &[], "walrus {'access_token': 'canary'} walrus"),
        (500, &[], r#"walrus refreshToken="canary" walrus"#),
    ] {
        let error = delegate().read(response(status, headers, body)).unwrap_err();
        assert_eq!(error.text(), None, "{status} {body:?}");
        assert!(!accessible(&error).contains("walrus"), "{}", accessible(&error));
    }
    let searched = delegate().read(response(500, &[], "walrus")).unwrap_err();
    assert_eq!(searched.text(), Some("walrus"));
}

#[test]
fn an_answer_with_more_tokens_than_are_searched_for_shows_no_text() {
    let tokens: Vec<_> = (0..10_000).map(|number| format!("canary{number}x")).collect();
    let body = serde_json::json!({ "tokens": tokens, "message": ["canary9999x"], "code": "canary9998x" });
    let headers = [("x-request-id", "canary9997x")];
    let error = delegate().read(response(500, &headers, body.to_string())).unwrap_err();
    assert!(!accessible(&error).contains("canary"), "{}", accessible(&error));
    let body = serde_json::json!({
        "value": { "access_token": "a", "tokens": tokens }, "isSuccess": true, "errorMsg": "canary9999x",
    });
    let answer = delegate().read(response(200, &headers, body.to_string())).unwrap();
    assert_eq!((answer.error_msg.as_deref(), answer.request_id()), (Some("[redacted]"), Some("[redacted]")));
}

#[test]
fn what_stands_behind_a_scheme_is_a_secret_too() {
    let sent = [
        ("authorization", "Bearer X-canary", "X-canary"),
        ("authorization", "Basic Z2F0ZTpjYW5hcnk=", "canary"),
        ("proxy-authorization", "Digest username=\"gate\", response=\"canary\"", "canary"),
        ("cookie", "a=1; session=canary", "canary"),
        ("x-api-key", "canary", "canary"),
    ];
    for (name, value, secret) in sent {
        for is_marked in [true, false] {
            let mut value = HeaderValue::from_static(value);
            value.set_sensitive(is_marked);
            let options = RequestOptions::new().with_header(HeaderName::from_static(name), value).unwrap();
            let headers = [("x-request-id", secret), ("server", secret)];
            let body = format!(r#"{{"code":"{secret}","message":["no, {secret}"],"requestId":"{secret}"}}"#);
            let error = delegate().read_with(response(500, &headers, body), &options).unwrap_err();
            assert!(!accessible(&error).contains(secret), "{name} {}", accessible(&error));
        }
    }
}

#[test]
fn a_comma_or_a_semicolon_does_not_end_what_stands_behind_a_scheme() {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    let value = HeaderValue::from_static("ApiKey can;ary,9");
    let options = RequestOptions::new().with_header(HeaderName::from_static("authorization"), value).unwrap();
    let echo = STANDARD.encode("can;ary,9");
    let error = delegate().read_with(response(500, &[("server", &echo)], ""), &options).unwrap_err();
    assert_eq!(error.headers().unwrap()["server"], "[redacted]");
}

#[test]
fn debug_of_an_answer_lists_only_the_names_of_known_headers() {
    let headers = [(SECRET, "1"), ("x-request-id", "2"), ("content-type", "3")];
    let body = r#"{"value":{"access_token":"a"},"isSuccess":true}"#;
    let answer = delegate().read(response(200, &headers, body)).unwrap();
    assert!(!debug(&answer).contains(SECRET), "{answer:?}");
    assert!(
        format!("{answer:?}").contains(r#"headers: ["content-type", "x-request-id", 1 others]"#),
        "{answer:?}"
    );
    assert_eq!(answer.headers.len(), 3, "the program still gets every header");
}

#[tokio::test]
async fn neither_event_nor_request_id_shows_an_encoded_secret() {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    let success = r#"{"value":{"access_token":"T-CANARY","duration":3600},"isSuccess":true}"#;
    let hexadecimal: String = SECRET.bytes().map(|byte| format!("{byte:02X}")).collect();
    for (echo, hidden) in [
        (STANDARD.encode(SECRET), STANDARD.encode(SECRET)),
        (hexadecimal.clone(), hexadecimal),
        (STANDARD.encode("T-CANARY"), STANDARD.encode("T-CANARY")),
        (SECRET.to_uppercase(), SECRET.to_uppercase()),
    ] {
        let headers = [("x-request-id", &*echo)];
        let answer = delegate().read(response(200, &headers, success)).unwrap();
        assert_eq!(answer.request_id().map(|id| id.trim_end_matches('=')), Some("[redacted]"));

        let transport = ScriptedTransport::new().answer(response(200, &headers, success)).answer(response(
            401,
            &headers,
            format!(r#"{{"token":"T-CANARY","code":"{echo}"}}"#),
        ));
        let client = AuthClient::with_runtime(base(), transport, ManualClock::new());
        let client = client.with_retry_policy(RetryPolicy::none());
        let provider = TokenProvider::new(
            client,
            credential().user_principal_name().clone(),
            credential().client_secret().clone(),
        );
        let (sender, events) = std::sync::mpsc::channel();
        provider.on_event(move |event| {
            drop(sender.send(format!("{event:?} {:?}", event.fields())));
        });
        let token = provider.token().await.unwrap();
        provider.invalidate(&token);
        let error = provider.token().await.unwrap_err();
        assert_eq!(error.recovery(), Recovery::ReplaceCredential);
        let events: Vec<_> = events.try_iter().collect();
        assert!(events.len() >= 2, "{events:?}");
        let text =
            events.join("\n") + &shown(&error) + &accessible(error.as_call().unwrap().as_endpoint().unwrap());
        assert!(!text.contains(&hidden), "{text}");
    }
}

/// The bound is ten times what an unoptimised build needs. Work that grows with the product of the lengths
/// would take hours.
#[test]
fn an_answer_full_of_tokens_is_read_in_linear_time() {
    let (sender, done) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for piece in ["a", "token ", "token:", r#"{\"token\":\""#, "<token>", "\\\\"] {
            let text = serde_json::to_string(&piece.repeat((1 << 19) / piece.len())).unwrap();
            let quoted = &text[..text.len() / 2];
            for body in [
                format!(r#"{{"access_token":{text},"message":[{text}],"requestId":{text}}}"#),
                format!(r#"{{"access_token":{text},"errorMsg":{quoted}"#),
                piece.repeat((1 << 20) / piece.len()),
            ] {
                let error = delegate().read(response(500, &[], body)).unwrap_err();
                assert!(CallError::from(error).messages().len() <= 16);
            }
        }
        sender.send(()).unwrap();
    });
    done.recv_timeout(std::time::Duration::from_secs(240)).expect("the answers are read");
}

#[test]
fn a_scheme_a_short_parameter_and_other_headers_are_no_secrets_and_a_short_whole_value_is_one() {
    for (name, value, text, expected) in [
        (
            "authorization",
            "Bearer canary",
            "no, Bearer was used, not canary",
            "no, Bearer was used, not [redacted]",
        ),
        ("cookie", "session=canary; a=1", "step 1 of canary", "step 1 of [redacted]"),
        ("cookie", "a=1; session=canary", "step 1 of canary", "step 1 of [redacted]"),
        ("x-api-key", "k3y", "not k3y but key", "not [redacted] but key"),
        ("x-trace", "trace-77", "trace-77 of someone@example.com", "trace-77 of someone@example.com"),
    ] {
        let options = RequestOptions::new();
        let options =
            options.with_header(HeaderName::from_static(name), HeaderValue::from_static(value)).unwrap();
        let body = serde_json::json!({ "message": [text] }).to_string();
        let error = delegate().read_with(response(500, &[], body), &options).unwrap_err();
        assert_eq!(error.messages(), [expected]);
    }
}

#[test]
fn an_id_that_happens_to_start_as_a_secret_does_is_shown() {
    let success = r#"{"value":{"access_token":"a"},"isSuccess":true}"#;
    let id = |id: &str| {
        let answer = delegate().read(response(200, &[("x-request-id", id)], success)).unwrap();
        answer.request_id().map(str::to_owned)
    };
    assert_eq!(id(&SECRET[..3]).as_deref(), Some(&SECRET[..3]));
    assert_eq!(id(&SECRET[..4]).as_deref(), Some("[redacted]"));
}
