//! `cg-auth inspect`: the claims of a token, offline.

use std::time::SystemTime;

use cg_auth_core::{model::decode_base64url, time::Now, token::JwtClaims};
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

/// A signed token (RFC 7519). Its times are read by the core, so that they are those of `cg-auth token`.
struct Jwt {
    times: JwtClaims,
    /// The members of the two readable parts, as far as they can be shown.
    header: Map<String, Value>,
    claims: Map<String, Value>,
}

impl Jwt {
    fn read(token: &str) -> Option<Self> {
        let times = JwtClaims::read(token)?;
        let mut parts = token.split('.').map(|part| {
            decode_base64url(part).and_then(|json| serde_json::from_slice(&json).ok()).unwrap_or_default()
        });
        Some(Self { times, header: parts.next()?, claims: parts.next()? })
    }
}

fn human(token: &Jwt, now: SystemTime) -> String {
    let mut text = format!("{NOT_VERIFIED}\n\n");
    let times = token.times;
    for (name, time) in [("issued", times.issued_at()), ("starts", times.not_before())] {
        text.extend(time.map(|time| line(name, time, now)));
    }
    text.push_str(&match times.expires_at() {
        Some(time) => line(if time <= now { "EXPIRED" } else { "expires" }, time, now),
        None => "expires at an unknown time; there is no exp claim that holds a time\n".to_owned(),
    });
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

fn line(name: &str, time: SystemTime, now: SystemTime) -> String {
    let written = rfc3339(time).unwrap_or_else(|| "before 1970".into());
    format!("{name:<7} {} ({written})\n", distance(time, now))
}

fn json(token: &Jwt, now: SystemTime) -> String {
    let expires_at = token.times.expires_at();
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
    use std::time::{Duration, UNIX_EPOCH};

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
    fn an_expiry_is_read_as_the_provider_reads_it() {
        let now = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        for (claims, epoch) in [
            (r#"{"exp":1700000060}"#, json!(1_700_000_060)),
            (r#"{"exp":1700000060.9}"#, json!(1_700_000_060)),
            (r#"{"exp":1700000060000}"#, json!(1_700_000_060)),
            (r#"{"exp":"1700000060"}"#, json!(1_700_000_060)),
            (r#"{"exp":1,"exp":1700000060}"#, json!(1_700_000_060)),
            (r#"{"claims":{"exp":1700000060}}"#, Value::Null),
            (r#"{"exp":[1700000060]}"#, Value::Null),
            (r#"{"exp":1e300}"#, Value::Null),
        ] {
            let token = token(claims).unwrap();
            let printed: Value = serde_json::from_str(&json(&token, now)).unwrap();
            assert_eq!(printed["expires_at_epoch"], epoch, "{claims}");
            let shown = human(&token, now);
            let line = if epoch.is_null() { "expires at an unknown time" } else { "expires in 1 minute (" };
            assert!(shown.contains(line), "{claims}: {shown}");
        }
    }

    #[test]
    fn a_token_with_a_part_that_cannot_be_shown_still_tells_its_expiry() {
        let now = UNIX_EPOCH;
        let deep = format!(r#"{{"exp":60,"x":{}{}}}"#, "[".repeat(500), "]".repeat(500));
        let header = format!("?.{}.signature", BASE64_URL_SAFE_NO_PAD.encode(r#"{"exp":60}"#));
        for token in [token(&deep), token(r#"{"exp":60,"x":1e999}"#), Jwt::read(&header)] {
            assert!(human(&token.unwrap(), now).contains("\nexpires in 1 minute ("));
        }
    }

    #[test]
    fn strange_claims_do_not_panic() {
        for exp in ["1e300", "-5", "9223372036854775807", "\"soon\"", "null", "253402300799", "[[]]"] {
            let token = token(&format!(r#"{{"exp":{exp}}}"#)).unwrap();
            let now = UNIX_EPOCH + Duration::from_secs(10);
            assert!(!human(&token, now).is_empty());
            assert!(json(&token, now).contains("\"verified\":false"));
        }
        for text in ["", "a.b", "a.b.c", "..", "a.b.c.d", "e30.W10.x", "e30.e30.e30.e30"] {
            assert!(Jwt::read(text).is_none(), "{text}");
        }
    }
}
