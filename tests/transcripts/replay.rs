//! The emulator answers the recorded requests of the vendor's TypeScript client, byte for byte.

use std::collections::BTreeSet;

use cg_auth_core::{ApiCredential, ClientSecret, UserPrincipalName};
use cg_auth_emulator::Emulator;
use cg_auth_tests::{hang_guard::bounded, listener::Connection};
use serde_json::Value;

use super::recording::Recording;

/// The expected form of an answer's body.
#[derive(Clone, Copy)]
enum Shape {
    /// A token in the camelCase contract.
    Token,
    /// A token in the PascalCase contract.
    PascalToken,
    /// The documented error with this code.
    Error(&'static str),
    /// An empty body.
    Empty,
}
use Shape::{Empty, Error, PascalToken, Token};

/// Every distinct request: the first file that holds it, its index in that file, and the status and the form
/// of the emulator's answer.
#[rustfmt::skip]
const ANSWERS: &[(&str, usize, u16, Shape)] = &[
    // The request of most files.
    ("ts_delegate_204", 0, 200, Token),
    // The target of a redirect: a path without an operation, and the same operation at another origin.
    ("ts_delegate_302_same_origin", 1, 404, Error("NotFound")),
    ("ts_delegate_307_cross_origin", 1, 200, Token),
    // Headers and body disagree.
    ("ts_delegate_api_key_single_string", 0, 400, Error("InvalidCredential")),
    ("ts_delegate_header_latin1", 0, 400, Error("InvalidCredential")),
    // No credential, another one, or one in the body only.
    ("ts_delegate_body_nulls", 0, 400, Error("InvalidCredential")),
    ("ts_delegate_body_unicode", 0, 400, Error("InvalidCredential")),
    ("ts_delegate_no_api_key", 0, 400, Error("InvalidCredential")),
    ("ts_refresh_no_api_key", 0, 400, Error("InvalidCredential")),
    // A path without an operation, from a base URL that the client joined wrongly.
    ("ts_delegate_base_query", 0, 404, Error("NotFound")),
    ("ts_delegate_trailing_slash", 0, 404, Error("NotFound")),
    // The header selects PascalCase; the form of the request body does not matter.
    ("ts_delegate_default_headers", 0, 200, PascalToken),
    ("ts_delete_400_api_error", 0, 200, Empty),
    // A refresh token that this emulator never issued.
    ("ts_refresh_400_api_error", 0, 400, Error("InvalidRefreshToken")),
];

#[tokio::test]
async fn every_distinct_recorded_request_is_answered_as_the_table_says() {
    let emulator = Emulator::builder().credential(recorded_credential()).start().await.unwrap();
    let recordings = Recording::all();
    let mut seen = BTreeSet::new();
    let mut unused: BTreeSet<_> = ANSWERS.iter().map(|(name, index, ..)| (*name, *index)).collect();
    for recording in recordings.iter().filter(|recording| recording.name.starts_with("ts_")) {
        for (index, request) in recording.requests().into_iter().enumerate() {
            let raw = request.raw().expect("what was observed was recorded");
            if !seen.insert(raw.clone()) {
                continue;
            }
            let place = (recording.name.as_str(), index);
            let listed = ANSWERS.iter().find(|(name, index, ..)| (*name, *index) == place);
            let (_, _, status, shape) = listed.unwrap_or_else(|| panic!("{place:?} is not listed"));
            unused.remove(&place);
            let (answered, body) = bounded(exchange(&emulator, &raw)).await;
            assert_eq!(answered, *status, "{place:?}: {body}");
            assert!(shape.fits(&body), "{place:?}: {body}");
        }
    }
    assert!(unused.is_empty(), "in the table, but no distinct request any more: {unused:?}");
}

impl Shape {
    fn fits(self, body: &str) -> bool {
        let json: Value = serde_json::from_str(body).unwrap_or_default();
        match self {
            Token => {
                is_token(&json["value"], ["access_token", "refresh_token", "duration"])
                    && json["isSuccess"] == true
            }
            PascalToken => {
                is_token(&json["Value"], ["AccessToken", "RefreshToken", "Duration"])
                    && json["IsSuccess"] == true
            }
            Error(code) => {
                json["code"] == code
                    && json["message"].as_array().is_some_and(|lines| lines.iter().all(Value::is_string))
                    && json["requestId"].is_string()
                    && json["date"].is_string()
            }
            Empty => body.is_empty(),
        }
    }
}

fn is_token(value: &Value, [access_token, refresh_token, duration]: [&str; 3]) -> bool {
    value[access_token].is_string() && value[refresh_token].is_string() && value[duration].is_i64()
}

/// Sends `request` on a connection of its own. Returns the status and the body of the answer.
async fn exchange(emulator: &Emulator, request: &[u8]) -> (u16, String) {
    let mut connection = Connection::to(emulator.base_url().as_str().strip_prefix("http://").unwrap()).await;
    connection.write(request).await;
    let answer = connection.receive().await.expect("an answer");
    let status = answer.line().strip_prefix("HTTP/1.1 ").unwrap()[..3].parse().unwrap();
    (status, String::from_utf8(answer.body).unwrap())
}

/// The credential of all recordings.
fn recorded_credential() -> ApiCredential {
    ApiCredential::new(
        ClientSecret::new("dGVzdC1vbmx5LXNlY3JldA==").unwrap(),
        UserPrincipalName::new("someone@example.com").unwrap(),
    )
}
