//! [`RetryAfter`]: the `Retry-After` of a scripted answer.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderValue, header::RETRY_AFTER};

use crate::{
    clock::latest,
    input::{InputError, Members},
    names::named,
};

/// When the client may ask again. The emulator computes the header's value when it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RetryAfter {
    seconds: u64,
    /// Whether the value is a date by the emulator's clock, not a number of seconds.
    is_date: bool,
}

impl RetryAfter {
    /// A part of a second counts as a whole one.
    pub(super) const fn new(delay: Duration, is_date: bool) -> Self {
        let part = if delay.subsec_nanos() > 0 { 1 } else { 0 };
        Self { seconds: delay.as_secs().saturating_add(part), is_date }
    }

    /// Reads the members of an answer or a refusal in a script's JSON.
    pub(super) fn read(members: &mut Members) -> Result<Option<Self>, InputError> {
        let seconds = members.whole("retry_after_seconds", 0..=u64::MAX)?;
        let format = members.choice("retry_after_format")?;
        match (seconds, format) {
            (Some(seconds), format) => Ok(Some(Self { seconds, is_date: format == Some(Format::Date) })),
            (None, Some(_)) => Err(members.missing("retry_after_seconds", "a whole number")),
            (None, None) => Ok(None),
        }
    }

    /// Sets the header. `now` is the emulator's time.
    pub(crate) fn set(self, headers: &mut HeaderMap, now: SystemTime) {
        let value = if self.is_date {
            let date =
                now.checked_add(Duration::from_secs(self.seconds)).map_or(latest(), |it| it.min(latest()));
            HeaderValue::try_from(httpdate::fmt_http_date(date)).ok()
        } else {
            Some(self.seconds.into())
        };
        if let Some(value) = value {
            headers.insert(RETRY_AFTER, value);
        }
    }
}

/// How a `Retry-After` is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Seconds,
    Date,
}

named!(pub(crate) Format: Seconds = "seconds", Date = "date");

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    #[test]
    fn the_value_is_a_number_or_a_date_by_the_emulators_clock() {
        for (delay, is_date, expected) in [
            (Duration::from_millis(1500), false, "2"),
            (Duration::from_secs(60), true, "Thu, 01 Jan 1970 00:01:00 GMT"),
            (Duration::MAX, true, "Fri, 31 Dec 9999 23:59:59 GMT"),
        ] {
            let mut headers = HeaderMap::new();
            RetryAfter::new(delay, is_date).set(&mut headers, UNIX_EPOCH);
            assert_eq!(headers[RETRY_AFTER], expected);
        }
    }
}
