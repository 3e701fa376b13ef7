//! The times in the claims of a token.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use cg_auth_core::token::JwtClaims;
use serde_json::{Map, Value};

/// The input is a token, and also the claims of another one.
pub fn check(input: &[u8]) {
    if let Some(claims) = std::str::from_utf8(input).ok().and_then(JwtClaims::read) {
        in_bounds(&claims);
    }
    let encoded = URL_SAFE_NO_PAD.encode(input);
    let claims = JwtClaims::read(&format!("e30.{encoded}.c2ln"));
    assert_eq!(
        claims,
        JwtClaims::read(&format!("header.{encoded}=.signature")).filter(|_| input.len() % 3 == 2).or(claims)
    );
    match (serde_json::from_slice::<Value>(input), claims) {
        (Ok(Value::Object(members)), Some(claims)) => {
            in_bounds(&claims);
            compare(&members, "exp", claims.expires_at());
            compare(&members, "iat", claims.issued_at());
            compare(&members, "nbf", claims.not_before());
        }
        (Ok(value), claims) => assert!(!value.is_object() && claims.is_none(), "{value}"),
        // A number that is too large for `Value` may stand in a member that is skipped.
        (Err(_), _) => {}
    }
}

/// The plain forms of a time, read independently.
fn compare(members: &Map<String, Value>, name: &str, read: Option<SystemTime>) {
    let seconds = match members.get(name) {
        None | Some(Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_)) => None,
        Some(Value::Number(number)) => match number.as_i64() {
            Some(seconds) if seconds.unsigned_abs() < 100_000_000_000 => Some(seconds),
            _ => return,
        },
        Some(Value::String(text)) => match text.parse::<i64>() {
            Ok(seconds) if seconds.unsigned_abs() < 100_000_000_000 => Some(seconds),
            _ => return,
        },
    };
    let time = seconds.map(|seconds| {
        let distance = Duration::from_secs(seconds.unsigned_abs());
        if seconds < 0 { UNIX_EPOCH - distance } else { UNIX_EPOCH + distance }
    });
    assert_eq!(read, time, "{name}");
}

/// A date that every format can write.
fn in_bounds(claims: &JwtClaims) {
    let bound = Duration::from_secs(253_402_300_799);
    for time in [claims.expires_at(), claims.issued_at(), claims.not_before()].into_iter().flatten() {
        assert!(time <= UNIX_EPOCH + bound && time >= UNIX_EPOCH - bound);
    }
}
