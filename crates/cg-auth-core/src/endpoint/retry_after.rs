//! [`RetryAfter`]: the `Retry-After` header in both of its forms (RFC 9110 section 10.2.3), and in those that
//! servers send instead.

use std::time::{Duration, SystemTime};

use http::{
    HeaderMap, HeaderValue,
    header::{DATE, RETRY_AFTER},
};

/// The time at which the service accepts a retry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RetryAfter {
    /// This long after the answer.
    Delay(Duration),
    /// At this time by the server's clock. The answer has no `Date` that relates it to the local clock.
    At(SystemTime),
}

/// What the `Retry-After` headers of an answer hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) retry_after: Option<RetryAfter>,
    /// Whether a value was ignored, because its meaning is not plain.
    pub(super) has_unreadable: bool,
}

impl RetryAfter {
    /// Reads every `Retry-After` header. Of several values the latest time counts, so that each of them is
    /// respected.
    ///
    /// | value | read as |
    /// |---|---|
    /// | `120`, `1.5` | seconds; at most a fraction follows the digits |
    /// | `5, 7` | two values, as if the header came twice (RFC 9110 section 5.3) |
    /// | `Wed, 15 Sep 2021 08:14:18 GMT`, and the two older forms | a date |
    /// | `... UTC`, `... UT`, `... Z`, `... +0000`, `... -0000` | the same date |
    /// | `... +0200`, `... -05:30` | a date in that zone |
    /// | anything else, for instance `-1`, `5s`, `soon` | ignored, and reported |
    pub(super) fn read(headers: &HeaderMap) -> Found {
        let mut found = Found { retry_after: None, has_unreadable: false };
        for value in headers.get_all(RETRY_AFTER) {
            match value.to_str().ok().and_then(|text| Self::of_text(text.trim(), headers)) {
                // Without a `Date` a delay and a date cannot be compared, and the first value counts.
                Some(read) => found.retry_after = Some(found.retry_after.map_or(read, |it| it.later(read))),
                None => found.has_unreadable = true,
            }
        }
        found
    }

    fn of_text(text: &str, headers: &HeaderMap) -> Option<Self> {
        let of_numbers = || {
            let values = text.split(',').map(str::trim).filter(|value| !value.is_empty());
            let delays = values.map(seconds).collect::<Option<Vec<_>>>()?;
            delays.into_iter().max().map(Self::Delay)
        };
        of_numbers().or_else(|| Self::of_date(text, headers))
    }

    fn later(self, other: Self) -> Self {
        match (self, other) {
            (Self::Delay(one), Self::Delay(two)) => Self::Delay(one.max(two)),
            _ => self,
        }
    }

    /// Counts from the `Date` of the same answer, so that a wrong clock on either side changes nothing.
    fn of_date(text: &str, headers: &HeaderMap) -> Option<Self> {
        let at = date_in_any_zone(text)?;
        Some(match date_of(headers) {
            Some(date) => Self::Delay(at.duration_since(date).unwrap_or_default()),
            None => Self::At(at),
        })
    }

    /// The delay after `received`, the time at which the answer arrived. `None` if that time is needed but
    /// unknown.
    pub(super) fn delay(self, received: Option<SystemTime>) -> Option<Duration> {
        match (self, received) {
            (Self::Delay(delay), _) => Some(delay),
            (Self::At(at), Some(received)) => Some(at.duration_since(received).unwrap_or_default()),
            (Self::At(_), None) => None,
        }
    }
}

/// A number of seconds, with or without a fraction. A number that does not fit is a very long delay, not an
/// invalid one.
fn seconds(text: &str) -> Option<Duration> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(whole) || !is_number(fraction) {
        return None;
    }
    // Nine digits are nanoseconds; the others are cut off.
    let nanos = format!("{fraction:0<9}")[..9].parse().ok()?;
    Some(whole.parse().map_or(Duration::MAX, |whole| Duration::new(whole, nanos)))
}

/// An HTTP date, which is in GMT, or the same with another name of GMT or another zone at its end.
fn date_in_any_zone(text: &str) -> Option<SystemTime> {
    if let Ok(date) = httpdate::parse_http_date(text) {
        return Some(date);
    }
    let (local, zone) = text.rsplit_once(' ')?;
    let offset = match zone {
        "UTC" | "UT" | "Z" => Duration::ZERO,
        _ => offset(zone.get(1..)?)?,
    };
    let date = httpdate::parse_http_date(&format!("{local} GMT")).ok()?;
    match zone.as_bytes().first()? {
        b'+' => date.checked_sub(offset),
        b'-' => date.checked_add(offset),
        _ => (offset == Duration::ZERO).then_some(date),
    }
}

/// `0530` or `05:30`, at most a day.
fn offset(text: &str) -> Option<Duration> {
    let digits = text.replacen(':', "", 1);
    let is_offset = digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_digit());
    let number: u64 = is_offset.then(|| digits.parse().ok())??;
    let (hours, minutes) = (number / 100, number % 100);
    (hours < 24 && minutes < 60).then(|| Duration::from_secs(60 * (60 * hours + minutes)))
}

/// The time in the `Date` header: when the server answered.
pub(crate) fn date_of(headers: &HeaderMap) -> Option<SystemTime> {
    headers.get(DATE).map(HeaderValue::to_str)?.ok().and_then(|text| httpdate::parse_http_date(text).ok())
}

/// A longer `Retry-After` counts as this one.
pub(crate) const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(60 * 60);

#[cfg(test)]
mod tests {
    use super::*;

    fn read(retry_after: &str, date: Option<&str>) -> Option<RetryAfter> {
        read_all(&[retry_after], date)
    }

    fn read_all(retry_after: &[&str], date: Option<&str>) -> Option<RetryAfter> {
        found(retry_after, date).retry_after
    }

    fn found(retry_after: &[&str], date: Option<&str>) -> Found {
        let mut headers = HeaderMap::new();
        for value in retry_after {
            headers.append(RETRY_AFTER, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        if let Some(date) = date {
            headers.insert(DATE, date.parse().unwrap());
        }
        RetryAfter::read(&headers)
    }

    const fn delay(seconds: u64) -> Option<RetryAfter> {
        Some(RetryAfter::Delay(Duration::from_secs(seconds)))
    }

    const DATE_OF_ANSWER: &str = "Wed, 15 Sep 2021 08:14:18 GMT";
    const A_MINUTE_LATER: &str = "Wed, 15 Sep 2021 08:15:18 GMT";

    #[test]
    fn seconds_and_dates_are_read() {
        assert_eq!(read("120", None), delay(120));
        assert_eq!(read(" 0 ", None), delay(0));
        assert_eq!(read("99999999999999999999999", None), Some(RetryAfter::Delay(Duration::MAX)));
        for form in [A_MINUTE_LATER, "Wednesday, 15-Sep-21 08:15:18 GMT", "Wed Sep 15 08:15:18 2021"] {
            assert_eq!(read(form, Some(DATE_OF_ANSWER)), delay(60));
        }
        assert_eq!(read(DATE_OF_ANSWER, Some(A_MINUTE_LATER)), delay(0));
        assert_eq!(read("Fri, 31 Dec 9999 23:59:59 GMT", Some(DATE_OF_ANSWER)), delay(251_770_607_141));
    }

    #[test]
    fn a_value_whose_meaning_is_plain_is_read() {
        let millis = |millis| Some(RetryAfter::Delay(Duration::from_millis(millis)));
        for (text, expected) in [
            ("1.5", millis(1500)),
            ("0.25", millis(250)),
            ("2.0000000001", millis(2000)),
            ("5, 7", delay(7)),
            ("7,5", delay(7)),
            ("5,", delay(5)),
            ("1.5 , 1", millis(1500)),
            ("Wed, 15 Sep 2021 08:15:18 UTC", delay(60)),
            ("Wed, 15 Sep 2021 08:15:18 UT", delay(60)),
            ("Wed, 15 Sep 2021 08:15:18 Z", delay(60)),
            ("Wed, 15 Sep 2021 08:15:18 +0000", delay(60)),
            ("Wed, 15 Sep 2021 08:15:18 -0000", delay(60)),
            ("Wed, 15 Sep 2021 10:15:18 +0200", delay(60)),
            ("Wed, 15 Sep 2021 02:45:18 -05:30", delay(60)),
            ("Wed, 15 Sep 2021 08:15:18 +0100", delay(0)),
        ] {
            assert_eq!(read(text, Some(DATE_OF_ANSWER)), expected, "{text}");
            assert!(!found(&[text], None).has_unreadable, "{text}");
        }
    }

    #[test]
    fn an_invalid_retry_after_is_ignored_and_reported() {
        for odd in [
            "",
            ",",
            "-1",
            "+1",
            "1.",
            ".5",
            "1.5.5",
            "1e3",
            "1s",
            "0x10",
            "soon",
            "5, soon",
            "\u{e9}",
            "Wed, 15 Sep 2021",
            "Wed, 15 Sep 2021 08:15:18",
            "Wed, 15 Sep 2021 08:15:18 CEST",
            "Wed, 15 Sep 2021 08:15:18 +2400",
            "Wed, 15 Sep 2021 08:15:18 +0060",
            "Wed, 15 Sep 2021 08:15:18 +02",
            "5, Wed, 15 Sep 2021 08:15:18 GMT",
            "Wed, 15 Sep 2021 08:15:18 \u{e9}",
            "Fri, 31 Dec 1960 23:59:59 GMT",
        ] {
            let ignored = Found { retry_after: None, has_unreadable: true };
            assert_eq!(found(&[odd], Some(DATE_OF_ANSWER)), ignored, "{odd}");
        }
        assert_eq!(found(&[], None), Found { retry_after: None, has_unreadable: false });
    }

    #[test]
    fn of_several_headers_the_latest_time_counts() {
        let read = |values: &[&str]| found(values, Some(DATE_OF_ANSWER));
        let of = |retry_after, has_unreadable| Found { retry_after, has_unreadable };
        assert_eq!(read(&["soon", "\u{e9}", "7", "9"]), of(delay(9), true));
        assert_eq!(read(&["9", "7"]), of(delay(9), false));
        assert_eq!(read(&["7", A_MINUTE_LATER]), of(delay(60), false));
        assert_eq!(read(&[A_MINUTE_LATER, "7"]), of(delay(60), false));
        assert_eq!(read_all(&["7", A_MINUTE_LATER], None), delay(7));
    }

    #[test]
    fn an_invalid_date_header_is_ignored() {
        assert_eq!(read(A_MINUTE_LATER, Some("yesterday")), read(A_MINUTE_LATER, None));
    }

    #[test]
    fn without_a_date_header_a_retry_after_date_counts_by_the_local_clock() {
        let at = httpdate::parse_http_date(A_MINUTE_LATER).unwrap();
        let read = read(A_MINUTE_LATER, None).unwrap();
        assert_eq!(read, RetryAfter::At(at));
        assert_eq!(read.delay(None), None);
        assert_eq!(read.delay(Some(at - Duration::from_secs(5))), Some(Duration::from_secs(5)));
        assert_eq!(read.delay(Some(at + Duration::from_secs(5))), Some(Duration::ZERO));
    }
}
