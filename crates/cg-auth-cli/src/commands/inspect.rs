//! `cg-auth inspect`: what a token says about itself, offline.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::{
    Engine as _,
    alphabet::URL_SAFE,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use cg_auth_core::time::Now;
use clap::{Args, ValueEnum};
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use crate::{
    console::Console,
    failure::Failure,
    moment, output,
    secret::{self, SecretSource},
    settings::SettingError,
};

#[derive(Args)]
pub(crate) struct InspectArgs {
    /// What is written to standard output.
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

/// Reads a token from standard input and prints its claims. The token itself is not printed again.
pub(crate) async fn run(args: &InspectArgs, console: &Console) -> Result<(), Failure> {
    let token = SecretSource::StandardInput.read(secret::ACCESS_TOKEN, *console).await?;
    let token = Jwt::read(&token).ok_or(SettingError::Opaque { what: secret::ACCESS_TOKEN })?;
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
        Some(Self { header: decode(header)?, claims: decode(claims)? })
    }

    /// The moment that a claim names.
    fn moment(&self, claim: &str) -> Option<SystemTime> {
        let seconds = self.claims.get(claim)?.as_f64().filter(|seconds| *seconds >= 0.0)?;
        UNIX_EPOCH.checked_add(Duration::try_from_secs_f64(seconds.trunc()).ok()?)
    }
}

fn decode(part: &str) -> Option<Map<String, Value>> {
    let decoder = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let json = Zeroizing::new(GeneralPurpose::new(&URL_SAFE, decoder).decode(part).ok()?);
    serde_json::from_slice(&json).ok()
}

fn human(token: &Jwt, now: SystemTime) -> String {
    let mut text = format!("{NOT_VERIFIED}\n\n");
    for (name, claim) in [("issued", "iat"), ("not before", "nbf"), ("expires", "exp")] {
        if let Some(moment) = token.moment(claim) {
            let written = moment::rfc3339(moment).unwrap_or_else(|| "after the year 9999".into());
            text.push_str(&format!("{name:<12}{written}  ({})\n", distance(moment, now)));
        }
    }
    if token.moment("exp").is_none() {
        text.push_str("expires     the token does not say\n");
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
    let expires_at = token.moment("exp");
    let left = expires_at.map(|moment| moment.duration_since(now).unwrap_or_default());
    output::json_line(&json!({
        "version": 1,
        "verified": false,
        "expires_at": expires_at.and_then(moment::rfc3339),
        "expires_at_epoch": expires_at.and_then(moment::epoch),
        "expires_in": left.map(|left| left.as_secs()),
        "expired": left.map(|left| left.is_zero()),
        "header": token.header,
        "claims": token.claims,
    }))
}

/// How far away `moment` is, in whole seconds.
fn distance(moment: SystemTime, now: SystemTime) -> String {
    let whole = |distance: Duration| humantime::format_duration(Duration::from_secs(distance.as_secs()));
    match moment.duration_since(now) {
        Ok(ahead) => format!("in {}", whole(ahead)),
        Err(ago) => format!("{} ago", whole(ago.duration())),
    }
}

const NOT_VERIFIED: &str =
    "What the token says about itself. Nothing was verified: not the signature, not the issuer.";

#[cfg(test)]
mod tests {
    use base64::prelude::BASE64_URL_SAFE_NO_PAD;

    use super::*;

    fn token(claims: &str) -> Option<Jwt> {
        let encode = |text| BASE64_URL_SAFE_NO_PAD.encode(text);
        Jwt::read(&format!("{}.{}.signature", encode(r#"{"alg":"HS256"}"#), encode(claims)))
    }

    #[test]
    fn the_end_is_told_by_date_and_distance() {
        let token = token(r#"{"exp":3600,"upn":"a@b\u001b[31m"}"#).unwrap();
        let at = |seconds| human(&token, UNIX_EPOCH + Duration::from_secs(seconds));
        assert!(at(0).starts_with(NOT_VERIFIED));
        assert!(at(0).contains("expires     1970-01-01T01:00:00Z  (in 1h)\n"), "{}", at(0));
        assert!(at(3660).contains("(1m ago)\n"));
        assert!(at(0).contains(r"  upn  a@b\u{1b}[31m"), "{}", at(0));
    }

    #[test]
    fn strange_claims_are_no_reason_to_panic() {
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
