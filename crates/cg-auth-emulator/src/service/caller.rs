//! [`Caller`]: what the protected resource answers.

use std::time::{Duration, UNIX_EPOCH};

use serde::Serialize;

use crate::jwt::Claims;

/// Who the caller is. It is no document of the vendor's, so it has one spelling.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Caller<'a> {
    user_principal_name: &'a str,
    token_id: &'a str,
    issued_at: String,
    expires_at: Option<String>,
}

impl<'a> Caller<'a> {
    pub(crate) fn of(claims: &'a Claims) -> Self {
        Self {
            user_principal_name: &claims.upn,
            token_id: &claims.jti,
            issued_at: date(claims.iat).unwrap_or_default(),
            expires_at: date(claims.exp),
        }
    }
}

/// RFC 3339, or `None` beyond what it can tell.
fn date(seconds: u64) -> Option<String> {
    let moment = UNIX_EPOCH.checked_add(Duration::from_secs(seconds))?;
    (seconds < 253_402_300_800).then(|| humantime::format_rfc3339_seconds(moment).to_string())
}
