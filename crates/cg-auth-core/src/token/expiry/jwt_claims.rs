//! [`JwtClaims`]: the claims of a token that tell its times.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::de::{IgnoredAny, MapAccess};

use crate::model::{
    decode_base64url,
    json_reading::{Found, FromJson, Pass, next_name},
};

/// The times in the claims of a JWT (RFC 7519, section 4.1). Nothing is verified: only the service can check
/// the signature.
///
/// A JWT is three parts between dots, the second of which is a JSON object in base64url, with or without
/// padding. A time is a member `exp`, `iat` or `nbf` of that object itself, and of two members with one name
/// the last one counts. It is read like this:
///
/// | value | read as |
/// |---|---|
/// | a number below 100,000,000,000 | seconds since 1970; a fraction is cut off |
/// | a larger number | milliseconds since 1970 |
/// | a negative number | a time before 1970 |
/// | a string that holds such a number | that number |
/// | a time after the year 9999, any other string or type | no time, as if the member were missing |
///
/// ```
/// use std::time::{Duration, UNIX_EPOCH};
/// use cg_auth_core::token::JwtClaims;
///
/// // The claims are {"exp":"3600"}.
/// let claims = JwtClaims::read("e30.eyJleHAiOiIzNjAwIn0.c2ln").ok_or("no JWT")?;
/// assert_eq!(claims.expires_at(), Some(UNIX_EPOCH + Duration::from_secs(3600)));
/// assert_eq!(claims.issued_at(), None);
/// assert_eq!(JwtClaims::read("opaque"), None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct JwtClaims {
    /// Seconds since 1970, as are the others.
    pub(super) exp: Option<i64>,
    pub(super) iat: Option<i64>,
    nbf: Option<i64>,
}

impl JwtClaims {
    /// `exp`, since 1970.
    pub(in crate::token) fn end(self) -> Option<Duration> {
        u64::try_from(self.exp?).ok().map(Duration::from_secs)
    }

    /// `iat`, since 1970.
    pub(in crate::token) fn beginning(self) -> Option<Duration> {
        u64::try_from(self.iat?).ok().map(Duration::from_secs)
    }

    /// Reads the claims of `token`; `None` if it is no JWT.
    #[must_use]
    pub fn read(token: &str) -> Option<Self> {
        let mut parts = token.split('.');
        let (Some(_), Some(payload), Some(_), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return None;
        };
        match serde_json::from_slice(&decode_base64url(payload)?) {
            Ok(Found::Value(claims)) => Some(claims),
            _ => None,
        }
    }

    /// The claim `exp`: the service refuses the token from this time on.
    #[must_use]
    pub fn expires_at(&self) -> Option<SystemTime> {
        time(self.exp?)
    }

    /// The claim `iat`: when the service issued the token.
    #[must_use]
    pub fn issued_at(&self) -> Option<SystemTime> {
        time(self.iat?)
    }

    /// The claim `nbf`: the service refuses the token before this time.
    #[must_use]
    pub fn not_before(&self) -> Option<SystemTime> {
        time(self.nbf?)
    }
}

impl FromJson for JwtClaims {
    fn of_object() -> Option<Self> {
        Some(Self::default())
    }

    fn read_members<'de, A: MapAccess<'de>>(&mut self, mut object: A, _: Pass) -> Result<(), A::Error> {
        while let Some(name) = next_name(&mut object, &["exp", "iat", "nbf"])? {
            // Other than the service's own members, a claim has one spelling.
            let claim = match name.member.filter(|_| name.is_documented) {
                Some(0) => &mut self.exp,
                Some(1) => &mut self.iat,
                Some(2) => &mut self.nbf,
                _ => {
                    object.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            *claim = match object.next_value()? {
                Found::Value(Seconds(seconds)) => Some(seconds),
                Found::Null | Found::Wrong(_) => None,
            };
        }
        Ok(())
    }
}

/// Whole seconds since 1970.
struct Seconds(i64);

impl FromJson for Seconds {
    fn from_integer(value: i64) -> Option<Self> {
        let is_millis = value.unsigned_abs() >= FIRST_MILLIS;
        let seconds = if is_millis { value.div_euclid(1000) } else { value };
        (seconds.unsigned_abs() <= END_OF_9999).then_some(Self(seconds))
    }

    fn from_float(value: f64) -> Option<Self> {
        // The cast saturates, and such a number is no time.
        if value.is_finite() { Self::from_integer(value.floor() as i64) } else { None }
    }

    fn from_text(text: &str) -> Option<Self> {
        text.parse().ok().and_then(Self::from_integer).or_else(|| Self::from_float(text.parse().ok()?))
    }
}

fn time(seconds: i64) -> Option<SystemTime> {
    let distance = Duration::from_secs(seconds.unsigned_abs());
    if seconds.is_negative() { UNIX_EPOCH.checked_sub(distance) } else { UNIX_EPOCH.checked_add(distance) }
}

/// As seconds the year 5138, as milliseconds the year 1973.
const FIRST_MILLIS: u64 = 100_000_000_000;
const END_OF_9999: u64 = 253_402_300_799;

#[cfg(test)]
mod tests {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

    use super::*;

    fn read(claims: &str) -> Option<JwtClaims> {
        JwtClaims::read(&format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims)))
    }

    #[test]
    fn a_time_is_a_number_of_seconds_or_milliseconds_or_a_string_that_holds_one() {
        for (value, seconds) in [
            ("1700000000", Some(1_700_000_000)),
            ("1700000000.9", Some(1_700_000_000)),
            ("1.7e9", Some(1_700_000_000)),
            ("1700000000999", Some(1_700_000_000)),
            ("1700000000999.5", Some(1_700_000_000)),
            (r#""1700000000""#, Some(1_700_000_000)),
            (r#""1700000000.9""#, Some(1_700_000_000)),
            (r#""1700000000999""#, Some(1_700_000_000)),
            (r#""1.7e9""#, Some(1_700_000_000)),
            ("99999999999", Some(99_999_999_999)),
            ("100000000000", Some(100_000_000)),
            ("253402300799999", Some(253_402_300_799)),
            ("0", Some(0)),
            ("-1", Some(-1)),
            ("-0.5", Some(-1)),
            ("253402300800000", None),
            ("9223372036854775807", None),
            ("-9223372036854775808", None),
            ("99999999999999999999999", None),
            ("1e300", None),
            (r#""inf""#, None),
            (r#""NaN""#, None),
            (r#""""#, None),
            (r#""soon""#, None),
            (r#""2026-11-28T20:00:00Z""#, None),
            ("null", None),
            ("true", None),
            ("[1700000000]", None),
            (r#"{"exp":1700000000}"#, None),
        ] {
            let claims = read(&format!(r#"{{"exp":{value},"iat":{value},"nbf":{value}}}"#)).unwrap();
            assert_eq!([claims.exp, claims.iat, claims.nbf], [seconds; 3], "{value}");
        }
    }

    #[test]
    fn times_are_moments_before_or_after_1970() {
        let claims = read(r#"{"exp":7,"iat":-1,"nbf":0}"#).unwrap();
        assert_eq!(claims.expires_at(), Some(UNIX_EPOCH + Duration::from_secs(7)));
        assert_eq!(claims.issued_at(), Some(UNIX_EPOCH - Duration::from_secs(1)));
        assert_eq!(claims.not_before(), Some(UNIX_EPOCH));
    }

    #[test]
    fn a_claim_is_a_member_of_the_payload_itself_and_the_last_of_its_name() {
        let deep = format!(r#"{{"a":{}1{},"exp":7}}"#, "[".repeat(500), "]".repeat(500));
        for (payload, exp) in [
            (r#"{"exp":5,"exp":7}"#, Some(7)),
            (r#"{"exp":5,"exp":"soon"}"#, None),
            (r#"{"exp":5,"EXP":7}"#, Some(5)),
            (r#"{"\u0065xp":7}"#, Some(7)),
            (r#"{"claims":{"exp":5}}"#, None),
            (r#"{"claims":{"exp":5},"exp":7}"#, Some(7)),
            (r#"{"x":1e999,"exp":7}"#, Some(7)),
            (&deep, Some(7)),
            (" {} ", None),
        ] {
            assert_eq!(read(payload).unwrap().exp, exp, "{payload}");
        }
    }

    #[test]
    fn anything_but_three_parts_around_an_object_is_no_jwt() {
        for payload in ["", "{", "[1]", r#"[{"exp":7}]"#, "7", "null", r#""exp""#, r#"{"exp":7}{}"#] {
            assert_eq!(read(payload), None, "{payload}");
        }
        for token in ["", "opaque", "..", "a.b", "a.b.c", "e30.e30", "e30.e30.a.b", "e30.e30.a.b.c"] {
            assert_eq!(JwtClaims::read(token), None, "{token}");
        }
        assert_eq!(JwtClaims::read("header.e30=.signature"), Some(JwtClaims::default()));
    }
}
