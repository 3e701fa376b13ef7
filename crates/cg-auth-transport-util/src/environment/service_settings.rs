//! [`ServiceSettings`]: base URL, user, secret and the rest, from the environment or another place.

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use cg_auth_core::{
    AuthClient, BaseUrl, RetryPolicy, TokenPool, TokenProvider, UserPrincipalName, time::Runtime,
    token::SecretSource, transport::HttpTransport,
};

#[cfg(feature = "rustls")]
use super::ca_file;
use super::{
    error::EnvironmentError,
    home::expanded,
    secret,
    value::{self, positive_duration, retries},
    variable::{
        BASE_URL, CA_FILE, CLIENT_SECRET, CLIENT_SECRET_FILE, PROXY, RETRIES, TIMEOUT, USER_PRINCIPAL_NAME,
    },
};
use crate::settings::TransportSettings;

/// What a program needs to reach the service. [`from_environment`](Self::from_environment) reads it from the
/// variables that the `cg-auth` command reads too:
///
/// | variable | value |
/// |---|---|
/// | `CG_AUTH_BASE_URL` | a URL, or an environment: `commercial`, `us-government`, `insider-us-east`, `insider-north-europe` |
/// | `CG_AUTH_USER_PRINCIPAL_NAME` | the login name of the delegated user |
/// | `CG_AUTH_CLIENT_SECRET` | the client secret |
/// | `CG_AUTH_CLIENT_SECRET_FILE` | the file that holds it, read again before each acquisition; `CG_AUTH_CLIENT_SECRET` wins |
/// | `CG_AUTH_TIMEOUT` | the time limit of a call with all its retries, such as `5s` or `250ms`; default 100 s |
/// | `CG_AUTH_RETRIES` | how often a failed call is retried, 0 to 10; default 2 |
/// | `CG_AUTH_CA_FILE` | root certificates in PEM to trust in addition to those of the platform |
/// | `CG_AUTH_PROXY` | the URL of an HTTP proxy, which may hold `user:password@`, or `none`; default: `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` |
///
/// An empty variable counts as unset. In the path of a file, a leading `~` is the home folder. The
/// configuration file, its profiles and the other variables of the command have no effect here.
///
/// A variable that is set must be usable. One that is not set is an error only if it is required: see
/// [`client_with_runtime`](Self::client_with_runtime), [`provider_with_runtime`](Self::provider_with_runtime) and
/// [`pool_with_runtime`](Self::pool_with_runtime), and `client`, `provider` and `pool` on tokio.
#[derive(Debug, Clone)]
pub struct ServiceSettings {
    base_url: Option<BaseUrl>,
    user: Option<UserPrincipalName>,
    secret: Option<Arc<dyn SecretSource>>,
    timeout: Duration,
    retries: u32,
    ca_file: Option<PathBuf>,
    transport: TransportSettings,
}

impl ServiceSettings {
    /// Reads the variables of this process, and the CA file.
    ///
    /// # Errors
    /// [`EnvironmentError`] if a variable is set to a value that cannot be used.
    pub fn from_environment() -> Result<Self, EnvironmentError> {
        Self::from_variables(|name| env::var_os(name))
    }

    /// Like [`from_environment`](Self::from_environment), with the variables that `read` returns: for a test,
    /// or for variables that are kept elsewhere.
    ///
    /// # Errors
    /// [`EnvironmentError`] if a variable has a value that cannot be used.
    pub fn from_variables(read: impl Fn(&str) -> Option<OsString>) -> Result<Self, EnvironmentError> {
        let variables = Variables { read };
        let ca_file = variables.value(CA_FILE).map(expanded);
        let transport =
            TransportSettings::new().proxy_choice(variables.parsed(PROXY, value::proxy)?.unwrap_or_default());
        #[cfg(feature = "rustls")]
        let transport = match &ca_file {
            Some(path) => ca_file::trusted(transport, path)?,
            None => transport,
        };
        let secret = match variables.text(CLIENT_SECRET)? {
            Some(text) => Some(secret::of_text(text)?),
            None => variables.value(CLIENT_SECRET_FILE).map(secret::of_file).transpose()?,
        };
        Ok(Self {
            base_url: variables.parsed(BASE_URL, value::base_url)?,
            user: variables.parsed(USER_PRINCIPAL_NAME, |text| UserPrincipalName::new(text))?,
            secret,
            timeout: variables.parsed(TIMEOUT, positive_duration)?.unwrap_or(AuthClient::DEFAULT_TIMEOUT),
            retries: variables.parsed(RETRIES, retries)?.unwrap_or(DEFAULT_RETRIES),
            ca_file,
            transport,
        })
    }

    /// A client over `transport`, with the timeout and the retries of these settings.
    ///
    /// # Errors
    /// [`EnvironmentError`] if there is no base URL.
    #[cfg(feature = "tokio")]
    #[cfg_attr(docsrs, doc(cfg(feature = "tokio")))]
    pub fn client(&self, transport: impl HttpTransport + 'static) -> Result<AuthClient, EnvironmentError> {
        Ok(self.configured(AuthClient::new(self.base_url()?.clone(), transport)))
    }

    /// Like [`client`](Self::client), on another runtime than tokio.
    ///
    /// # Errors
    /// [`EnvironmentError`] if there is no base URL.
    pub fn client_with_runtime(
        &self,
        transport: impl HttpTransport + 'static,
        runtime: impl Runtime + 'static,
    ) -> Result<AuthClient, EnvironmentError> {
        Ok(self.configured(AuthClient::with_runtime(self.base_url()?.clone(), transport, runtime)))
    }

    /// A provider for the user over `transport`.
    ///
    /// # Errors
    /// [`EnvironmentError`] that names each of base URL, user and secret that is missing.
    #[cfg(feature = "tokio")]
    #[cfg_attr(docsrs, doc(cfg(feature = "tokio")))]
    pub fn provider(
        &self,
        transport: impl HttpTransport + 'static,
    ) -> Result<TokenProvider, EnvironmentError> {
        self.provider_over(self.client(transport))
    }

    /// Like [`provider`](Self::provider), on another runtime than tokio.
    ///
    /// # Errors
    /// [`EnvironmentError`] that names each of base URL, user and secret that is missing.
    pub fn provider_with_runtime(
        &self,
        transport: impl HttpTransport + 'static,
        runtime: impl Runtime + 'static,
    ) -> Result<TokenProvider, EnvironmentError> {
        self.provider_over(self.client_with_runtime(transport, runtime))
    }

    /// A pool for many users over `transport`.
    ///
    /// # Errors
    /// [`EnvironmentError`] that names each of base URL and secret that is missing.
    #[cfg(feature = "tokio")]
    #[cfg_attr(docsrs, doc(cfg(feature = "tokio")))]
    pub fn pool(&self, transport: impl HttpTransport + 'static) -> Result<TokenPool, EnvironmentError> {
        self.pool_over(self.client(transport))
    }

    /// Like [`pool`](Self::pool), on another runtime than tokio.
    ///
    /// # Errors
    /// [`EnvironmentError`] that names each of base URL and secret that is missing.
    pub fn pool_with_runtime(
        &self,
        transport: impl HttpTransport + 'static,
        runtime: impl Runtime + 'static,
    ) -> Result<TokenPool, EnvironmentError> {
        self.pool_over(self.client_with_runtime(transport, runtime))
    }

    /// Sets the base URL, for instance one that allows plain http.
    #[must_use]
    pub fn with_base_url(mut self, base_url: BaseUrl) -> Self {
        self.base_url = Some(base_url);
        self
    }

    /// Sets the user.
    #[must_use]
    pub fn with_user(mut self, user: UserPrincipalName) -> Self {
        self.user = Some(user);
        self
    }

    /// Sets the source of the client secret, for instance a vault.
    #[must_use]
    pub fn with_secret(mut self, secret: impl SecretSource + 'static) -> Self {
        self.secret = Some(Arc::new(secret));
        self
    }

    /// The settings of the transport: the proxy and the root certificates. A program may change more of them
    /// before it makes a transport.
    pub const fn transport(&self) -> &TransportSettings {
        &self.transport
    }

    /// The base URL.
    ///
    /// # Errors
    /// [`EnvironmentError`] if there is none.
    pub fn base_url(&self) -> Result<&BaseUrl, EnvironmentError> {
        self.base_url.as_ref().ok_or_else(|| EnvironmentError::missing(vec![BASE_URL]))
    }

    /// The user.
    ///
    /// # Errors
    /// [`EnvironmentError`] if there is none.
    pub fn user(&self) -> Result<&UserPrincipalName, EnvironmentError> {
        self.user.as_ref().ok_or_else(|| EnvironmentError::missing(vec![USER_PRINCIPAL_NAME]))
    }

    /// The source of the client secret. A clone shares it.
    ///
    /// # Errors
    /// [`EnvironmentError`] if there is none.
    pub fn secret(&self) -> Result<Arc<dyn SecretSource>, EnvironmentError> {
        self.secret.clone().ok_or_else(|| EnvironmentError::missing(vec![CLIENT_SECRET]))
    }

    /// The time limit of a call with all its retries.
    #[must_use]
    pub const fn timeout(&self) -> Duration {
        self.timeout
    }

    /// How often a failed call is retried.
    #[must_use]
    pub const fn retries(&self) -> u32 {
        self.retries
    }

    /// The file with root certificates. With the feature `rustls`, [`transport`](Self::transport) trusts them
    /// already; without it, the file is for a connector of the program's own.
    #[must_use]
    pub fn ca_file(&self) -> Option<&Path> {
        self.ca_file.as_deref()
    }

    fn configured(&self, client: AuthClient) -> AuthClient {
        let policy = match self.retries {
            0 => RetryPolicy::none(),
            retries => RetryPolicy::new().with_max_attempts(retries.saturating_add(1)),
        };
        client.with_timeout(self.timeout).with_retry_policy(policy)
    }

    fn provider_over(
        &self,
        client: Result<AuthClient, EnvironmentError>,
    ) -> Result<TokenProvider, EnvironmentError> {
        self.require(&[BASE_URL, USER_PRINCIPAL_NAME, CLIENT_SECRET])?;
        Ok(TokenProvider::new(client?, self.user()?.clone(), self.secret()?))
    }

    fn pool_over(&self, client: Result<AuthClient, EnvironmentError>) -> Result<TokenPool, EnvironmentError> {
        self.require(&[BASE_URL, CLIENT_SECRET])?;
        Ok(TokenPool::new(client?, self.secret()?))
    }

    /// Fails with all of `variables` that are missing.
    fn require(&self, variables: &[&'static str]) -> Result<(), EnvironmentError> {
        let is_missing = |variable: &&'static str| match *variable {
            BASE_URL => self.base_url.is_none(),
            USER_PRINCIPAL_NAME => self.user.is_none(),
            _ => self.secret.is_none(),
        };
        let missing: Vec<_> = variables.iter().copied().filter(is_missing).collect();
        if missing.is_empty() { Ok(()) } else { Err(EnvironmentError::missing(missing)) }
    }
}

/// The variables, as a function returns them.
struct Variables<F> {
    read: F,
}

impl<F: Fn(&str) -> Option<OsString>> Variables<F> {
    /// An empty value counts as unset, because scripts unset variables that way.
    fn value(&self, name: &str) -> Option<OsString> {
        (self.read)(name).filter(|value| !value.is_empty())
    }

    fn text(&self, name: &'static str) -> Result<Option<String>, EnvironmentError> {
        let text = self.value(name).map(OsString::into_string).transpose();
        text.map_err(|_| EnvironmentError::not_text(name))
    }

    fn parsed<T, E: std::fmt::Display>(
        &self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<Option<T>, EnvironmentError> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        parse(&text).map(Some).map_err(|problem| EnvironmentError::invalid(name, problem))
    }
}

/// The default of [`RetryPolicy::new`].
const DEFAULT_RETRIES: u32 = 2;

#[cfg(test)]
mod tests;
