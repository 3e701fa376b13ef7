//! [`SettingError`]: a setting that is missing or cannot be used.

use std::{io, path::Path};

use cg_auth_core::ConfigError;

use crate::toml_section::TomlError;

/// A setting that is missing or cannot be used. The text never shows a value that may be a secret.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SettingError {
    #[error("{what} is missing: {ways}")]
    Missing { what: &'static str, ways: &'static str },
    #[error("{0} is not UTF-8 text")]
    NotText(&'static str),
    #[error("{name}: {problem}")]
    BadVariable { name: &'static str, problem: String },
    /// `setting` names the flag, variable or profile, and quotes the value only if that cannot be a secret.
    #[error("{setting} is neither an environment name nor an https:// URL")]
    NoBaseUrl { setting: String },
    #[error("do not pass a password in --proxy, other users can see it; set CG_AUTH_PROXY")]
    PasswordInProxyFlag,
    #[error("cannot read {what} from {from}")]
    Unreadable { what: &'static str, from: String, source: io::Error },
    #[error("cannot prompt for {what}")]
    NotPrompted { what: &'static str, source: io::Error },
    #[error("client_secret_command ({program}) failed with {outcome}")]
    CommandFailed { program: String, outcome: String },
    #[error("client_secret_command ({program}) gave no secret")]
    NoSecretFromCommand { program: String, source: io::Error },
    #[error("no certificate in {file} ({origin})")]
    NoCertificate { file: String, origin: String },
    #[error("cannot parse a certificate in {file} ({origin})")]
    UnreadableCertificate { file: String, origin: String },
    #[error("cannot use the configuration file {file}")]
    ConfigFile { file: String, source: TomlError },
    #[error("cannot use the emulator's configuration file {file}")]
    EmulatorConfig { file: String, source: TomlError },
    #[error("no profile \"{profile}\" in {file}")]
    NoProfile { profile: String, file: String },
    #[error("no configuration file for the profile \"{profile}\"; name one with --config")]
    NoConfigFile { profile: String },
    #[error("cannot write {file}")]
    NotWritable { file: String, source: io::Error },
    /// The value is not quoted, since it may hold a password.
    #[error("--upstream {problem}")]
    Upstream { problem: String },
    #[error("cannot listen on {address}")]
    NotListening { address: String, source: io::Error },
    #[error("{what} is not a JWT, so it has no claims to show")]
    Opaque { what: &'static str },
    #[error(transparent)]
    Invalid(#[from] ConfigError),
}

impl SettingError {
    /// The file at `path` cannot be written because of `source`.
    pub(crate) fn not_writable(path: &Path, source: io::Error) -> Self {
        Self::NotWritable { file: path.display().to_string(), source }
    }

    /// Advice that the message itself does not give.
    pub(crate) fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Invalid(error) if error.setting() == "the base URL" => Some(BASE_URL_FORMS),
            Self::NoBaseUrl { .. } => Some(BASE_URL_FORMS),
            Self::ConfigFile { .. } => {
                Some("cg-auth help environment shows an example of a configuration file")
            }
            _ => None,
        }
    }
}

const BASE_URL_FORMS: &str = "\
    --base-url takes a URL such as https://example.com, or an environment: commercial, us-government, \
    insider-us-east, insider-north-europe; plain http needs --allow-http";
