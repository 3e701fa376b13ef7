//! [`SettingError`]: a setting that is missing or cannot be used.

use std::io;

use cg_auth_core::ConfigError;

use crate::toml_section::TomlError;

/// A setting that is missing or cannot be used. A value that may be a secret is never shown.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SettingError {
    #[error("{what} is not given: {ways}")]
    Missing { what: &'static str, ways: &'static str },
    #[error("the environment variable {0} is not text")]
    NotText(&'static str),
    #[error("the environment variable {name} cannot be used: {problem}")]
    BadVariable { name: &'static str, problem: String },
    #[error("{what} cannot be read from {from}")]
    Unreadable { what: &'static str, from: String, source: io::Error },
    #[error("{what} cannot be asked for")]
    NotAsked { what: &'static str, source: io::Error },
    #[error("the file {file} cannot be used")]
    ConfigFile { file: String, source: TomlError },
    #[error("the emulator's file {file} cannot be used")]
    EmulatorConfig { file: String, source: TomlError },
    #[error("there is no profile \"{profile}\" in {file}")]
    NoProfile { profile: String, file: String },
    #[error("there is no place for a configuration file, and so no profile \"{profile}\"")]
    NoConfigFile { profile: String },
    #[error("the command {program} of the profile gives no client secret")]
    SecretCommand { program: String, source: io::Error },
    #[error("{file} cannot be written")]
    NotWritable { file: String, source: io::Error },
    #[error("{what} is no JWT, so it tells nothing about itself")]
    Opaque { what: &'static str },
    #[error(transparent)]
    Invalid(#[from] ConfigError),
}

impl SettingError {
    /// What the error itself does not say about mending it.
    pub(crate) fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Invalid(error) if error.setting() == "the base URL" => Some(
                "--base-url takes a URL such as https://example.com, or an environment: commercial, \
                 us-government, insider-us-east, insider-north-europe; plain http needs --allow-http",
            ),
            Self::ConfigFile { .. } => Some("cg-auth help environment shows a configuration file"),
            _ => None,
        }
    }
}
