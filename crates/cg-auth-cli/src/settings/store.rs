//! [`StoreChoice`]: `none`, or the store in which processes share their token.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use cg_auth_store::{TokenStore, file_store};
use cg_auth_transport_util::environment::expanded;

use super::user_folder;
use crate::setting_error::SettingError;

/// The store of the settings. `Display` shows no password.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum StoreChoice {
    #[default]
    Off,
    /// A folder of this machine.
    File(PathBuf),
}

impl StoreChoice {
    /// The store, which is not asked yet; `None` if it is off.
    pub(crate) fn open(&self) -> Option<Arc<dyn TokenStore>> {
        match self {
            Self::Off => None,
            Self::File(folder) => Some(Arc::new(file_store(folder))),
        }
    }

    /// Whether the store stands on this machine, so that its failure is one of files and permissions.
    pub(crate) const fn is_on_disk(&self) -> bool {
        matches!(self, Self::File(_))
    }
}

impl fmt::Display for StoreChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => f.write_str("none"),
            Self::File(folder) => write!(f, "file:{}", folder.display()),
        }
    }
}

/// Why a value names no usable store. No text quotes the value, which may hold a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum StoreError {
    #[error("expected none, file or file:FOLDER")]
    Unknown,
    #[error("file: names no folder; write file for the folder of this user, or file:FOLDER")]
    NoFolder,
    #[error(
        "there is no home folder to hold the store; set HOME or XDG_CACHE_HOME, or name a folder with file:FOLDER"
    )]
    NoHome,
}

/// Reads a value. A relative folder starts from `folder`, or from the current folder if there is none.
pub(super) fn parse(text: &str, folder: Option<&Path>) -> Result<StoreChoice, StoreError> {
    match text {
        "none" => return Ok(StoreChoice::Off),
        "file" => {
            let cache = user_folder::cache().ok_or(StoreError::NoHome)?;
            return Ok(StoreChoice::File(cache.join("cg-auth")));
        }
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

/// Reads the value of `--store`.
pub(super) fn parse_flag(text: &str) -> Result<StoreChoice, SettingError> {
    parse(text, None).map_err(|error| SettingError::BadStore { name: "--store", problem: error.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_is_none_a_folder_or_the_folder_of_the_user() {
        let file = |path: &str| Ok(StoreChoice::File(path.into()));
        let in_profile = Some(Path::new("/etc/x"));
        assert_eq!(parse("none", None), Ok(StoreChoice::Off));
        assert_eq!(parse("file:/var/cache/x", None), file("/var/cache/x"));
        assert_eq!(parse("file:///var/cache/x", None), file("///var/cache/x"));
        assert_eq!(parse("file:a@b/c", None), file("a@b/c"));
        assert_eq!(parse("file:stores/a", in_profile), file("/etc/x/stores/a"));
        assert_eq!(parse("file:/var/a", in_profile), file("/var/a"));
        let Ok(StoreChoice::File(in_home)) = parse("file:~/a", in_profile) else { panic!() };
        assert!(in_home.is_absolute() && in_home.ends_with("a") && !in_home.starts_with("/etc/x"));
    }

    #[test]
    fn a_text_that_names_no_store_is_refused_and_not_quoted() {
        for (text, expected) in [
            ("", StoreError::Unknown),
            ("canary", StoreError::Unknown),
            ("File", StoreError::Unknown),
            ("file ", StoreError::Unknown),
            ("http://user:canary@host", StoreError::Unknown),
            ("/canary", StoreError::Unknown),
            ("file:", StoreError::NoFolder),
            ("file://canary/x", StoreError::NoFolder),
        ] {
            let error = parse(text, None).unwrap_err();
            assert_eq!(error, expected, "{text}");
            assert!(!error.to_string().contains("canary"));
        }
    }
}
