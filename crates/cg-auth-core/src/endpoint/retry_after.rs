//! `Retry-After`, in both of its forms (RFC 9110 section 10.2.3).

use std::time::{Duration, SystemTime};

use http::{
    HeaderMap, HeaderValue,
    header::{DATE, RETRY_AFTER},
};

/// When the service wants to be asked again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RetryAfter {
    /// That long after the answer.
    Delay(Duration),
    /// At this time, by a server clock that nothing in the answer relates to ours.
    At(SystemTime),
}

impl RetryAfter {
    /// A date is taken relative to the answer's own `Date`, so that neither clock has to be right.
    pub(super) fn read(headers: &HeaderMap) -> Option<Self> {
        let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            // More digits than fit is a very long time, not none.
            return Some(Self::Delay(Duration::from_secs(text.parse().unwrap_or(u64::MAX))));
        }
        let at = httpdate::parse_http_date(text).ok()?;
        Some(match date_of(headers) {
            Some(date) => Self::Delay(at.duration_since(date).unwrap_or_default()),
            None => Self::At(at),
        })
    }

    pub(super) fn delay(self, received: Option<SystemTime>) -> Option<Duration> {
        match (self, received) {
            (Self::Delay(delay), _) => Some(delay),
            (Self::At(at), Some(received)) => Some(at.duration_since(received).unwrap_or_default()),
            (Self::At(_), None) => None,
        }
    }
}

/// The moment at which the server says it answered.
pub(crate) fn date_of(headers: &HeaderMap) -> Option<SystemTime> {
    headers.get(DATE).map(HeaderValue::to_str)?.ok().and_then(|text| httpdate::parse_http_date(text).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(retry_after: &str, date: Option<&str>) -> Option<RetryAfter> {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, retry_after.parse().unwrap());
        if let Some(date) = date {
            headers.insert(DATE, date.parse().unwrap());
        }
        RetryAfter::read(&headers)
    }

    #[test]
    fn seconds_and_dates_are_read() {
        let delay = |seconds| Some(RetryAfter::Delay(Duration::from_secs(seconds)));
        assert_eq!(read("120", None), delay(120));
        assert_eq!(read("99999999999999999999999", None), delay(u64::MAX));
        let (date, later) = ("Wed, 15 Sep 2021 08:14:18 GMT", "Wed, 15 Sep 2021 08:15:18 GMT");
        assert_eq!(read(later, Some(date)), delay(60));
        assert_eq!(read(date, Some(later)), delay(0));
        assert_eq!(read("-1", None), None);
        assert_eq!(read("soon", None), None);
    }

    #[test]
    fn a_date_without_a_server_date_waits_for_a_local_clock() {
        let at = httpdate::parse_http_date("Wed, 15 Sep 2021 08:15:18 GMT").unwrap();
        let read = read("Wed, 15 Sep 2021 08:15:18 GMT", None).unwrap();
        assert_eq!(read, RetryAfter::At(at));
        assert_eq!(read.delay(None), None);
        assert_eq!(read.delay(Some(at - Duration::from_secs(5))), Some(Duration::from_secs(5)));
        assert_eq!(read.delay(Some(at + Duration::from_secs(5))), Some(Duration::ZERO));
    }
}
