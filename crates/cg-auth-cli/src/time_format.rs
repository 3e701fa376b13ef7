//! Formats times and durations for people and programs, and parses times.

use std::{
    fmt,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// `time` in RFC 3339 and UTC; `None` if its year does not have four digits.
pub(crate) fn rfc3339(time: SystemTime) -> Option<String> {
    let since_1970 = time.duration_since(UNIX_EPOCH).ok()?;
    (since_1970 < YEAR_10000).then(|| humantime::format_rfc3339_seconds(time).to_string())
}

/// Whole seconds from 1970 to `time`; `None` for an earlier time.
pub(crate) fn unix_seconds(time: SystemTime) -> Option<u64> {
    time.duration_since(UNIX_EPOCH).ok().map(|since| since.as_secs())
}

/// How far `time` is from `now`, in the largest unit that fits: `in 5 minutes`, `6 years ago`.
pub(crate) fn distance(time: SystemTime, now: SystemTime) -> String {
    match time.duration_since(now) {
        Ok(ahead) => format!("in {}", in_largest_unit(ahead)),
        Err(behind) => format!("{} ago", in_largest_unit(behind.duration())),
    }
}

/// Reads a time in RFC 3339 and UTC, such as `2030-01-01T00:00:00Z`.
pub(crate) fn parse_rfc3339(text: &str) -> Result<SystemTime, String> {
    humantime::parse_rfc3339(text).map_err(|_| "expected a time such as 2030-01-01T00:00:00Z".into())
}

/// A waiting time in a few characters: `200 ms`, `3 s`, `1m 30s`. A part of a unit counts as a whole one.
pub(crate) fn brief(duration: Duration) -> String {
    let (seconds, millis) = (whole(duration, 1000), whole(duration, 1));
    match (millis, seconds) {
        (0..1000, _) => format!("{millis} ms"),
        (_, 0..60) => format!("{seconds} s"),
        _ => humantime::format_duration(Duration::from_secs(seconds)).to_string(),
    }
}

/// A duration without the parts of a millisecond: `250ms`, `1m 40s`.
pub(crate) fn to_the_millisecond(duration: Duration) -> impl fmt::Display {
    let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    humantime::format_duration(Duration::from_millis(millis))
}

/// `duration` in units of so many milliseconds, rounded up.
fn whole(duration: Duration, millis: u128) -> u64 {
    u64::try_from(duration.as_nanos().div_ceil(millis * 1_000_000)).unwrap_or(u64::MAX)
}

fn in_largest_unit(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let fitting = UNITS.iter().find(|(_, length)| seconds >= *length);
    let (unit, length) = fitting.copied().unwrap_or(("second", 1));
    let count = seconds / length;
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

/// Names and lengths in seconds; a year and a month have their mean lengths.
const UNITS: [(&str, u64); 5] =
    [("year", 31_557_600), ("month", 2_629_800), ("day", 86_400), ("hour", 3600), ("minute", 60)];
/// The beginning of the year 10000, since 1970.
const YEAR_10000: Duration = Duration::from_secs(253_402_300_800);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_without_a_four_digit_year_is_not_formatted() {
        let at = |seconds| rfc3339(UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!(at(0).as_deref(), Some("1970-01-01T00:00:00Z"));
        assert_eq!(at(253_402_300_799).as_deref(), Some("9999-12-31T23:59:59Z"));
        assert_eq!(at(253_402_300_800), None);
        assert_eq!(rfc3339(UNIX_EPOCH - Duration::from_secs(1)), None);
    }

    #[test]
    fn a_time_is_read_in_utc_only() {
        assert_eq!(parse_rfc3339("1970-01-01T00:00:01Z"), Ok(UNIX_EPOCH + Duration::from_secs(1)));
        for text in ["1970-01-01T00:00:01+01:00", "1970-01-01", "1969-12-31T23:59:59Z", "now", ""] {
            assert!(parse_rfc3339(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_distance_is_shown_in_its_largest_unit() {
        let now = UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        for (seconds, ahead, behind) in [
            (0, "in 0 seconds", "in 0 seconds"),
            (59, "in 59 seconds", "59 seconds ago"),
            (60, "in 1 minute", "1 minute ago"),
            (7199, "in 1 hour", "1 hour ago"),
            (172_800, "in 2 days", "2 days ago"),
            (5_259_600, "in 2 months", "2 months ago"),
            (195_000_000, "in 6 years", "6 years ago"),
        ] {
            let away = Duration::from_secs(seconds);
            assert_eq!(distance(now + away, now), ahead);
            assert_eq!(distance(now - away, now), behind);
        }
    }

    #[test]
    fn a_waiting_time_is_brief_and_rounded_up() {
        for (millis, text) in [
            (0, "0 ms"),
            (120, "120 ms"),
            (999, "999 ms"),
            (1000, "1 s"),
            (2001, "3 s"),
            (3000, "3 s"),
            (59_001, "1m"),
            (90_000, "1m 30s"),
            (3_600_000, "1h"),
        ] {
            assert_eq!(brief(Duration::from_millis(millis)), text);
        }
        assert_eq!(brief(Duration::from_nanos(1)), "1 ms");
        assert!(!brief(Duration::MAX).is_empty());
    }
}
