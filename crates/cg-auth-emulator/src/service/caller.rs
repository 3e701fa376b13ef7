//! [`Caller`]: the answer of the protected resource.

use std::time::{Duration, UNIX_EPOCH};

use serde::Serialize;

use super::jwt::Claims;
use crate::clock::latest;

/// The owner and the dates of the caller's access token. The vendor has no such document, so it is written in
/// camelCase under either contract.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Caller<'a> {
    user_principal_name: &'a str,
    token_id: &'a str,
    issued_at: String,
    expires_at: Option<String>,
}

impl<'a> Caller<'a> {
    pub(super) fn new(claims: &'a Claims) -> Self {
        Self {
            user_principal_name: &claims.upn,
            token_id: &claims.jti,
            issued_at: rfc3339(claims.iat).unwrap_or_default(),
            expires_at: rfc3339(claims.exp),
        }
    }
}

/// A date in RFC 3339; `None` for one after the year 9999.
fn rfc3339(seconds: u64) -> Option<String> {
    let time = UNIX_EPOCH.checked_add(Duration::from_secs(seconds))?;
    (time <= latest()).then(|| humantime::format_rfc3339_seconds(time).to_string())
}
