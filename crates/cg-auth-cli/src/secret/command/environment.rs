//! The environment of the command: that of this process without its secrets.

use std::{
    env,
    ffi::{OsStr, OsString},
    process::Command,
};

use crate::variable;

/// Removes the secrets of this process from the environment of `command`, and the passwords from its proxies.
pub(super) fn hide_secrets(command: &mut Command) {
    for name in [variable::CLIENT_SECRET.name, variable::REFRESH_TOKEN.name, "CG_AUTH_ACCESS_TOKEN"] {
        command.env_remove(name);
    }
    for (name, value) in env::vars_os().filter(|(name, _)| names_proxy(name)) {
        match without_password(&value) {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
}

/// Whether the variable names a proxy: CG_AUTH_PROXY, HTTPS_PROXY, https_proxy and the like.
fn names_proxy(name: &OsStr) -> bool {
    let name = name.to_string_lossy().to_ascii_uppercase();
    name.ends_with("_PROXY") && name != "NO_PROXY"
}

/// `url` without user and password; `None` if it is not text.
fn without_password(url: &OsStr) -> Option<OsString> {
    let url = url.to_str()?;
    let start = url.find("://").map_or(0, |at| at + 3);
    // A password may hold any character, also a slash, if the user did not encode it.
    let host = url.rfind('@').map_or(start, |at| (at + 1).max(start));
    Some(format!("{}{}", &url[..start], &url[host..]).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_keeps_its_host_and_loses_its_password() {
        for (url, rest) in [
            ("http://proxy:3128", "http://proxy:3128"),
            ("http://user:canary@proxy:3128/", "http://proxy:3128/"),
            ("user:canary@proxy", "proxy"),
            ("http://user:c@n/ary@[::1]:80", "http://[::1]:80"),
            ("socks5h://canary@proxy", "socks5h://proxy"),
            ("none", "none"),
            ("", ""),
            ("a@b://c", "a@b://c"),
        ] {
            assert_eq!(without_password(url.as_ref()), Some(rest.into()), "{url}");
        }
    }

    #[test]
    fn every_variable_of_a_proxy_is_recognised() {
        for name in ["CG_AUTH_PROXY", "HTTPS_PROXY", "https_proxy", "All_Proxy", "ftp_proxy"] {
            assert!(names_proxy(name.as_ref()), "{name}");
        }
        for name in ["NO_PROXY", "no_proxy", "PROXY", "HTTPS_PROXY_HOST"] {
            assert!(!names_proxy(name.as_ref()), "{name}");
        }
    }
}
