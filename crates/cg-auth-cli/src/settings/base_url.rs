//! The base URL: a URL, or the name of a published environment.

use cg_auth_core::{BaseUrl, model::Environment};

use super::origin::Origin;
use crate::setting_error::SettingError;

/// Reads `text`, which comes from `origin`. An error never quotes a text that may hold a password.
pub(super) fn parse(text: &str, allow_http: bool, origin: &Origin) -> Result<BaseUrl, SettingError> {
    if let Ok(environment) = text.parse::<Environment>() {
        return Ok(environment.base_url());
    }
    if !text.contains("://") {
        let setting = if is_plain_word(text) { format!("{origin} \"{text}\"") } else { origin.to_string() };
        return Err(SettingError::NoBaseUrl { setting });
    }
    let parse = if allow_http { BaseUrl::parse_allowing_http } else { BaseUrl::parse };
    parse(text).map_err(|error| SettingError::from(error).at(origin))
}

/// Whether `text` looks like a mistyped environment name and not like a password: it is short and holds only
/// letters and hyphens.
fn is_plain_word(text: &str) -> bool {
    text.len() <= LONGEST_NAME && text.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'-')
}

/// Longer than the name of any environment.
const LONGEST_NAME: usize = 24;

#[cfg(test)]
mod tests {
    use super::*;

    const FLAG: Origin = Origin::Flag("--base-url");

    #[test]
    fn a_base_url_is_a_name_or_a_url() {
        let commercial = parse("commercial", false, &FLAG).unwrap();
        assert_eq!(commercial, Environment::Commercial.base_url());
        assert!(parse("http://example.com", false, &FLAG).is_err());
        assert!(parse("http://example.com", true, &FLAG).is_ok());
        assert!(parse("http://127.0.0.1:8080", false, &FLAG).is_ok());
        let error = parse("prod", false, &FLAG).unwrap_err();
        let text = "--base-url \"prod\" is neither an environment name nor an https:// URL";
        assert_eq!(error.to_string(), text);
        assert!(error.hint().is_some_and(|hint| hint.contains("us-government")));
    }

    #[test]
    fn a_text_that_may_hold_a_password_is_not_quoted() {
        for text in ["user:canary@example.com", "canary-4f1d", "canary.example.com", "canary canary"] {
            let error = parse(text, false, &FLAG).unwrap_err().to_string();
            assert_eq!(error, "--base-url is neither an environment name nor an https:// URL");
        }
        let error = parse("https://user:canary@example.com", false, &FLAG).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("canary"));
    }
}
