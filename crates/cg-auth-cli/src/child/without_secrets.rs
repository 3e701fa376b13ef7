//! [`without_secrets`]: the environment of a command that may use one token and must not get another.

use std::{
    env,
    ffi::{OsStr, OsString},
    process::Command,
};

use cg_auth_redis::RedisUrl;

use crate::variable;

/// The variable for the access token.
pub(crate) const ACCESS_TOKEN: &str = "CG_AUTH_ACCESS_TOKEN";
/// What is added to the name of a token's variable to name that of its expiry.
pub(crate) const EXPIRES_AT_SUFFIX: &str = "_EXPIRES_AT";

/// Takes the secrets of this process out of the environment of `command`: the variables that hold or name a
/// secret, the token of an outer `cg-auth exec`, and the login in each proxy's URL.
pub(crate) fn without_secrets(command: &mut Command) {
    for (name, value) in env::vars_os().filter(|(name, _)| names_a_proxy(name)) {
        match without_login(&value) {
            Login::None => {}
            Login::Removed(rest) => drop(command.env(name, rest)),
            Login::Unreadable => drop(command.env_remove(name)),
        }
    }
    if env::var_os(variable::STORE.name).is_some_and(|store| !holds_no_password(&store)) {
        command.env_remove(variable::STORE.name);
    }
    // `CG_AUTH_PROXY` is removed whole, because no other program reads it.
    for secret in [
        variable::CLIENT_SECRET.name,
        variable::CLIENT_SECRET_FILE.name,
        variable::REFRESH_TOKEN.name,
        variable::PROXY.name,
        variable::CONTROL_TOKEN.name,
        variable::ADMINISTRATOR_SECRET,
        variable::PLAIN_USER_SECRET,
    ] {
        command.env_remove(secret);
    }
    command.env_remove(ACCESS_TOKEN).env_remove(format!("{ACCESS_TOKEN}{EXPIRES_AT_SUFFIX}"));
}

/// Whether programs read a proxy's URL from this variable: `HTTPS_PROXY`, `all_proxy`, `npm_config_proxy`.
fn names_a_proxy(name: &OsStr) -> bool {
    let name = name.to_string_lossy().to_ascii_lowercase();
    name.ends_with("proxy") && name != "no_proxy"
}

/// Whether the value names a store without a password. Other programs write one as `?password=`, so a value that names
/// no store may hold one anywhere.
fn holds_no_password(store: &OsStr) -> bool {
    let Some(text) = store.to_str() else { return false };
    let is_url_without_password = || {
        let url = RedisUrl::parse_allowing_plaintext(text);
        url.is_ok_and(|url| !url.has_password())
    };
    ["", "none", "file"].contains(&text) || text.starts_with("file:") || is_url_without_password()
}

#[derive(Debug, PartialEq, Eq)]
enum Login {
    None,
    /// The URL without its login.
    Removed(String),
    /// The value is no text, so its login cannot be found.
    Unreadable,
}

/// The URL of a proxy without its login. A password that is not encoded may hold any character, so everything
/// up to the last `@` is the login.
fn without_login(url: &OsString) -> Login {
    if !url.as_encoded_bytes().contains(&b'@') {
        return Login::None;
    }
    let Some(url) = url.to_str() else { return Login::Unreadable };
    let (_, address) = url.rsplit_once('@').unwrap_or(("", url));
    let scheme = url.split_once("://").map(|(scheme, _)| scheme);
    let scheme = scheme.filter(|scheme| scheme.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    Login::Removed(scheme.map_or_else(|| address.to_owned(), |scheme| format!("{scheme}://{address}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_login_of_a_proxy_is_removed_and_its_address_stays() {
        for (url, rest) in [
            ("http://user:canary@proxy.example:3128", "http://proxy.example:3128"),
            ("https://canary@proxy.example/", "https://proxy.example/"),
            ("socks5h://user:canary@proxy.example:1080", "socks5h://proxy.example:1080"),
            ("user:canary@proxy.example:3128", "proxy.example:3128"),
            ("http://user:can/ary@proxy.example", "http://proxy.example"),
            ("http://user:can@ary@proxy.example", "http://proxy.example"),
            ("user:can://ary@proxy.example", "proxy.example"),
            ("http://user:canary%40x@[::1]:8080", "http://[::1]:8080"),
        ] {
            assert_eq!(without_login(&url.into()), Login::Removed(rest.into()), "{url}");
        }
        for url in ["http://proxy.example:3128", "proxy.example", ""] {
            assert_eq!(without_login(&url.into()), Login::None, "{url}");
        }
    }

    #[test]
    fn a_store_stays_only_if_it_certainly_has_no_password() {
        for store in [
            "redis://user:canary@host",
            "rediss://:canary@host:6379/1",
            "redis://canary@host",
            "canary@",
            "files:canary@",
            "rediss://host?password=canary",
            "rediss://host#canary",
            "rediss://host/canary",
            "host:6379,password=canary",
            "redis:canary",
            " redis://host",
        ] {
            assert!(!holds_no_password(store.as_ref()), "{store}");
        }
        for store in ["file", "file:/a@b", "redis://host:6379", "VALKEYS://[::1]/2", "none", ""] {
            assert!(holds_no_password(store.as_ref()), "{store}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_login_that_is_no_text_takes_its_variable_with_it() {
        use std::os::unix::ffi::OsStringExt as _;
        let no_text = |bytes: &[u8]| OsString::from_vec(bytes.to_vec());
        assert_eq!(without_login(&no_text(b"http://a:\xff@proxy")), Login::Unreadable);
        assert!(!holds_no_password(&no_text(b"redis://\xff")));
    }

    #[test]
    fn every_spelling_of_a_proxy_variable_is_known() {
        for name in ["HTTP_PROXY", "https_proxy", "ALL_PROXY", "ftp_proxy", "npm_config_https_proxy", "PROXY"]
        {
            assert!(names_a_proxy(name.as_ref()), "{name}");
        }
        for name in ["NO_PROXY", "no_proxy", "PROXY_HOST", "PATH"] {
            assert!(!names_a_proxy(name.as_ref()), "{name}");
        }
    }
}
