//! [`StoreChoice`]: `none`, or the store in which processes share their token.

use std::{
    fmt::{self, Display},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use cg_auth_core::{ConfigError, model::is_loopback_host};
use cg_auth_redis::{RedisStore, RedisUrl, Sealed};
use cg_auth_store::{TokenStore, file_store};
use cg_auth_transport_util::{TlsSettings, environment::expanded};

use super::user_folder;
use crate::setting_error::SettingError;

/// The store of the settings. Neither `Display` nor `Debug` shows a login.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum StoreChoice {
    #[default]
    Off,
    /// A folder of this machine.
    File(PathBuf),
    /// A server, on this machine or on another one.
    Redis(RedisUrl),
}

impl StoreChoice {
    /// The store, without asking it; `None` if it is off. `tls` says which certificates of a server it trusts. `limit` is
    /// that of an operation on a server; `None` for the default, which suits a provider.
    pub(crate) fn open(&self, tls: TlsSettings, limit: Option<Duration>) -> Option<Arc<dyn TokenStore>> {
        match self {
            Self::Off => None,
            Self::File(folder) => Some(Arc::new(file_store(folder))),
            Self::Redis(url) => {
                let store = RedisStore::new(url.clone()).with_tls(tls);
                Some(Arc::new(Sealed::new(match limit {
                    Some(limit) => store.with_operation_limit(limit),
                    None => store,
                })))
            }
        }
    }

    /// Whether the store is a folder, so that its failure is one of files and permissions.
    pub(crate) const fn is_on_disk(&self) -> bool {
        matches!(self, Self::File(_))
    }

    fn has_password(&self) -> bool {
        matches!(self, Self::Redis(url) if url.has_password())
    }

    /// Whether the password and the commands cross a network unencrypted.
    fn is_plaintext(&self) -> bool {
        matches!(self, Self::Redis(url) if url.is_plaintext() && !is_loopback_host(url.host()))
    }
}

impl Display for StoreChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => f.write_str("none"),
            Self::File(folder) => write!(f, "file:{}", folder.display()),
            Self::Redis(url) => url.fmt(f),
        }
    }
}

/// Why a value names no usable store. No text quotes the value, because it may hold a password.
#[derive(Debug, thiserror::Error)]
pub(super) enum StoreError {
    #[error("expected none, file, file:FOLDER or the URL of a Redis server, such as rediss://HOST")]
    Unknown,
    #[error(transparent)]
    Redis(#[from] ConfigError),
    #[error("do not write a password into this file, other users may read it; set CG_AUTH_STORE")]
    Password,
    #[error("file: names no folder; write file for the folder of this user, or file:FOLDER")]
    NoFolder,
    #[error(
        "there is no home folder to hold the store; set HOME or XDG_CACHE_HOME, or name a folder with file:FOLDER"
    )]
    NoHome,
}

/// Reads a value, also one with a password. A relative folder starts from `folder`, or from the current folder if there
/// is none.
///
/// A plain URL to another machine passes, because the profile may allow it: [`check_plaintext`] decides.
pub(super) fn parse(text: &str, folder: Option<&Path>) -> Result<StoreChoice, StoreError> {
    match text {
        "none" => return Ok(StoreChoice::Off),
        "file" => {
            let cache = user_folder::cache().ok_or(StoreError::NoHome)?;
            return Ok(StoreChoice::File(cache.join("cg-auth")));
        }
        _ if names_redis(text) => return Ok(StoreChoice::Redis(RedisUrl::parse_allowing_plaintext(text)?)),
        _ => {}
    }
    match text.strip_prefix("file:") {
        Some("") => Err(StoreError::NoFolder),
        // A URL with a host. Three slashes begin an absolute path.
        Some(path) if path.starts_with("//") && !path.starts_with("///") => Err(StoreError::NoFolder),
        Some(path) => {
            let path = expanded(path);
            Ok(StoreChoice::File(folder.map_or_else(|| path.clone(), |folder| folder.join(&path))))
        }
        None => Err(StoreError::Unknown),
    }
}

/// Reads a value from a file that is copied and committed. Its relative folder starts from `folder`.
pub(super) fn parse_without_password(text: &str, folder: Option<&Path>) -> Result<StoreChoice, StoreError> {
    match parse(text, folder)? {
        choice if choice.has_password() => Err(StoreError::Password),
        choice => Ok(choice),
    }
}

/// Reads the value of `--store`, which other users of the machine can see.
pub(super) fn parse_flag(text: &str) -> Result<StoreChoice, SettingError> {
    parse_without_password(text, None).map_err(|error| match error {
        StoreError::Password => SettingError::PasswordInStoreFlag,
        error => SettingError::BadStore { name: "--store", problem: error.to_string() },
    })
}

/// Fails for a plain URL to another machine, unless `allow_http` opts in.
pub(super) fn check_plaintext(choice: &StoreChoice, allow_http: bool) -> Result<(), SettingError> {
    match choice.is_plaintext() && !allow_http {
        true => Err(SettingError::PlaintextStore { store: choice.to_string() }),
        false => Ok(()),
    }
}

/// The choice for `config show` and the log.
pub(super) fn name(choice: &StoreChoice) -> String {
    let login = if choice.has_password() { " with a login" } else { "" };
    format!("{choice}{login}")
}

/// Whether the text begins as the URL of a Redis server does.
fn names_redis(text: &str) -> bool {
    let Some((scheme, _)) = text.split_once(':') else { return false };
    ["redis", "rediss", "valkey", "valkeys"].iter().any(|known| scheme.eq_ignore_ascii_case(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str, folder: Option<&Path>) -> StoreChoice {
        parse(text, folder).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn a_store_is_none_a_folder_or_the_folder_of_the_user() {
        let file = |path: &str| StoreChoice::File(path.into());
        let in_profile = Some(Path::new("/etc/x"));
        assert_eq!(parsed("none", None), StoreChoice::Off);
        assert_eq!(parsed("file:/var/cache/x", None), file("/var/cache/x"));
        assert_eq!(parsed("file:///var/cache/x", None), file("///var/cache/x"));
        assert_eq!(parsed("file:a@b/c", None), file("a@b/c"));
        assert_eq!(parsed("file:stores/a", in_profile), file("/etc/x/stores/a"));
        assert_eq!(parsed("file:/var/a", in_profile), file("/var/a"));
        let StoreChoice::File(in_home) = parsed("file:~/a", in_profile) else { panic!() };
        assert!(in_home.is_absolute() && in_home.ends_with("a") && !in_home.starts_with("/etc/x"));
    }

    #[test]
    fn a_url_of_a_server_is_shown_without_its_login() {
        for (text, shown, is_on_disk) in [
            ("redis://localhost", "redis://localhost:6379/0", false),
            ("REDISS://someone:canary@Host.Example/2", "rediss://host.example:6379/2 with a login", false),
            ("valkeys://:canary@[::1]:7000", "rediss://[::1]:7000/0 with a login", false),
            ("valkey://127.0.0.1", "redis://127.0.0.1:6379/0", false),
            ("file:/a", "file:/a", true),
        ] {
            let choice = parsed(text, Some(Path::new("/etc/x")));
            assert_eq!((name(&choice).as_str(), choice.is_on_disk()), (shown, is_on_disk), "{text}");
            assert!(!format!("{choice} {choice:?}").contains("canary"), "{choice:?}");
            assert!(!format!("{choice} {choice:?}").contains("someone"), "{choice:?}");
        }
    }

    #[test]
    fn only_the_variable_may_hold_a_password() {
        for text in ["rediss://someone:canary@host", "redis://:canary@localhost", "valkeys://a:canary@host"] {
            assert!(parsed(text, None).has_password());
            let refused = parse_without_password(text, None).unwrap_err();
            assert!(!format!("{refused} {refused:?}").contains("canary"));
            let refused = parse_flag(text).unwrap_err();
            let expected = "do not pass a password in --store, other users can see it; set CG_AUTH_STORE";
            assert_eq!(refused.to_string(), expected);
            assert!(!format!("{refused:?}").contains("canary"));
        }
        for text in ["rediss://host", "redis://localhost:7000/1", "none"] {
            assert!(parse_flag(text).is_ok() && parse_without_password(text, None).is_ok(), "{text}");
        }
    }

    #[test]
    fn a_plain_url_leads_to_this_machine_or_is_allowed() {
        for text in ["redis://host.example", "valkey://:canary@10.0.0.1", "redis://localhost.example"] {
            let choice = parsed(text, None);
            let problem = check_plaintext(&choice, false).unwrap_err().to_string();
            assert!(problem.contains("use rediss:, or pass --allow-http"), "{problem}");
            assert!(!problem.contains("canary"), "{problem}");
            assert!(check_plaintext(&choice, true).is_ok());
        }
        for text in
            ["redis://localhost", "redis://127.9.9.9", "valkey://[::1]", "rediss://host.example", "none"]
        {
            assert!(check_plaintext(&parsed(text, None), false).is_ok(), "{text}");
        }
    }

    #[test]
    fn a_text_that_names_no_store_is_refused_and_not_quoted() {
        let unknown = "expected none, file, file:FOLDER or the URL of a Redis server, such as rediss://HOST";
        for (text, expected) in [
            ("", unknown),
            ("canary", unknown),
            ("File", unknown),
            ("file ", unknown),
            ("redis", unknown),
            (" redis://canary", unknown),
            ("redis+unix://canary", unknown),
            ("http://user:canary@host", unknown),
            ("/canary", unknown),
            ("file:", "file: names no folder"),
            ("file://canary/x", "file: names no folder"),
            ("redis:canary", "the Redis URL is not a URL; expected rediss://"),
            ("rediss://:canary@", "the Redis URL is not a URL; expected rediss://"),
            ("redis://canary@host", "the Redis URL has a user without a password"),
            ("rediss://a:can#ary@host", "the Redis URL"),
            ("rediss://host/canary", "the Redis URL has a path that is no database number"),
            ("rediss://host:70000", "the Redis URL is not a URL"),
        ] {
            let error = parse(text, None).unwrap_err();
            assert!(error.to_string().contains(expected), "{text}: {error}");
            assert!(!format!("{error} {error:?}").contains("canary"), "{text}: {error:?}");
        }
    }
}
