use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use proptest::prelude::*;

use super::*;
use crate::model::{AccessToken, DelegatedAccessTokenApiResultValue};

fn sent() -> Now {
    Now::new(Duration::from_secs(500), seconds(1_000_000))
}

fn seconds(since_1970: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(since_1970)
}

fn token(access_token: String, duration: i64) -> DelegatedAccessToken {
    let access_token = AccessToken::new(access_token).unwrap();
    DelegatedAccessTokenApiResultValue::new(access_token, None, duration).into_token().unwrap()
}

fn jwt(claims: &str, duration: i64) -> DelegatedAccessToken {
    token(format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims)), duration)
}

fn lifetime(token: &DelegatedAccessToken, date: Option<u64>) -> (ExpirySource, Option<u64>) {
    let expiry = Expiry::of(token, DurationUnit::Seconds, date.map(seconds), sent());
    (expiry.source(), expiry.lifetime().map(|lifetime| lifetime.as_secs()))
}

#[test]
fn a_jwt_lives_until_exp_by_the_date_that_fits_its_claims_or_else_by_the_wall_clock() {
    use ExpirySource::{Duration, JwtClaims, Unknown};
    // The local wall clock says 1,000,000.
    for (claims, duration, date, expected) in [
        // A `Date` within the lifetime decides, whatever the wall clock says.
        (r#"{"iat":100,"exp":3700}"#, 9, Some(100), (JwtClaims, Some(3600))),
        (r#"{"iat":100,"exp":3700}"#, 9, Some(3000), (JwtClaims, Some(700))),
        (r#"{"iat":100,"exp":3700}"#, 9, Some(50), (JwtClaims, Some(3600))),
        (r#"{"iat":100.9,"exp":3700.9}"#, 9, Some(100), (JwtClaims, Some(3600))),
        (r#"{"iat":"100","exp":"3700"}"#, 9, Some(3000), (JwtClaims, Some(700))),
        (r#"{"iat":1500000000000,"exp":1500003600}"#, 9, Some(1_500_000_000), (JwtClaims, Some(3600))),
        // A `Date` after `exp` with a wall clock that says the same.
        (r#"{"iat":100,"exp":3700}"#, 9, Some(3700), (JwtClaims, Some(0))),
        (r#"{"iat":100,"exp":3700}"#, 9, Some(9000), (JwtClaims, Some(0))),
        (r#"{"iat":999000,"exp":999400}"#, 9, Some(1_000_000), (JwtClaims, Some(0))),
        // A `Date` outside of the lifetime that the wall clock contradicts is not believed.
        (r#"{"iat":1000000,"exp":1003600}"#, 9, Some(1_007_200), (JwtClaims, Some(3600))),
        (r#"{"iat":1000000,"exp":1003600}"#, 9, Some(253_402_300_799), (JwtClaims, Some(3600))),
        (r#"{"iat":1000001,"exp":1003601}"#, 9, Some(1_007_200), (JwtClaims, Some(3600))),
        (r#"{"iat":1000300,"exp":1003900}"#, 9, Some(253_402_300_799), (JwtClaims, Some(3600))),
        (r#"{"iat":1000000,"exp":1000020}"#, 9, Some(1_000_030), (JwtClaims, Some(20))),
        (r#"{"iat":998200,"exp":1001800}"#, 9, Some(1_007_200), (JwtClaims, Some(1800))),
        (r#"{"iat":998200,"exp":1001800}"#, 9, Some(990_000), (JwtClaims, Some(1800))),
        (r#"{"iat":998200,"exp":1001800}"#, 9, Some(0), (JwtClaims, Some(1800))),
        // Without a `Date` the wall clock caps the lifetime, unless it is behind `iat`.
        (r#"{"iat":1000000,"exp":1003600}"#, 9, None, (JwtClaims, Some(3600))),
        (r#"{"iat":998200,"exp":1001800}"#, 9, None, (JwtClaims, Some(1800))),
        (r#"{"iat":995800,"exp":999400}"#, 9, None, (JwtClaims, Some(0))),
        (r#"{"iat":0,"exp":1}"#, 9, None, (JwtClaims, Some(0))),
        (r#"{"iat":1500000000,"exp":1500003600}"#, 9, None, (JwtClaims, Some(3600))),
        // An `iat` that is missing or not before `exp` does not count.
        (r#"{"exp":3700}"#, 9, Some(3000), (JwtClaims, Some(700))),
        (r#"{"exp":1000060}"#, 9, None, (JwtClaims, Some(60))),
        // Without it the clock that leaves less decides, unless it says that the token has expired.
        (r#"{"exp":1003600}"#, 9, Some(0), (JwtClaims, Some(3600))),
        (r#"{"exp":1003600}"#, 9, Some(992_800), (JwtClaims, Some(3600))),
        (r#"{"exp":1003600}"#, 9, Some(999_999), (JwtClaims, Some(3600))),
        (r#"{"exp":1003600}"#, 9, Some(1_001_800), (JwtClaims, Some(1800))),
        (r#"{"exp":1003600}"#, 9, Some(1_007_200), (JwtClaims, Some(3600))),
        (r#"{"exp":1003600}"#, 9, Some(253_402_300_799), (JwtClaims, Some(3600))),
        (r#"{"exp":999400}"#, 9, Some(1_000_000), (JwtClaims, Some(0))),
        (r#"{"exp":999400}"#, 9, Some(998_800), (JwtClaims, Some(600))),
        (r#"{"iat":1003600,"exp":1003600}"#, 9, Some(0), (JwtClaims, Some(3600))),
        (r#"{"exp":1000060}"#, 9, Some(1_000_060), (JwtClaims, Some(60))),
        (r#"{"exp":999400}"#, 0, None, (JwtClaims, Some(0))),
        (r#"{"iat":1000000,"exp":1000000}"#, 0, None, (JwtClaims, Some(0))),
        (r#"{"iat":1000000,"exp":999400}"#, 0, None, (JwtClaims, Some(0))),
        (r#"{"iat":1000000,"exp":999400}"#, 0, Some(1_000_000), (JwtClaims, Some(0))),
        (r#"{"iat":1000900,"exp":1000600}"#, 0, None, (JwtClaims, Some(600))),
        (r#"{"iat":1000600,"exp":1000600}"#, 0, None, (JwtClaims, Some(600))),
        (r#"{"iat":"soon","exp":1000060}"#, 0, None, (JwtClaims, Some(60))),
        (r#"{"iat":100}"#, 9, Some(1), (Duration, Some(9))),
        (r#"{"exp":null}"#, 9, Some(1), (Duration, Some(9))),
        (r#"{"exp":"soon"}"#, 0, Some(1), (Unknown, None)),
        (r#"{"exp":-1}"#, 9, Some(1), (JwtClaims, Some(0))),
        (r#"{"exp":9223372036854775807,"iat":0}"#, 9, None, (Duration, Some(9))),
        (r#"{"exp":99999999999999999999999,"iat":0}"#, 0, None, (Unknown, None)),
        ("[1]", 9, None, (Duration, Some(9))),
        ("{", 9, None, (Duration, Some(9))),
    ] {
        assert_eq!(lifetime(&jwt(claims, duration), date), expected, "{claims} {date:?}");
    }
}

#[test]
fn a_token_that_is_no_jwt_lives_for_its_duration() {
    use ExpirySource::{Duration, Unknown};
    for (duration, expected) in [
        (3600, (Duration, Some(3600))),
        (1, (Duration, Some(1))),
        (0, (Unknown, None)),
        (-1, (Unknown, None)),
        (i64::MIN, (Unknown, None)),
        (i64::MAX, (Unknown, None)),
    ] {
        assert_eq!(lifetime(&token("opaque".into(), duration), Some(1)), expected);
        assert_eq!(lifetime(&token("a.b.c.d.e".into(), duration), Some(1)), expected);
    }
    let minutes = Expiry::of(&token("opaque".into(), 60), DurationUnit::Minutes, None, sent());
    assert_eq!(minutes.lifetime(), Some(std::time::Duration::from_secs(3600)));
}

#[test]
fn a_wall_clock_before_1970_is_rounded_down_too() {
    for (before, expected) in [(1000, 101), (1001, 102), (1999, 102), (2000, 102)] {
        let sent = Now::new(Duration::from_secs(500), UNIX_EPOCH - Duration::from_millis(before));
        let expiry = Expiry::of(&jwt(r#"{"exp":100}"#, 0), DurationUnit::Seconds, None, sent);
        assert_eq!(expiry.lifetime(), Some(Duration::from_secs(expected)), "{before} ms before 1970");
    }
}

#[test]
fn either_clock_can_end_a_token() {
    let expiry = Expiry::of(&token("opaque".into(), 60), DurationUnit::Seconds, None, sent());
    let at =
        |monotonic: u64, wall: u64| Now::new(Duration::from_secs(500 + monotonic), seconds(1_000_000 + wall));
    assert_eq!(expiry.expires_at(), Some(seconds(1_000_060)));
    assert_eq!(expiry.remaining(at(10, 30)), Some(Duration::from_secs(30)));
    assert!(!expiry.is_expired(at(59, 59)));
    assert!(expiry.is_expired(at(60, 0)));
    assert!(expiry.is_expired(at(0, 60)));
    assert!(!Expiry::UNKNOWN.is_expired(at(u32::MAX.into(), u32::MAX.into())));
}

proptest! {
    #[test]
    fn no_input_panics_and_no_lifetime_is_longer_than_any_of_its_bounds(
        exp in any::<i64>(),
        iat in proptest::option::of(any::<i64>()),
        duration in any::<i64>(),
        date in proptest::option::of(any::<u64>()),
        monotonic in any::<u64>(),
        wall in any::<u32>(),
        later in any::<u64>(),
    ) {
        let claims = match iat {
            Some(iat) => format!(r#"{{"exp":{exp},"iat":{iat}}}"#),
            None => format!(r#"{{"exp":{exp}}}"#),
        };
        let date = date.and_then(|date| UNIX_EPOCH.checked_add(Duration::from_secs(date)));
        let sent = Now::new(Duration::from_secs(monotonic), seconds(wall.into()));
        for unit in [DurationUnit::Milliseconds, DurationUnit::Seconds, DurationUnit::Minutes, DurationUnit::Hours] {
            let expiry = Expiry::of(&jwt(&claims, duration), unit, date, sent);
            let now = Now::new(Duration::from_secs(later), seconds(wall.into()));
            prop_assert!(expiry.remaining(now) <= expiry.lifetime().or(Some(Duration::MAX)));
            prop_assert_eq!(expiry.lifetime().is_none(), expiry.source() == ExpirySource::Unknown);
            if expiry.source() == ExpirySource::JwtClaims && let Some(iat) = iat.filter(|iat| *iat < exp) {
                let lifetime = i128::from(expiry.lifetime().unwrap().as_secs());
                prop_assert!(lifetime <= i128::from(exp) - i128::from(iat));
            }
        }
    }

}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    /// The wall clock is that of the service, or wrong by anything.
    #[test]
    fn no_token_is_valid_past_exp_as_the_service_counts_it(
        lifetime in 2_u64..=20,
        sent_at in 0_u64..3_000_000_000,
        to_service in 0_u64..1_500_000_000,
        to_answer in 0_u64..1_500_000_000,
        cached_for in 0_u64..20_000_000_000,
        wall in proptest::option::of(0_u64..4_000_000_000_000),
        has_date in any::<bool>(),
    ) {
        let nanos = |nanos| UNIX_EPOCH + Duration::from_secs(1_000_000) + Duration::from_nanos(nanos);
        let whole = |moment: SystemTime| moment.duration_since(UNIX_EPOCH).unwrap().as_secs();
        let asked = sent_at + to_service;
        // A token from a cache is told from a new one by the `Date`, or by a wall clock that is right.
        let is_right = wall.is_none();
        let issued = if has_date || is_right { asked.saturating_sub(cached_for) } else { asked };
        let iat = whole(nanos(issued));
        let exp = iat + lifetime;
        prop_assume!(whole(nanos(asked)) < exp);
        let wall = wall.map_or(nanos(sent_at), nanos);
        let date = has_date.then(|| seconds(whole(nanos(asked + to_answer))));
        // A `Date` after `exp` needs a wall clock that confirms it, or does not contradict it.
        prop_assume!(date.is_none_or(|date| whole(date) < exp) || is_right);
        let token = jwt(&format!(r#"{{"iat":{iat},"exp":{exp}}}"#), 0);
        let sent = Now::new(Duration::from_secs(500), wall);
        let left = Expiry::of(&token, DurationUnit::Seconds, date, sent).remaining(sent).unwrap();
        prop_assert!(nanos(sent_at) + left <= seconds(exp), "served for {:?}", left);
    }

}

proptest! {
    /// One of the two clocks is right, and the other one is wrong by anything.
    #[test]
    fn no_token_without_iat_is_valid_past_exp_if_one_clock_is_right(
        lifetime in 2_u64..=20,
        now in 1_000_000_u64..1_000_100,
        other in 0_u64..2_000_000,
        is_date_right in any::<bool>(),
    ) {
        let exp = now + lifetime;
        let (date, wall) = if is_date_right { (now, other) } else { (other, now) };
        let sent = Now::new(Duration::from_secs(500), seconds(wall));
        let token = jwt(&format!(r#"{{"exp":{exp}}}"#), 0);
        let left = Expiry::of(&token, DurationUnit::Seconds, Some(seconds(date)), sent).remaining(sent).unwrap();
        prop_assert!(Duration::from_secs(now) + left <= Duration::from_secs(exp), "served for {:?}", left);
        prop_assert!(other > now && other < exp || left == Duration::from_secs(lifetime - 1));
    }

    #[test]
    fn any_text_is_an_access_token_without_a_panic(text in "[^\\p{Cc}]{1,80}") {
        let expiry = Expiry::of(&token(text, 0), DurationUnit::Seconds, None, sent());
        prop_assert!(!expiry.is_expired(sent()) || expiry.source() == ExpirySource::JwtClaims);
    }
}
