//! The `Retry-After` headers of an answer, next to its `Date`.

use std::time::Duration;

use cg_auth_core::{
    body::Body,
    causes::cause_chain,
    endpoint::{Endpoint, EndpointError},
};
use http::{
    HeaderValue, Response,
    header::{DATE, RETRY_AFTER},
};

use crate::exchange::{self, split_line};

/// The first line of the input is the `Date`; each further line is one `Retry-After`.
pub fn check(input: &[u8]) {
    let (date, rest) = split_line(input);
    let values: Vec<_> = rest.split(|byte| *byte == b'\n').take(8).collect();
    let Ok(values) = values.into_iter().map(HeaderValue::from_bytes).collect::<Result<Vec<_>, _>>() else {
        return;
    };
    let date = HeaderValue::from_bytes(date).ok();
    let date_is_known =
        date.as_ref().and_then(|date| httpdate::parse_http_date(date.to_str().ok()?).ok()).is_some();
    let read = |values: &[&HeaderValue]| failed(date.as_ref(), values);

    let singles: Vec<_> = values.iter().map(|value| read(&[value])).collect();
    for (value, single) in values.iter().zip(&singles) {
        alone(value, single, date_is_known);
    }
    let all = read(&values.iter().collect::<Vec<_>>());
    let reversed = read(&values.iter().rev().collect::<Vec<_>>());
    assert_eq!(is_ignored(&all), singles.iter().any(is_ignored), "each odd value is told");
    if date_is_known {
        let latest = singles.iter().filter_map(EndpointError::retry_after).max();
        assert_eq!(all.retry_after(), latest, "each value is respected");
        assert_eq!(reversed.retry_after(), latest, "their order does not count");
    }
}

fn alone(value: &HeaderValue, error: &EndpointError, date_is_known: bool) {
    if let Some(digits) = digits(value) {
        let seconds = digits.parse().map_or(Duration::MAX, Duration::from_secs);
        assert_eq!(error.retry_after(), Some(seconds));
    }
    assert!(error.retry_after().is_none() || !is_ignored(error));
    if date_is_known {
        assert_eq!(error.retry_after().is_some(), !is_ignored(error), "no value is ignored in silence");
    }
}

fn digits(value: &HeaderValue) -> Option<&str> {
    let text = value.to_str().ok()?;
    (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())).then_some(text)
}

fn is_ignored(error: &EndpointError) -> bool {
    cause_chain(error).contains("Retry-After header")
}

fn failed(date: Option<&HeaderValue>, values: &[&HeaderValue]) -> EndpointError {
    let mut response: Response<Body> = exchange::answer(503, r#"{"code":"Busy"}"#);
    let headers = response.headers_mut();
    headers.extend(date.map(|date| (DATE, date.clone())));
    headers.extend(values.iter().map(|value| (RETRY_AFTER, (*value).clone())));
    exchange::delegate().read(response).unwrap_err()
}
