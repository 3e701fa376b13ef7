//! [`RetryAfter`]: the `Retry-After` header in both of its forms (RFC 9110 section 10.2.3).

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

impl RetryAfter {
    /// Reads the first `Retry-After` header that is valid.
    pub(super) fn read(headers: &HeaderMap) -> Option<Self> {
        let texts = headers.get_all(RETRY_AFTER).iter().filter_map(|value| value.to_str().ok());
        texts.map(str::trim).find_map(|text| Self::of_seconds(text).or_else(|| Self::of_date(text, headers)))
    }

    fn of_seconds(text: &str) -> Option<Self> {
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        // A number that does not fit is a very long delay, not an invalid one.
        is_number.then(|| Self::Delay(Duration::from_secs(text.parse().unwrap_or(u64::MAX))))
    }

    /// Counts from the `Date` of the same answer, so that a wrong clock on either side changes nothing.
    fn of_date(text: &str, headers: &HeaderMap) -> Option<Self> {
        let at = httpdate::parse_http_date(text).ok()?;
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
        let mut headers = HeaderMap::new();
        for value in retry_after {
            headers.append(RETRY_AFTER, value.parse().unwrap());
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
        assert_eq!(read("99999999999999999999999", None), delay(u64::MAX));
        for form in [A_MINUTE_LATER, "Wednesday, 15-Sep-21 08:15:18 GMT", "Wed Sep 15 08:15:18 2021"] {
            assert_eq!(read(form, Some(DATE_OF_ANSWER)), delay(60));
        }
        assert_eq!(read(DATE_OF_ANSWER, Some(A_MINUTE_LATER)), delay(0));
        assert_eq!(read("Fri, 31 Dec 9999 23:59:59 GMT", Some(DATE_OF_ANSWER)), delay(251_770_607_141));
    }

    #[test]
    fn an_invalid_retry_after_is_ignored() {
        for odd in ["", "-1", "+1", "1.5", "1e3", "1, 2", "1s", "soon", "\u{e9}", "Wed, 15 Sep 2021"] {
            assert_eq!(read(odd, Some(DATE_OF_ANSWER)), None, "{odd}");
        }
        assert_eq!(read("Fri, 31 Dec 1960 23:59:59 GMT", Some(DATE_OF_ANSWER)), None);
    }

    #[test]
    fn the_first_valid_header_counts() {
        let read = |values: &[&str]| read_all(values, Some(DATE_OF_ANSWER));
        assert_eq!(read(&["soon", "\u{e9}", "7", "9"]), delay(7));
        assert_eq!(read(&["7", A_MINUTE_LATER]), delay(7));
        assert_eq!(read(&[A_MINUTE_LATER, "7"]), delay(60));
        assert_eq!(read(&[]), None);
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
