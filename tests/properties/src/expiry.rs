//! The expiry of a token, from its claims, its `duration`, the `Date` of the answer and the local clocks.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use arbitrary::{Arbitrary, Unstructured};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use cg_auth_core::{
    endpoint::Endpoint as _,
    model::DelegatedAccessToken,
    time::Now,
    token::{DurationUnit, Expiry, ExpirySource},
};

use crate::exchange;

/// The input says when the token was issued and answered, in seconds around 2026, and how much time passes.
pub fn check(input: &[u8]) {
    let Ok(given) = Given::arbitrary_take_rest(Unstructured::new(input)) else { return };
    given.check();
}

#[derive(Debug, Arbitrary)]
struct Given {
    issued_at: Option<i64>,
    expires_at: Option<i64>,
    date: Option<i32>,
    wall: i32,
    wall_nanos: u32,
    duration: i64,
    unit: u8,
    passes: [u32; 3],
    is_far: bool,
}

impl Given {
    fn check(mut self) {
        if !self.is_far {
            self.issued_at = self.issued_at.map(|at| BASE + at % 100_000);
            self.expires_at = self.expires_at.map(|at| BASE + at % 100_000);
        }
        let wall =
            at(BASE + i64::from(self.wall)) + Duration::from_nanos((self.wall_nanos % 1_000_000_000).into());
        let date = self.date.map(|date| BASE + i64::from(date));
        let sent = Now::new(Duration::from_secs(1000), wall);
        let expiry = Expiry::of(&self.token(), self.unit(), date.map(at), sent);

        assert_eq!(expiry.source() == ExpirySource::Unknown, expiry.lifetime().is_none());
        assert_eq!(expiry.expires_at().is_none(), expiry.lifetime().is_none());
        if let Some(lifetime) = expiry.lifetime() {
            assert!(expiry.expires_at().unwrap() <= wall + lifetime);
            assert!(expiry.is_expired(Now::new(sent.monotonic() + lifetime, wall)), "by the monotonic clock");
            assert!(expiry.is_expired(Now::new(sent.monotonic(), wall + lifetime)), "by the wall clock");
        }
        if let Some(expires_at) = self.expires_at.filter(|at| at.unsigned_abs() < 100_000_000_000) {
            self.by_claims(&expiry, expires_at, date, sent);
        }
        self.goes_down(&expiry, sent);
    }

    /// A token is never valid past `exp`, as the clock that is believed counts it.
    fn by_claims(&self, expiry: &Expiry, expires_at: i64, date: Option<i64>, sent: Now) {
        assert_eq!(expiry.source(), ExpirySource::JwtClaims);
        let lifetime = expiry.lifetime().unwrap();
        let until =
            |from: i64| Duration::from_secs(u64::try_from(expires_at.saturating_sub(from)).unwrap_or(0));
        let issued_at = self.issued_at.filter(|at| *at < expires_at && at.unsigned_abs() < 100_000_000_000);
        if let Some(issued_at) = issued_at {
            assert!(lifetime <= until(issued_at), "no longer than exp - iat");
        }
        let believed = date
            .filter(|date| *date < expires_at && issued_at.is_none_or(|issued_at| *date >= issued_at - 60));
        match believed {
            Some(date) => assert!(lifetime <= until(date), "no longer than exp - Date"),
            // The local clock alone says when `exp` is.
            None if issued_at.is_none() || sent.wall() >= at(issued_at.unwrap_or(0)) => {
                assert!(expiry.expires_at().unwrap() <= at(expires_at).max(sent.wall()));
                assert!(sent.wall() < at(expires_at) || expiry.is_expired(sent));
            }
            None => {}
        }
    }

    /// What is left never grows while time passes.
    fn goes_down(&self, expiry: &Expiry, sent: Now) {
        let (mut now, mut left) = (sent, expiry.remaining(sent));
        for (clock, passes) in self.passes.into_iter().enumerate() {
            let passes = Duration::from_millis(passes.into());
            let wall = if clock == 1 { now.wall() } else { now.wall() + passes };
            now = Now::new(now.monotonic() + if clock == 2 { Duration::ZERO } else { passes }, wall);
            let next = expiry.remaining(now);
            assert!(next <= left, "{left:?} {next:?}");
            assert_eq!(expiry.is_expired(now), next == Some(Duration::ZERO));
            left = next;
        }
    }

    fn token(&self) -> DelegatedAccessToken {
        let claim = |name: &str, value: Option<i64>| value.map(|value| format!(r#""{name}":{value}"#));
        let claims: Vec<_> =
            [claim("iat", self.issued_at), claim("exp", self.expires_at)].into_iter().flatten().collect();
        let claims = URL_SAFE_NO_PAD.encode(format!("{{{}}}", claims.join(",")));
        let body = format!(
            r#"{{"value":{{"access_token":"e30.{claims}.c2ln","duration":{}}},"isSuccess":true}}"#,
            self.duration
        );
        exchange::delegate().read(exchange::answer(200, body)).unwrap().value
    }

    fn unit(&self) -> DurationUnit {
        let units =
            [DurationUnit::Milliseconds, DurationUnit::Seconds, DurationUnit::Minutes, DurationUnit::Hours];
        units[usize::from(self.unit) % units.len()]
    }
}

fn at(seconds: i64) -> SystemTime {
    let distance = Duration::from_secs(seconds.unsigned_abs());
    if seconds < 0 { UNIX_EPOCH - distance } else { UNIX_EPOCH + distance }
}

/// A moment in 2026.
const BASE: i64 = 1_790_000_000;
