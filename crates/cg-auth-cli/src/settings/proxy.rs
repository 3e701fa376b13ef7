//! Which proxy is used: `none`, or the URL of one.

use cg_auth_core::ConfigError;
use cg_auth_transport_util::{Proxy, ProxyChoice};

/// Reads a value that nobody else sees.
pub(super) fn parse(text: &str) -> Result<ProxyChoice, ConfigError> {
    Ok(match text {
        "none" => ProxyChoice::Off,
        url => ProxyChoice::Explicit(Proxy::parse(url)?),
    })
}

/// Reads a value from where others can look too: the arguments, or a file that is copied and committed.
pub(super) fn parse_in_the_open(text: &str) -> Result<ProxyChoice, ConfigError> {
    let choice = parse(text)?;
    match &choice {
        ProxyChoice::Explicit(proxy) if proxy.authorization().is_some() => Err(ConfigError::new(
            "the proxy",
            "holds a password there in the clear; set CG_AUTH_PROXY instead",
        )),
        _ => Ok(choice),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_has_no_place_in_the_open() {
        const URL: &str = "http://someone:canary@proxy.example:3128";
        assert!(matches!(parse(URL), Ok(ProxyChoice::Explicit(_))));
        let refused = parse_in_the_open(URL).unwrap_err();
        assert!(!format!("{refused} {refused:?}").contains("canary"));
        assert!(matches!(parse_in_the_open("proxy.example:3128"), Ok(ProxyChoice::Explicit(_))));
        assert!(matches!(parse_in_the_open("none"), Ok(ProxyChoice::Off)));
        assert!(parse("socks5://proxy.example").is_err());
    }
}
