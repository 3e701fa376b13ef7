//! The proxy: `none`, or a URL.

use std::fmt::Display;

use cg_auth_core::ConfigError;
use cg_auth_transport_util::{ProxyChoice, environment};

use crate::setting_error::SettingError;

/// Why a value is not a usable proxy.
#[derive(Debug, thiserror::Error)]
pub(super) enum ProxyError {
    #[error(transparent)]
    Invalid(#[from] ConfigError),
    #[error("do not write a password into this file, other users may read it; set CG_AUTH_PROXY")]
    Password,
}

/// Reads a value from a place where others can see it: an argument, or a file that is copied and committed.
pub(super) fn parse_without_password(text: &str) -> Result<ProxyChoice, ProxyError> {
    match environment::proxy(text)? {
        ProxyChoice::Explicit(proxy) if proxy.authorization().is_some() => Err(ProxyError::Password),
        choice => Ok(choice),
    }
}

/// Reads the value of `--proxy`.
pub(super) fn parse_flag(text: &str) -> Result<ProxyChoice, SettingError> {
    parse_without_password(text).map_err(|error| match error {
        ProxyError::Invalid(error) => SettingError::from(error).at("--proxy"),
        ProxyError::Password => SettingError::PasswordInProxyFlag,
    })
}

/// The choice for the log, without a password.
pub(super) fn name(choice: &ProxyChoice) -> impl Display {
    match choice {
        ProxyChoice::Off => "none".to_owned(),
        ProxyChoice::Explicit(proxy) if proxy.authorization().is_some() => {
            format!("{} with a login", proxy.uri())
        }
        ProxyChoice::Explicit(proxy) => proxy.uri().to_string(),
        _ => "from HTTPS_PROXY, ALL_PROXY and NO_PROXY".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_variable_may_hold_a_password() {
        const URL: &str = "http://someone:canary@proxy.example:3128";
        let choice = environment::proxy(URL).unwrap();
        assert_eq!(name(&choice).to_string(), "http://proxy.example:3128/ with a login");
        let refused = parse_without_password(URL).unwrap_err();
        assert!(!format!("{refused} {refused:?}").contains("canary"));
        let refused = parse_flag(URL).unwrap_err().to_string();
        let text = "do not pass a password in --proxy, other users can see it; set CG_AUTH_PROXY";
        assert_eq!(refused, text);
        assert!(matches!(parse_without_password("proxy.example:3128"), Ok(ProxyChoice::Explicit(_))));
        assert!(matches!(parse_without_password("none"), Ok(ProxyChoice::Off)));
        assert!(environment::proxy("socks5://proxy.example").is_err());
    }
}
