//! From arguments, environment and profile to settings that are known to be good. A flag wins over its
//! variable, a variable over the profile.

mod ca_file;
mod choice;
mod config_file;
mod error;
mod profile;
mod proxy;
mod service_args;
pub(crate) mod variable;

use std::time::Duration;

use cg_auth_core::{
    ApiCredential, AuthClient, BaseUrl, ClientSecret, ConfigError, RetryPolicy, UserPrincipalName,
    model::Environment,
};
use cg_auth_transport_util::ProxyChoice;

use self::{choice::Choice, config_file::SelectedProfile};
pub(crate) use self::{
    error::SettingError,
    service_args::{ServiceArgs, TransportChoice},
};
use crate::{
    console::Console,
    failure::Failure,
    secret::{self, RotatingSecret, SecretSource},
    transports,
};

/// All that a call to the service needs, but for the secret, which has not been read yet.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) base_url: BaseUrl,
    pub(crate) user_principal_name: UserPrincipalName,
    pub(crate) secret: SecretSource,
    ca_pem: Option<Vec<u8>>,
    proxy: ProxyChoice,
    transport: TransportChoice,
    timeout: Duration,
    retry_policy: RetryPolicy,
}

impl Settings {
    /// Settings from `args` and, for what they do not say, from the environment and a profile.
    pub(crate) fn resolve(args: &ServiceArgs, console: &Console) -> Result<Self, SettingError> {
        let selected = SelectedProfile::find(args)?;
        let profile = selected.as_ref().map(|selected| &selected.profile);
        let mut choice = Choice::default();

        let base_url = choice
            .of(
                "base_url",
                args.base_url.clone(),
                || variable::BASE_URL.text(),
                profile.and_then(|p| p.base_url.clone()),
            )?
            .ok_or(MISSING_BASE_URL)?;
        let user = choice
            .of(
                "user_principal_name",
                args.user_principal_name.clone(),
                || variable::USER_PRINCIPAL_NAME.text(),
                profile.and_then(|p| p.user_principal_name.clone()),
            )?
            .ok_or(MISSING_USER)?;
        let secret = choice
            .of(
                "the client secret",
                args.client_secret_file.as_deref().map(SecretSource::file),
                secret_of_environment,
                profile.and_then(|p| p.secret.clone()),
            )?
            .or_else(|| console.may_ask().then_some(SecretSource::Prompt))
            .ok_or(MISSING_SECRET)?;
        let ca_file = choice.of(
            "ca_file",
            args.ca_file.clone(),
            || Ok(variable::CA_FILE.value().map(Into::into)),
            profile.and_then(|p| p.ca_file.clone()),
        )?;
        let proxy = choice.of(
            "proxy",
            args.proxy.as_deref().map(proxy::parse_in_the_open).transpose()?,
            || variable::PROXY.parsed(|text| proxy::parse(text).map_err(|error| error.to_string())),
            profile.and_then(|p| p.proxy.clone()),
        )?;
        let transport = choice.of(
            "transport",
            args.transport,
            || variable::TRANSPORT.parsed(TransportChoice::parse),
            profile.and_then(|p| p.transport),
        )?;
        let timeout = choice.of(
            "timeout",
            args.timeout,
            || variable::TIMEOUT.parsed(crate::moment::positive_duration),
            profile.and_then(|p| p.timeout),
        )?;
        let allow_http = args.allow_http || profile.is_some_and(|p| p.allow_http);

        if let Some(warning) = selected.as_ref().and_then(|selected| choice.lost_by(selected)) {
            console.warn(&warning);
        }
        Ok(Self {
            base_url: parse_base_url(&base_url, allow_http)?,
            user_principal_name: UserPrincipalName::new(user)?,
            secret,
            ca_pem: ca_file.as_deref().map(ca_file::read).transpose()?,
            proxy: proxy.unwrap_or_default(),
            transport: transport.unwrap_or_default(),
            timeout: timeout.unwrap_or(AuthClient::DEFAULT_TIMEOUT),
            retry_policy: args.retries.map_or_else(RetryPolicy::new, retry_policy),
        })
    }

    /// Reads the secret, asking for it where that is its source.
    pub(crate) async fn credential(&self, console: &Console) -> Result<ApiCredential, SettingError> {
        let secret = self.secret.clone().read(secret::CLIENT_SECRET, *console).await?;
        Ok(ApiCredential::new(ClientSecret::new(secret.as_str())?, self.user_principal_name.clone()))
    }

    /// The secret for a provider, which reads it more than once.
    pub(crate) async fn secret_source(&self, console: &Console) -> Result<RotatingSecret, SettingError> {
        RotatingSecret::new(self.secret.clone(), *console).await
    }

    /// A client with these settings.
    pub(crate) fn client(&self) -> Result<AuthClient, Failure> {
        let transport = transports::build(self.transport, self.ca_pem.as_deref(), self.proxy.clone())?;
        tracing::debug!(
            base_url = self.base_url.as_str(),
            transport = self.transport.as_str(),
            timeout = ?self.timeout,
            "calling the service"
        );
        Ok(AuthClient::new(self.base_url.clone(), transport)
            .with_timeout(self.timeout)
            .with_retry_policy(self.retry_policy.clone()))
    }
}

fn retry_policy(retries: u32) -> RetryPolicy {
    match retries {
        0 => RetryPolicy::none(),
        retries => RetryPolicy::new().with_max_attempts(retries.saturating_add(1)),
    }
}

/// The variable that holds the secret wins over the one that names its file.
fn secret_of_environment() -> Result<Option<SecretSource>, SettingError> {
    Ok(match variable::CLIENT_SECRET.secret()? {
        Some(secret) => Some(SecretSource::Text(secret)),
        None => variable::CLIENT_SECRET_FILE.value().map(|path| SecretSource::file(path.as_ref())),
    })
}

fn parse_base_url(text: &str, allow_http: bool) -> Result<BaseUrl, ConfigError> {
    if let Ok(environment) = text.parse::<Environment>() {
        Ok(environment.base_url())
    } else if allow_http {
        BaseUrl::parse_allowing_http(text)
    } else {
        BaseUrl::parse(text)
    }
}

const MISSING_BASE_URL: SettingError = SettingError::Missing {
    what: "the base URL",
    ways: "use --base-url, set CG_AUTH_BASE_URL or choose a profile",
};
const MISSING_USER: SettingError = SettingError::Missing {
    what: "the user principal name",
    ways: "use --user-principal-name, set CG_AUTH_USER_PRINCIPAL_NAME or choose a profile",
};
const MISSING_SECRET: SettingError = SettingError::Missing {
    what: "the client secret",
    ways: "set CG_AUTH_CLIENT_SECRET or CG_AUTH_CLIENT_SECRET_FILE, use --client-secret-file, choose a profile, \
           or run at a terminal without --no-input",
};

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
