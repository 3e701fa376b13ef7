//! `cg-auth inspect`: the claims of a token, offline.

mod token_text;

use std::time::{Duration, SystemTime};

use cg_auth_core::{model::decode_base64url, time::Now, token::JwtClaims};
use cg_auth_transport_util::environment::positive_duration;
use clap::{Args, ValueEnum};
use serde_json::{Map, Value, json};

pub(crate) use self::token_text::token_in;
use crate::{
    console::Console,
    failure::{Failure, ShortLived},
    output,
    secret::{SecretLabel, read_standard_input},
    setting_error::SettingError,
    time_format::{distance, rfc3339, unix_seconds},
};

#[derive(Args)]
pub(crate) struct InspectArgs {
    /// The format of the output.
    #[arg(long, short = 'o', value_enum, default_value_t, value_name = "FORMAT")]
    format: InspectFormat,

    /// Fail with exit code 7 if the token has expired, is not valid yet, has no readable exp claim or, with a
    /// DURATION such as 5m, expires sooner than that. The claims are printed in any case.
    #[arg(long, value_parser = positive_duration, value_name = "DURATION", num_args = 0..=1, require_equals = true)]
    require_valid: Option<Option<Duration>>,
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
    let text = read_standard_input(&label, *console, INPUT_LIMIT).await?;
    let token = token_in(&text).and_then(|token| Jwt::read(&token));
    let token = token.ok_or(SettingError::Opaque { what: label.name() })?;
    let now = Now::system().wall();
    let text = match args.format {
        InspectFormat::Human => human(&token, now),
        InspectFormat::Json => json(&token, now),
    };
    output::to_stdout(&text).map_err(Failure::Output)?;
    match args.require_valid {
        Some(left) => Ok(check_valid(token.times, now, left)?),
        None => Ok(()),
    }
}

/// The output in either format, for people first. `None` if `token` is no JWT.
pub(crate) fn inspected(token: &str, now: SystemTime) -> Option<(String, String)> {
    let token = Jwt::read(token)?;
    Some((human(&token, now), json(&token, now)))
}

/// Fails if the token is not valid at `now`, or not for as long as `required`.
fn check_valid(times: JwtClaims, now: SystemTime, required: Option<Duration>) -> Result<(), ShortLived> {
    let option = || match required {
        Some(required) => format!("--require-valid={}", humantime::format_duration(required)),
        None => "--require-valid".to_owned(),
    };
    let Some(expired_at) = times.expires_at() else { return Err(ShortLived::Unknown { option: option() }) };
    if let Some(starts_at) = times.not_before().filter(|starts_at| *starts_at > now) {
        return Err(ShortLived::NotYet { starts_at, now });
    }
    let left = expired_at.duration_since(now).unwrap_or_default();
    if left.is_zero() {
        return Err(ShortLived::Expired { expired_at, now });
    }
    match required {
        Some(required) if left < required => Err(ShortLived::Short { left, option: option() }),
        _ => Ok(()),
    }
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

/// Room for the lines of a watch that has run for days.
const INPUT_LIMIT: usize = 16 * 1024 * 1024;
const NOT_VERIFIED: &str =
    "The claims of the token. Nothing was verified: neither the signature nor the issuer.";

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
    use cg_auth_core::{
        model::{AccessToken, DelegatedAccessToken},
        token::{DurationUnit, Expiry},
    };

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
    fn a_token_is_valid_from_nbf_until_exp_and_for_as_long_as_required() {
        let check = |claims: &str, required| {
            let times = token(claims).unwrap().times;
            let checked = check_valid(times, UNIX_EPOCH + Duration::from_secs(1000), required);
            checked.err().map(|error| error.to_string()).unwrap_or_default()
        };
        let minute = Some(Duration::from_secs(60));
        assert_eq!(check(r#"{"exp":1001}"#, None), "");
        assert_eq!(check(r#"{"exp":1060,"nbf":1000}"#, minute), "");
        assert_eq!(
            check(r#"{"exp":1059}"#, minute),
            "the token expires in 59s, and --require-valid=1m asks for more"
        );
        assert_eq!(check(r#"{"exp":999}"#, None), "the token expired 1 second ago");
        assert_ne!(check(r#"{"exp":1000}"#, None), "");
        assert_eq!(check(r#"{"exp":400}"#, minute), "the token expired 10 minutes ago");
        assert_eq!(
            check(r#"{"exp":2000,"nbf":1060}"#, None),
            "the token is not valid yet: it starts in 1 minute"
        );
        for claims in ["{}", r#"{"exp":"soon"}"#] {
            let text = "nothing shows how long the token lives, and --require-valid asks for it";
            assert_eq!(check(claims, None), text);
        }
    }

    proptest::proptest! {
        #[test]
        fn every_time_is_the_one_that_token_reads(claims in claims()) {
            let (now, sent) = (UNIX_EPOCH + Duration::from_secs(1_700_000_000), Now::system());
            let jwt = token(&claims).unwrap();
            let text = format!("e30.{}.x", BASE64_URL_SAFE_NO_PAD.encode(&claims));
            let read = JwtClaims::read(&text).unwrap();
            proptest::prop_assert_eq!(jwt.times, read);
            let printed: Value = serde_json::from_str(&json(&jwt, now)).unwrap();
            let epoch = read.expires_at().and_then(unix_seconds);
            proptest::prop_assert_eq!(printed["expires_at_epoch"].as_u64(), epoch);
            proptest::prop_assert_eq!(printed["expired"].as_bool(), read.expires_at().map(|at| at <= now));
            // What `token` prints: it knows an expiry exactly if the claims hold one that a clock can reach.
            let issued = DelegatedAccessToken::new(AccessToken::new(text).unwrap(), None);
            let expiry = Expiry::of(&issued, DurationUnit::Seconds, None, sent);
            proptest::prop_assert_eq!(expiry.expires_at().is_some(), read.expires_at().is_some());
        }
    }

    /// JSON objects with the claims in every type, order and number.
    fn claims() -> impl proptest::strategy::Strategy<Value = String> {
        use proptest::{collection::vec, prelude::*};
        let value = prop_oneof![
            any::<i64>().prop_map(|number| number.to_string()),
            (0_i64..253_402_300_800).prop_map(|number| number.to_string()),
            (0_i64..253_402_300_800).prop_map(|number| format!("\"{number}\"")),
            any::<f64>()
                .prop_filter("JSON has no such number", |it| it.is_finite())
                .prop_map(|it| format!("{it:e}")),
            Just("null".to_owned()),
            Just("\"soon\"".to_owned()),
            Just("[1]".to_owned()),
            Just("{\"exp\":1}".to_owned()),
        ];
        let name = prop_oneof![Just("exp"), Just("iat"), Just("nbf"), Just("EXP"), Just("other")];
        vec((name, value), 0..6).prop_map(|members| {
            let members: Vec<_> = members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
            format!("{{{}}}", members.join(","))
        })
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
