//! How the value of each variable is read. No error quotes a value, which may be a secret by mistake.

use std::time::Duration;

use cg_auth_core::{BaseUrl, ConfigError, model::Environment};

use crate::proxy::{Proxy, ProxyChoice};

/// The largest number of retries. The retry budget of a client holds as many.
pub const MOST_RETRIES: u32 = 10;

/// Reads a base URL, or the name of a published environment. The error is the end of a sentence about the
/// variable.
pub(super) fn base_url(text: &str) -> Result<BaseUrl, String> {
    if let Ok(environment) = text.parse::<Environment>() {
        return Ok(environment.base_url());
    }
    if !text.contains("://") {
        return Err("it is neither an environment name nor an https:// URL".to_owned());
    }
    BaseUrl::parse(text).map_err(|error| error.to_string())
}

/// Reads `none`, or the URL of a proxy, which may hold a login.
///
/// # Errors
/// [`ConfigError`] as from [`Proxy::parse`].
pub fn proxy(text: &str) -> Result<ProxyChoice, ConfigError> {
    Ok(match text {
        "none" => ProxyChoice::Off,
        url => ProxyChoice::Explicit(Proxy::parse(url)?),
    })
}

/// Reads a time that is longer than zero, such as `5s`, `250ms` or `1m 30s`.
///
/// # Errors
/// What was expected.
pub fn positive_duration(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(Duration::ZERO) => Err("must be greater than zero".into()),
        Ok(duration) => Ok(duration),
        // The error of humantime quotes a part of the text.
        Err(_) => Err("expected a duration such as 5s or 250ms".into()),
    }
}

/// Reads a number of retries, at most [`MOST_RETRIES`].
///
/// # Errors
/// What was expected.
pub fn retries(text: &str) -> Result<u32, String> {
    let number = text.trim().parse().ok().filter(|number| *number <= MOST_RETRIES);
    number.ok_or_else(|| format!("expected a whole number from 0 to {MOST_RETRIES}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_has_a_unit_and_is_not_zero() {
        assert_eq!(positive_duration("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(positive_duration("5s"), Ok(Duration::from_secs(5)));
        assert_eq!(positive_duration("0s").unwrap_err(), "must be greater than zero");
        for text in ["5", "soon", "-1s", ""] {
            assert!(positive_duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_number_of_retries_is_small_and_whole() {
        for (text, number) in [("0", 0), ("2", 2), (" 10\n", 10)] {
            assert_eq!(retries(text), Ok(number));
        }
        for text in ["", "11", "-1", "1.0", "two"] {
            assert!(retries(text).is_err(), "{text}");
        }
    }
}
