//! [`Settings`]: the validated settings of a call. A flag wins over its variable, and a variable over the
//! profile.

mod base_url;
mod ca_file;
mod config_file;
mod precedence;
mod profile;
mod profile_names;
mod proxy;
mod service_args;

use std::time::Duration;

use cg_auth_core::{
    ApiCredential, AuthClient, BaseUrl, ClientSecret, RetryPolicy, UserPrincipalName,
    transport::TransportError,
};
use cg_auth_transport_util::{ProxyChoice, TransportSettings};

use self::{
    config_file::SelectedProfile,
    precedence::{Chosen, Precedence, Setting},
};
pub(crate) use self::{profile_names::profile_names, service_args::ServiceArgs};
use crate::{
    console::Console,
    secret::{RotatingSecret, SecretLabel, SecretOrigin},
    service_address::ServiceAddress,
    setting_error::SettingError,
    time_format::positive_duration,
    transports::{self, TransportChoice},
    variable,
};

/// Everything that a call to the service needs. The secret is not read yet.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) base_url: BaseUrl,
    pub(crate) user_principal_name: UserPrincipalName,
    secret: SecretOrigin,
    ca_pem: Option<Vec<u8>>,
    proxy: ProxyChoice,
    transport: TransportChoice,
    pub(crate) timeout: Duration,
    retry_policy: RetryPolicy,
}

impl Settings {
    /// Takes each setting from `args`, else from the environment, else from a profile, and checks it.
    pub(crate) fn resolve(args: &ServiceArgs, console: &Console) -> Result<Self, SettingError> {
        let selected = SelectedProfile::find(args)?;
        let mut precedence = Precedence::new(selected.as_ref());

        let base_url = precedence
            .choose(
                BASE_URL,
                args.base_url.clone(),
                || variable::BASE_URL.text(),
                |profile| profile.base_url.clone(),
            )?
            .ok_or(MISSING_BASE_URL)?;
        let user = precedence
            .choose(
                USER,
                args.user_principal_name.clone(),
                || variable::USER_PRINCIPAL_NAME.text(),
                |profile| profile.user_principal_name.clone(),
            )?
            .ok_or(MISSING_USER)?;
        let secret = precedence
            .choose(
                client_secret(),
                args.client_secret_file.as_deref().map(SecretOrigin::file),
                secret_of_environment,
                |profile| profile.secret.clone(),
            )?
            .or_else(|| console.can_prompt().then_some(Chosen::by_default(SecretOrigin::Prompt)))
            .ok_or(MISSING_SECRET)?;
        let ca_file = precedence.choose(
            CA_FILE,
            args.ca_file.clone(),
            || Ok(variable::CA_FILE.value().map(Into::into)),
            |profile| profile.ca_file.clone(),
        )?;
        let proxy = precedence.choose(
            PROXY,
            args.proxy.as_deref().map(proxy::parse_flag).transpose()?,
            || variable::PROXY.parsed(|text| proxy::parse(text).map_err(|error| error.to_string())),
            |profile| profile.proxy.clone(),
        )?;
        let transport = precedence.choose(
            TRANSPORT,
            args.transport,
            || variable::TRANSPORT.parsed(TransportChoice::parse),
            |profile| profile.transport,
        )?;
        let timeout = precedence.choose(
            TIMEOUT,
            args.timeout,
            || variable::TIMEOUT.parsed(positive_duration),
            |profile| profile.timeout,
        )?;
        let allow_http = args.allow_http || selected.as_ref().is_some_and(|it| it.profile.allow_http);
        if let Some(warning) = precedence.warning() {
            console.warn(&warning);
        }

        let base_url = base_url.try_map(|text, origin| base_url::parse(&text, allow_http, origin))?;
        base_url.log(BASE_URL, &base_url.value);
        let user = user.try_map(|name, _| UserPrincipalName::new(name).map_err(SettingError::from))?;
        user.log(USER, &user.value);
        secret.log(client_secret(), &secret.value);
        if let Some(file) = &ca_file {
            file.log(CA_FILE, file.value.display());
        }
        let proxy = proxy.unwrap_or_else(|| Chosen::by_default(ProxyChoice::default()));
        proxy.log(PROXY, proxy::name(&proxy.value));
        let transport = transport.unwrap_or_else(|| Chosen::by_default(TransportChoice::default()));
        transport.log(TRANSPORT, transport.value.as_str());
        let timeout = timeout.unwrap_or_else(|| Chosen::by_default(AuthClient::DEFAULT_TIMEOUT));
        timeout.log(TIMEOUT, humantime::format_duration(timeout.value));
        Ok(Self {
            base_url: base_url.value,
            user_principal_name: user.value,
            secret: secret.value,
            ca_pem: ca_file.as_ref().map(ca_file::read).transpose()?,
            proxy: proxy.value,
            transport: transport.value,
            timeout: timeout.value,
            retry_policy: args.retries.map_or_else(RetryPolicy::new, retry_policy),
        })
    }

    /// Reads the client secret from its origin, which may be a prompt.
    pub(crate) async fn credential(&self, console: &Console) -> Result<ApiCredential, SettingError> {
        let secret = self.secret.clone().read(&self.secret_label(), *console).await?;
        Ok(ApiCredential::new(ClientSecret::new(secret.as_str())?, self.user_principal_name.clone()))
    }

    /// The client secret for a provider, which reads it before each acquisition.
    pub(crate) async fn rotating_secret(&self, console: &Console) -> Result<RotatingSecret, SettingError> {
        RotatingSecret::new(self.secret.clone(), self.secret_label(), *console).await
    }

    /// A client with these settings.
    pub(crate) fn client(&self) -> Result<AuthClient, TransportError> {
        let transport = self.transport.build(self.ca_pem.as_deref(), self.proxy.clone())?;
        Ok(AuthClient::new(self.base_url.clone(), transport)
            .with_timeout(self.timeout)
            .with_retry_policy(self.retry_policy.clone()))
    }

    /// The settings of a transport for other calls than those to the service.
    pub(crate) fn transport_settings(&self) -> Result<TransportSettings, TransportError> {
        transports::settings(self.ca_pem.as_deref(), self.proxy.clone())
    }

    /// Whether the client secret comes from standard input, which can be read only once.
    pub(crate) const fn reads_standard_input(&self) -> bool {
        matches!(self.secret, SecretOrigin::StandardInput)
    }

    /// The host and port of the service, for messages.
    pub(crate) fn address(&self) -> ServiceAddress {
        ServiceAddress::of(&self.base_url)
    }

    fn secret_label(&self) -> SecretLabel {
        SecretLabel::client_secret(&self.user_principal_name, &self.address())
    }
}

fn retry_policy(retries: u32) -> RetryPolicy {
    match retries {
        0 => RetryPolicy::none(),
        retries => RetryPolicy::new().with_max_attempts(retries.saturating_add(1)),
    }
}

/// The variable that holds the secret wins over the variable that names its file.
fn secret_of_environment() -> Result<Option<SecretOrigin>, SettingError> {
    Ok(match variable::CLIENT_SECRET.secret()? {
        Some(secret) => Some(SecretOrigin::Text(secret)),
        None => variable::CLIENT_SECRET_FILE.value().map(|path| SecretOrigin::file(path.as_ref())),
    })
}

fn client_secret() -> Setting {
    let is_set = variable::CLIENT_SECRET.value().is_some();
    let variable = if is_set { variable::CLIENT_SECRET } else { variable::CLIENT_SECRET_FILE };
    Setting { label: "client secret", flag: "--client-secret-file", variable }
}

const BASE_URL: Setting = Setting { label: "base URL", flag: "--base-url", variable: variable::BASE_URL };
const USER: Setting = Setting {
    label: "user principal name",
    flag: "--user-principal-name",
    variable: variable::USER_PRINCIPAL_NAME,
};
const CA_FILE: Setting = Setting { label: "CA file", flag: "--ca-file", variable: variable::CA_FILE };
const PROXY: Setting = Setting { label: "proxy", flag: "--proxy", variable: variable::PROXY };
const TRANSPORT: Setting = Setting { label: "transport", flag: "--transport", variable: variable::TRANSPORT };
const TIMEOUT: Setting = Setting { label: "timeout", flag: "--timeout", variable: variable::TIMEOUT };

const MISSING_BASE_URL: SettingError = SettingError::Missing {
    what: "the base URL",
    ways: "use --base-url, set CG_AUTH_BASE_URL, or choose a profile with --profile",
};
const MISSING_USER: SettingError = SettingError::Missing {
    what: "the user principal name",
    ways: "use --user-principal-name, set CG_AUTH_USER_PRINCIPAL_NAME, or choose a profile with --profile",
};
const MISSING_SECRET: SettingError = SettingError::Missing {
    what: "the client secret",
    ways: "set CG_AUTH_CLIENT_SECRET or CG_AUTH_CLIENT_SECRET_FILE, use --client-secret-file, choose a \
           profile, or run at a terminal without --no-input",
};
