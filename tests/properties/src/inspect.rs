//! `cg-auth inspect`: the token that it finds in its input, and what it prints about it.

use std::time::{Duration, UNIX_EPOCH};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use cg_auth_cli::readers::{inspected, token_in};
use cg_auth_core::token::JwtClaims;
use serde_json::{Deserializer, Map, Value, json};

use crate::exchange::split_line;

/// The input is what `inspect` reads. It is also a token: its first line is the header, the rest the claims.
pub fn check(input: &[u8]) {
    let (header, claims) = split_line(input);
    let parts = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part));
    let token = format!("{}.{}.SIGNATURE-CANARY", parts[0], parts[1]);
    let read: Result<Map<String, Value>, _> = serde_json::from_slice(claims);
    if let (Some(printed), Ok(claims)) = (prints(&token), read) {
        assert_eq!(without_numbers(printed["claims"].clone()), without_numbers(claims.into()));
    }
    let Ok(text) = std::str::from_utf8(input) else { return };
    finds(text);
    is_found(text);
    is_found(&token);
    prints(text);
    prints(&token_in(text).unwrap_or_default());
}

/// The output of `token` at some time shows what the token holds, and nothing that a terminal obeys.
fn prints(token: &str) -> Option<Value> {
    let now = UNIX_EPOCH + Duration::from_secs(1_790_000_000);
    let printed = inspected(token, now);
    let claims = JwtClaims::read(token);
    assert_eq!(printed.is_some(), claims.is_some());
    let (human, json) = printed?;
    assert!(!human.contains(|letter: char| letter != '\n' && letter.is_control()), "{human:?}");
    assert!(!json.trim_end_matches('\n').contains(char::is_control), "{json:?}");
    let json: Value = serde_json::from_str(&json).unwrap();
    // A claim may hold the same text as the signature.
    if token.ends_with(".SIGNATURE-CANARY") && !json.to_string().contains("SIGNATURE-CANARY") {
        assert!(!human.contains("SIGNATURE-CANARY"));
    }
    let mut unclaimed = json.clone();
    (unclaimed["claims"], unclaimed["header"]) = (Value::Null, Value::Null);
    assert!(!unclaimed.to_string().contains("SIGNATURE-CANARY"));
    let expires_at = claims?.expires_at();
    let epoch = expires_at.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    assert_eq!(json["expires_at_epoch"].as_u64(), epoch.map(|time| time.as_secs()));
    assert_eq!(json["expired"].as_bool(), expires_at.map(|time| time <= now));
    assert_eq!(human.contains("\nEXPIRED "), expires_at.is_some_and(|time| time <= now));
    Some(json)
}

/// The token in `text` depends neither on blanks around it nor on what stands before the last token.
fn finds(text: &str) {
    let found = token_in(text);
    assert_ne!(found.as_deref(), Some(""));
    assert_eq!(token_in(&format!("\u{feff} \r\n\t{text}\r\n ")), found, "{text:?}");
    let is_json = text
        .trim_start_matches(|letter: char| letter.is_whitespace() || letter == '\u{feff}')
        .starts_with('{');
    if !is_json {
        let later = format!("{text}\nexport CG_AUTH_ACCESS_TOKEN='l.a.st'\n");
        assert_eq!(token_in(&later).as_deref(), Some("l.a.st"), "{later:?}");
        return;
    }
    let objects: Result<Vec<Map<String, Value>>, _> = Deserializer::from_str(text).into_iter().collect();
    let Ok(objects) = objects else { return };
    // An object may hold a member twice, which the map does not tell.
    let has_token = |object: &Map<String, Value>| object.contains_key("access_token");
    let is_plain = objects.iter().all(has_token) && text.matches("access_token").count() == objects.len();
    if is_plain && !text.contains('\\') {
        let last = objects.iter().filter_map(|object| object.get("access_token"));
        let is_text = last.clone().all(|value| value.is_string() || value.is_null());
        let last = last.filter_map(Value::as_str).next_back().filter(|token| is_text && !token.is_empty());
        assert_eq!(found.as_deref(), last, "{text:?}");
    }
}

/// `token` is found in each form in which the command prints it.
fn is_found(token: &str) {
    if token.is_empty() {
        return;
    }
    let quoted = token.replace('\'', r"'\''");
    let mut forms = vec![json!({"access_token": token, "version": 1}).to_string()];
    // A line ends at a line break, even between quotes. The service's tokens hold none.
    if !token.contains(['\n', '\r']) {
        forms.push(format!("export CG_AUTH_ACCESS_TOKEN='{quoted}'\n"));
        forms.push(format!("# x\nCG_AUTH_ACCESS_TOKEN='{quoted}'; export CG_AUTH_ACCESS_TOKEN\r\n"));
    }
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
    if token.bytes().all(is_plain) {
        let forms_of_people =
            ["TOKEN\n", "Bearer TOKEN", "\"TOKEN\"", "GET /\r\nauthorization: bearer TOKEN\r\nA: b\r\n"];
        forms.extend(forms_of_people.map(|form| form.replace("TOKEN", token)));
    }
    for form in forms {
        assert_eq!(token_in(&form).as_deref(), Some(token), "{form:?}");
    }
}

/// `value` without its numbers, whose last digit may change if they are written and read.
fn without_numbers(value: Value) -> Value {
    match value {
        Value::Number(_) => Value::Null,
        Value::Array(values) => values.into_iter().map(without_numbers).collect(),
        Value::Object(members) => members
            .into_iter()
            .map(|(name, value)| (name, without_numbers(value)))
            .collect::<Map<_, _>>()
            .into(),
        other => other,
    }
}
