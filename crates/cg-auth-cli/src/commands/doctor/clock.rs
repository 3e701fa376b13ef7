//! The check of the clock: this machine against the `Date` header of an answer.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, header::DATE};

use super::check::{Finding, Problem};

/// Compares `now` with the date in `headers`; `None` without a date that can be read.
pub(super) fn check(headers: &HeaderMap, now: SystemTime) -> Option<Result<Finding, Problem>> {
    let date = httpdate::parse_http_date(headers.get(DATE)?.to_str().ok()?).ok()?;
    let (skew, is_ahead) = match now.duration_since(date) {
        Ok(ahead) => (ahead, true),
        Err(behind) => (behind.duration(), false),
    };
    let seconds = i64::try_from(skew.as_secs()).unwrap_or(i64::MAX);
    let signed = if is_ahead { seconds } else { -seconds };
    let side = if is_ahead { "ahead of" } else { "behind" };
    let text = humantime::format_duration(Duration::from_secs(skew.as_secs()));
    Some(if skew > MOST_SKEW {
        let mut facts = serde_json::Map::new();
        facts.insert("skew_seconds".to_owned(), signed.into());
        Err(Problem::settings(format!("this machine is {text} {side} the service"))
            .with_facts(facts)
            .with_fix("set the clock of this machine, and keep it set with NTP"))
    } else if skew <= ROUNDING {
        Ok(Finding::new("agrees with the service").with_fact("skew_seconds", signed))
    } else {
        Ok(Finding::new(format!("{text} {side} the service")).with_fact("skew_seconds", signed))
    })
}

/// A `Date` has whole seconds, and the answer takes time.
const ROUNDING: Duration = Duration::from_secs(2);
/// From here on tokens seem to expire too early or too late, and certificates may seem invalid.
const MOST_SKEW: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;
    use crate::commands::doctor::check::{Check, Name, Status};

    #[test]
    fn a_clock_may_differ_by_a_minute() {
        let date = UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        let mut headers = HeaderMap::new();
        headers.insert(DATE, httpdate::fmt_http_date(date).parse().unwrap());
        for (skew, status, text) in [
            (0, Status::Ok, "agrees with the service"),
            (-2, Status::Ok, "agrees with the service"),
            (30, Status::Ok, "30s ahead of the service"),
            (-60, Status::Ok, "1m behind the service"),
            (61, Status::Failed, "this machine is 1m 1s ahead of the service"),
            (-7200, Status::Failed, "this machine is 2h behind the service"),
        ] {
            let distance = Duration::from_secs(i64::unsigned_abs(skew));
            let now = if skew < 0 { date - distance } else { date + distance };
            let check = Check::new(Name::Clock, check(&headers, now).unwrap());
            assert_eq!((check.status, check.detail.as_str()), (status, text));
            assert_eq!(check.facts["skew_seconds"], skew);
        }
        headers.insert(DATE, "yesterday".parse().unwrap());
        assert!(check(&headers, date).is_none());
        assert!(check(&HeaderMap::new(), date).is_none());
    }
}
