//! `cg-auth inspect`: the claims of a token, offline.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cg_auth_core::{model::decode_base64url, time::Now};
use clap::{Args, ValueEnum};
use serde_json::{Map, Value, json};

use crate::{
    console::Console,
    failure::Failure,
    output,
    secret::{SecretLabel, SecretOrigin},
    setting_error::SettingError,
    time_format::{distance, rfc3339, unix_seconds},
};

#[derive(Args)]
pub(crate) struct InspectArgs {
    /// The format of the output.
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: InspectFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum InspectFormat {
    #[default]
    Human,
    Json,
}

impl InspectArgs {
    pub(crate) fn prints_json(&self) -> bool {
        self.format == InspectFormat::Json
    }
}

/// Reads a token from standard input and prints its claims, but not the token itself.
pub(crate) async fn run(args: &InspectArgs, console: &Console) -> Result<(), Failure> {
    let label = SecretLabel::access_token();
    let token = SecretOrigin::StandardInput.read(&label, *console).await?;
    let token = Jwt::read(&token).ok_or(SettingError::Opaque { what: label.name() })?;
    let now = Now::system().wall();
    let text = match args.format {
        InspectFormat::Human => human(&token, now),
        InspectFormat::Json => json(&token, now),
    };
    output::to_stdout(&text).map_err(Failure::Output)
}

/// The two readable parts of a signed token (RFC 7519).
struct Jwt {
    header: Map<String, Value>,
    claims: Map<String, Value>,
}

impl Jwt {
    fn read(token: &str) -> Option<Self> {
        let parts: Vec<_> = token.split('.').collect();
        let [header, claims, _signature] = parts[..] else { return None };
        let object = |part| serde_json::from_slice(&decode_base64url(part)?).ok();
        Some(Self { header: object(header)?, claims: object(claims)? })
    }

    /// The time that the claim holds.
    fn time(&self, claim: &str) -> Option<SystemTime> {
        let seconds = self.claims.get(claim)?.as_f64().filter(|seconds| *seconds >= 0.0)?;
        UNIX_EPOCH.checked_add(Duration::try_from_secs_f64(seconds.trunc()).ok()?)
    }
}

fn human(token: &Jwt, now: SystemTime) -> String {
    let mut text = format!("{NOT_VERIFIED}\n\n");
    for (name, claim) in [("issued", "iat"), ("starts", "nbf"), ("expires", "exp")] {
        match token.time(claim) {
            Some(time) => {
                let name = if claim == "exp" && time <= now { "EXPIRED" } else { name };
                let written = rfc3339(time).unwrap_or_else(|| "after the year 9999".into());
                text.push_str(&format!("{name:<7} {} ({written})\n", distance(time, now)));
            }
            None if claim == "exp" => text.push_str("expires at an unknown time; there is no exp claim\n"),
            None => {}
        }
    }
    for (name, part) in [("header", &token.header), ("claims", &token.claims)] {
        text.push_str(&format!("\n{name}\n"));
        let members: Vec<_> = part.iter().map(|(key, value)| (output::escaped(key), value)).collect();
        let width = members.iter().map(|(key, _)| key.chars().count()).max().unwrap_or_default();
        for (key, value) in members {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            text.push_str(&format!("  {key:<width$}  {}\n", output::escaped(&value)));
        }
    }
    text
}

fn json(token: &Jwt, now: SystemTime) -> String {
    let expires_at = token.time("exp");
    let left = expires_at.map(|time| time.duration_since(now).unwrap_or_default());
    output::json_line(&json!({
        "version": 1,
        "verified": false,
        "expires_at": expires_at.and_then(rfc3339),
        "expires_at_epoch": expires_at.and_then(unix_seconds),
        "expires_in": left.map(|left| left.as_secs()),
        "expired": left.map(|left| left.is_zero()),
        "header": token.header,
        "claims": token.claims,
    }))
}

const NOT_VERIFIED: &str =
    "The claims of the token. Nothing was verified: neither the signature nor the issuer.";

#[cfg(test)]
mod tests {
    use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};

    use super::*;

    fn token(claims: &str) -> Option<Jwt> {
        let encode = |text| BASE64_URL_SAFE_NO_PAD.encode(text);
        Jwt::read(&format!("{}.{}.signature", encode(r#"{"alg":"HS256"}"#), encode(claims)))
    }

    #[test]
    fn the_expiry_is_shown_as_a_distance_and_a_date() {
        let token = token(r#"{"exp":3600,"upn":"a@b\u001b[31m"}"#).unwrap();
        let at = |seconds| human(&token, UNIX_EPOCH + Duration::from_secs(seconds));
        assert!(at(0).starts_with(NOT_VERIFIED));
        assert!(at(0).contains("\nexpires in 1 hour (1970-01-01T01:00:00Z)\n"), "{}", at(0));
        assert!(at(195_000_000).contains("\nEXPIRED 6 years ago (1970-01-01T01:00:00Z)\n"));
        assert!(at(0).contains(r"  upn  a@b\u{1b}[31m"), "{}", at(0));
    }

    #[test]
    fn strange_claims_do_not_panic() {
        for exp in ["1e300", "-5", "9223372036854775807", "\"soon\"", "null", "253402300800", "[[]]"] {
            let token = token(&format!(r#"{{"exp":{exp}}}"#)).unwrap();
            let now = UNIX_EPOCH + Duration::from_secs(10);
            assert!(!human(&token, now).is_empty());
            assert!(json(&token, now).contains("\"verified\":false"));
        }
        for text in ["", "a.b", "a.b.c", "..", "a.b.c.d", "e30.W10.x"] {
            assert!(Jwt::read(text).is_none(), "{text}");
        }
    }
}
