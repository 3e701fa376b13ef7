//! [`SettingError`]: a setting that is missing or cannot be used.

mod missing;
mod unknown_profile;

use std::{
    error::Error,
    fmt::{self, Display},
    io,
    path::Path,
};

use cg_auth_core::{ConfigError, transport::TransportError};

pub(crate) use self::{
    missing::{Missing, MissingSettings},
    unknown_profile::UnknownProfile,
};
use crate::toml_section::TomlError;

/// A setting that is missing or cannot be used. The text never shows a value that may be a secret.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SettingError {
    #[error(transparent)]
    Missing(#[from] MissingSettings),
    #[error("{0} is not UTF-8 text")]
    NotText(&'static str),
    #[error("{name}: {problem}")]
    BadVariable { name: &'static str, problem: String },
    /// `setting` names the flag, variable or profile, and quotes the value only if that cannot be a secret.
    #[error("{setting} is neither an environment name nor an https:// URL")]
    NoBaseUrl { setting: String },
    #[error("do not pass a password in --proxy, other users can see it; set CG_AUTH_PROXY")]
    PasswordInProxyFlag,
    #[error("do not pass a password in --store, other users can see it; set CG_AUTH_STORE")]
    PasswordInStoreFlag,
    #[error(
        "{store} would get the password and the commands unencrypted, on another machine; use rediss:, or pass \
         --allow-http"
    )]
    PlaintextStore { store: String },
    #[error("{name}: {problem}")]
    BadStore { name: &'static str, problem: String },
    #[error("no store; use --store, set CG_AUTH_STORE, or add store to a profile")]
    NoStore,
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
    UnreadableCertificate { file: String, origin: String, source: TransportError },
    #[error("cannot use the configuration file {file}")]
    ConfigFile { file: String, source: TomlError },
    #[error("cannot use the emulator's configuration file {file}")]
    EmulatorConfig { file: String, source: TomlError },
    #[error(transparent)]
    NoProfile(UnknownProfile),
    #[error("no profile \"{profile}\": the configuration file {file} does not exist")]
    ProfileWithoutFile { profile: String, file: String },
    #[error("no configuration file for the profile \"{profile}\"; name one with --config")]
    NoConfigFile { profile: String },
    #[error("there is no home folder to hold a configuration file; name one with --config")]
    NoConfigPath,
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
    #[error(transparent)]
    Located(Located),
}

impl SettingError {
    /// The file at `path` cannot be written because of `source`.
    pub(crate) fn not_writable(path: &Path, source: io::Error) -> Self {
        Self::NotWritable { file: path.display().to_string(), source }
    }

    /// This error about the setting that comes from `origin`.
    pub(crate) fn at(self, origin: impl Display) -> Self {
        Self::Located(Located { error: Box::new(self), origin: origin.to_string() })
    }

    /// The error itself, without the place that it was given.
    pub(crate) fn inner(&self) -> &Self {
        match self {
            Self::Located(located) => located.error.inner(),
            error => error,
        }
    }

    /// Whether Ctrl-C ended a prompt.
    pub(crate) fn is_interrupted(&self) -> bool {
        matches!(self.inner(), Self::NotPrompted { source, .. } if source.kind() == io::ErrorKind::Interrupted)
    }

    /// The required settings that are not given.
    pub(crate) fn missing(&self) -> &[Missing] {
        match self {
            Self::Missing(MissingSettings(missing)) => missing,
            _ => &[],
        }
    }

    /// Advice that the message itself does not give.
    pub(crate) fn hint(&self) -> Option<&'static str> {
        match self.inner() {
            Self::Missing(_) => Some("cg-auth config show lists each setting and where it comes from"),
            Self::Invalid(error) if error.setting() == "the base URL" => Some(BASE_URL_FORMS),
            Self::NoBaseUrl { .. } => Some(BASE_URL_FORMS),
            Self::ConfigFile { .. } => {
                Some("cg-auth help environment shows an example of a configuration file")
            }
            _ => None,
        }
    }
}

/// An error, and the flag, the variable or the profile that holds the setting.
#[derive(Debug)]
pub(crate) struct Located {
    error: Box<SettingError>,
    origin: String,
}

impl Display for Located {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.error, self.origin)
    }
}

impl Error for Located {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.error.source()
    }
}

const BASE_URL_FORMS: &str = "\
    --base-url takes a URL such as https://example.com, or an environment: commercial, us-government, \
    insider-us-east, insider-north-europe; plain http needs --allow-http";
