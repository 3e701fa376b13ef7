//! Moments as people and programs read them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The moment in RFC 3339 and UTC, or `None` where its year has no four digits.
pub(crate) fn rfc3339(moment: SystemTime) -> Option<String> {
    let since_1970 = moment.duration_since(UNIX_EPOCH).ok()?;
    (since_1970 < YEAR_10000).then(|| humantime::format_rfc3339_seconds(moment).to_string())
}

/// Whole seconds since 1970; `None` before that.
pub(crate) fn epoch(moment: SystemTime) -> Option<u64> {
    moment.duration_since(UNIX_EPOCH).ok().map(|since| since.as_secs())
}

/// A length of time that a person typed, such as `5s` or `250ms`, and that is some.
pub(crate) fn positive_duration(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(Duration::ZERO) => Err("it must be longer than no time at all".into()),
        Ok(duration) => Ok(duration),
        Err(error) => Err(error.to_string()),
    }
}

/// The beginning of the year 10000, since 1970.
const YEAR_10000: Duration = Duration::from_secs(253_402_300_800);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_without_a_four_digit_year_is_not_written() {
        let at = |seconds| rfc3339(UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!(at(0).as_deref(), Some("1970-01-01T00:00:00Z"));
        assert_eq!(at(253_402_300_799).as_deref(), Some("9999-12-31T23:59:59Z"));
        assert_eq!(at(253_402_300_800), None);
        assert_eq!(rfc3339(UNIX_EPOCH - Duration::from_secs(1)), None);
    }

    #[test]
    fn a_duration_has_a_unit_and_is_not_zero() {
        assert_eq!(positive_duration("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(positive_duration("5s"), Ok(Duration::from_secs(5)));
        for text in ["0s", "5", "soon", "-1s", ""] {
            assert!(positive_duration(text).is_err(), "{text}");
        }
    }
}
