//! What `cg-auth inspect` prints of a token.

use std::time::{Duration, UNIX_EPOCH};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use cg_auth_cli::readers::inspected;
use cg_auth_core::token::JwtClaims;
use serde_json::Value;

use crate::exchange::split_line;

/// The first line of the input is the header of a token, the rest its claims.
pub fn check(input: &[u8]) {
    let (header, claims) = split_line(input);
    let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part));
    prints(&format!("{header}.{claims}.SIGNATURE-CANARY"));
    if let Ok(token) = std::str::from_utf8(input) {
        prints(token);
    }
}

fn prints(token: &str) {
    let now = UNIX_EPOCH + Duration::from_secs(1_790_000_000);
    let printed = inspected(token, now);
    let claims = JwtClaims::read(token);
    assert_eq!(printed.is_some(), claims.is_some());
    let (Some((human, json)), Some(claims)) = (printed, claims) else { return };
    let is_safe = |letter: char| letter == '\n' || !letter.is_control();
    assert!(
        human.chars().all(is_safe) && json.trim_end().chars().all(|letter| !letter.is_control()),
        "{human:?}"
    );
    let signature = token.rsplit('.').next().unwrap();
    assert!(signature != "SIGNATURE-CANARY" || !human.contains(signature) && !json.contains(signature));

    let json: Value = serde_json::from_str(&json).unwrap();
    let expires_at = claims.expires_at().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    assert_eq!(json["expires_at_epoch"].as_u64(), expires_at.map(|time| time.as_secs()));
    assert_eq!(json["expired"].as_bool(), claims.expires_at().map(|time| time <= now));
    assert_eq!(human.contains("\nEXPIRED "), claims.expires_at().is_some_and(|time| time <= now));
}
