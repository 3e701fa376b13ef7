//! From arguments and environment to settings that are known to be good. A flag wins over its variable.

use std::{
    env,
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
    time::Duration,
};

use cg_auth_core::{
    ApiCredential, AuthClient, BaseUrl, ClientSecret, ConfigError, UserPrincipalName, model::Environment,
};

use crate::{
    args::{ServiceArgs, TransportChoice},
    secret_input::read_client_secret,
};

/// All that a call to the service needs.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) base_url: BaseUrl,
    pub(crate) credential: ApiCredential,
    pub(crate) ca_pem: Option<Vec<u8>>,
    pub(crate) transport: TransportChoice,
    pub(crate) timeout: Duration,
}

impl Settings {
    /// Settings from `args` and, for what they do not say, from the environment.
    pub(crate) fn resolve(args: &ServiceArgs) -> Result<Self, SettingError> {
        let base_url = BASE_URL.resolve(args.base_url.clone())?;
        let base_url = parse_base_url(&base_url, args.allow_http)?;
        let user = UserPrincipalName::new(USER_PRINCIPAL_NAME.resolve(args.user_principal_name.clone())?)?;
        let secret = match &args.client_secret_file {
            Some(path) => read_client_secret(path)?,
            None => ClientSecret::new(CLIENT_SECRET.resolve(None)?)?,
        };
        Ok(Self {
            base_url,
            credential: ApiCredential::new(secret, user),
            ca_pem: args.ca_file.as_deref().map(read_certificates).transpose()?,
            transport: args.transport,
            timeout: args.timeout.unwrap_or(AuthClient::DEFAULT_TIMEOUT),
        })
    }
}

/// A setting that is missing or cannot be used. The value itself is never shown.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SettingError {
    #[error("{what} is not given: use {flag} or set {variable}")]
    Missing { what: &'static str, flag: &'static str, variable: &'static str },
    #[error("the environment variable {0} is not text")]
    NotText(&'static str),
    #[error("{what} cannot be read from {from}")]
    Unreadable { what: &'static str, from: String, source: io::Error },
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
            _ => None,
        }
    }
}

/// How a path is told to the user.
pub(crate) fn display_path(path: &Path) -> String {
    if path == Path::new("-") { "standard input".into() } else { path.display().to_string() }
}

/// A setting that a flag or a variable gives.
struct Setting {
    what: &'static str,
    flag: &'static str,
    variable: &'static str,
}

impl Setting {
    /// The flag's value, else the variable's. An empty variable is none: that is how scripts unset one.
    fn resolve(&self, flag: Option<String>) -> Result<String, SettingError> {
        let &Self { what, flag: name, variable } = self;
        if let Some(value) = flag {
            return Ok(value);
        }
        match env::var_os(variable) {
            Some(value) if !value.is_empty() => {
                value.into_string().map_err(|_| SettingError::NotText(variable))
            }
            _ => Err(SettingError::Missing { what, flag: name, variable }),
        }
    }
}

const BASE_URL: Setting = Setting { what: "the base URL", flag: "--base-url", variable: "CG_AUTH_BASE_URL" };
const USER_PRINCIPAL_NAME: Setting = Setting {
    what: "the user principal name",
    flag: "--user-principal-name",
    variable: "CG_AUTH_USER_PRINCIPAL_NAME",
};
const CLIENT_SECRET: Setting =
    Setting { what: "the client secret", flag: "--client-secret-file", variable: "CG_AUTH_CLIENT_SECRET" };

fn parse_base_url(text: &str, allow_http: bool) -> Result<BaseUrl, ConfigError> {
    if let Ok(environment) = text.parse::<Environment>() {
        Ok(environment.base_url())
    } else if allow_http {
        BaseUrl::parse_allowing_http(text)
    } else {
        BaseUrl::parse(text)
    }
}

fn read_certificates(path: &Path) -> Result<Vec<u8>, SettingError> {
    let mut pem = Vec::new();
    let read = File::open(path).and_then(|file| file.take(CERTIFICATES_LIMIT + 1).read_to_end(&mut pem));
    let unreadable = |source| SettingError::Unreadable {
        what: "the root certificates",
        from: PathBuf::from(path).display().to_string(),
        source,
    };
    match read {
        Ok(length) if length as u64 > CERTIFICATES_LIMIT => {
            Err(unreadable(io::Error::new(io::ErrorKind::InvalidData, "the file is too long")))
        }
        Ok(_) => Ok(pem),
        Err(error) => Err(unreadable(error)),
    }
}

/// More than ten times what a platform's whole bundle holds.
const CERTIFICATES_LIMIT: u64 = 4 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_is_a_name_or_a_url() {
        let commercial = parse_base_url("commercial", false).unwrap();
        assert_eq!(commercial, Environment::Commercial.base_url());
        assert!(parse_base_url("http://example.com", false).is_err());
        assert!(parse_base_url("http://example.com", true).is_ok());
        assert!(parse_base_url("http://127.0.0.1:8080", false).is_ok());
        let error = SettingError::from(parse_base_url("production", false).unwrap_err());
        assert!(error.hint().is_some_and(|hint| hint.contains("us-government")));
    }
}
