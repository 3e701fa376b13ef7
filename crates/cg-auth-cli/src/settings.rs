//! [`Settings`]: the validated settings of a call. A flag wins over its variable, and a variable over the
//! profile.

mod base_url;
mod ca_file;
mod choices;
mod config_file;
mod connection;
mod listing;
mod origin;
mod precedence;
mod profile;
mod profile_names;
mod profile_summary;
mod proxy;
mod service_args;
mod setting;
mod store;
mod store_args;
mod user_folder;

use std::{sync::Arc, time::Duration};

use cg_auth_core::{
    ApiCredential, AuthClient, BaseUrl, CallError, ClientSecret, RetryPolicy, TokenError, TokenProvider,
    UserPrincipalName,
    token::{SecretSource, store::TokenStore},
    transport::TransportError,
};
use cg_auth_transport_util::TransportSettings;

pub(crate) use self::{
    choices::Choices,
    config_file::{ConfigFile, ConfigLocation},
    connection::Connection,
    listing::Line,
    origin::Chosen,
    profile_names::profile_names,
    profile_summary::ProfileSummary,
    service_args::ServiceArgs,
    store::StoreChoice,
    store_args::StoreArgs,
};
use crate::{
    console::Console,
    failure::{FailedCall, Failure, Operation},
    leases::Leases,
    secret::{RotatingSecret, SecretLabel, SecretOrigin},
    service_address::ServiceAddress,
    setting_error::{MissingSettings, SettingError},
};

/// Everything that a call to the service needs. The secret is not read yet.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) base_url: BaseUrl,
    pub(crate) user_principal_name: UserPrincipalName,
    secret: Chosen<SecretOrigin>,
    connection: Connection,
    retries: u32,
    store: Option<Chosen<StoreChoice>>,
    console: Console,
}

impl Settings {
    /// Takes each setting from `args`, else from the environment, else from a profile, and checks it. There is no
    /// store.
    pub(crate) fn resolve(args: &ServiceArgs, console: &Console) -> Result<Self, SettingError> {
        Self::checked(Choices::of(args, None, console)?, console)
    }

    /// The same with the store of `store`, else of the environment, else of a profile.
    pub(crate) fn resolve_with_store(
        args: &ServiceArgs,
        store: &StoreArgs,
        console: &Console,
    ) -> Result<Self, SettingError> {
        Self::checked(Choices::of(args, Some(store), console)?, console)
    }

    fn checked(choices: Choices, console: &Console) -> Result<Self, SettingError> {
        choices.log();
        choices.warn(console);
        Self::of(choices, console)
    }

    /// The settings of `choices`.
    ///
    /// # Errors
    /// A setting that cannot be used, else every required setting that is not given.
    fn of(mut choices: Choices, console: &Console) -> Result<Self, SettingError> {
        let missing = MissingSettings(choices.missing());
        match (Connection::take(&mut choices), missing.0.as_slice()) {
            (Err(error), _) => Err(error),
            (Ok(connection), []) => Self::with(connection, choices, console),
            (Ok(_), _) => Err(missing.into()),
        }
    }

    /// The settings of `connection` with the user and the secret of `choices`.
    ///
    /// # Errors
    /// A setting that cannot be used, or is not given.
    pub(crate) fn with(
        connection: Connection,
        choices: Choices,
        console: &Console,
    ) -> Result<Self, SettingError> {
        let missing = MissingSettings(choices.missing());
        let store = choices.store?;
        let (Some(user), Some(secret), Some(retries)) = (choices.user?, choices.secret?, choices.retries?)
        else {
            return Err(missing.into());
        };
        Ok(Self {
            base_url: connection.base_url.value.clone(),
            user_principal_name: user.value,
            secret,
            connection,
            retries: retries.value,
            store,
            console: *console,
        })
    }

    /// Reads the client secret from its origin, which may be a prompt.
    pub(crate) async fn credential(&self, console: &Console) -> Result<ApiCredential, SettingError> {
        let Chosen { value, origin } = &self.secret;
        let text = value.clone().read(&self.secret_label(), *console).await;
        let secret = text.and_then(|text| Ok(ClientSecret::new(text.as_str())?));
        match secret {
            Ok(secret) => Ok(ApiCredential::new(secret, self.user_principal_name.clone())),
            // A prompt has no place that helps to find it.
            Err(error) if matches!(value, SecretOrigin::Prompt) => Err(error),
            // An error about the text itself does not name the file or the command.
            Err(error @ SettingError::Invalid(_))
                if matches!(value, SecretOrigin::File(_) | SecretOrigin::Command(_)) =>
            {
                Err(error.at(format_args!("{value}, {origin}")))
            }
            Err(error) => Err(error.at(origin)),
        }
    }

    /// The client secret for a provider, which reads it before each acquisition.
    pub(crate) async fn rotating_secret(&self, console: &Console) -> Result<RotatingSecret, SettingError> {
        RotatingSecret::new(self.secret.value.clone(), self.secret_label(), *console).await
    }

    /// A client with these settings. It shows each retry at a terminal, and with `-v`.
    pub(crate) fn client(&self) -> Result<AuthClient, TransportError> {
        let transport = self.connection.transport.build(&self.connection.transport_settings()?)?;
        let (console, base_url) = (self.console, self.base_url.clone());
        Ok(AuthClient::new(self.base_url.clone(), transport)
            .with_timeout(self.connection.timeout)
            .with_retry_policy(retry_policy(self.retries))
            .with_retry_observer(move |error, wait| {
                console.retry(&FailedCall::new(Operation::GetToken, &base_url, error.clone()).brief(), wait);
            }))
    }

    /// The store in which processes share the token, and where it is set; `None` if it is off.
    pub(crate) fn store(&self) -> Option<&Chosen<StoreChoice>> {
        self.store.as_ref().filter(|chosen| chosen.value != StoreChoice::Off)
    }

    /// The store, which is not asked yet; `None` if it is off. An operation on a server takes `limit` at most, or what
    /// suits a provider.
    pub(crate) fn open_store(
        &self,
        limit: Option<Duration>,
    ) -> Result<Option<Arc<dyn TokenStore>>, TransportError> {
        let Some(store) = self.store() else { return Ok(None) };
        Ok(store.value.open(self.transport_settings()?.tls, limit))
    }

    /// A provider with these settings, which shares its token in the store, if there is one. `leases` ends the lease
    /// that it leaves there.
    pub(crate) fn provider(
        &self,
        secret: impl SecretSource + 'static,
        leases: &Leases,
    ) -> Result<TokenProvider, TransportError> {
        let provider = TokenProvider::new(self.client()?, self.user_principal_name.clone(), secret);
        Ok(match self.open_store(None)? {
            Some(store) => provider.with_store(leases.tracked(store)),
            None => provider,
        })
    }

    /// The client secret's origin, and where that is set.
    pub(crate) const fn secret(&self) -> &Chosen<SecretOrigin> {
        &self.secret
    }

    /// The failure of `operation`, with the origins of the settings that may be the reason.
    pub(crate) fn failed_call(&self, operation: Operation, error: impl Into<CallError>) -> FailedCall {
        self.with_origins(FailedCall::new(operation, &self.base_url, error))
    }

    /// Why a provider with these settings has no token, with the origins of the settings.
    pub(crate) fn no_token(&self, error: TokenError) -> Failure {
        match Failure::no_token(error, &self.base_url) {
            Failure::Call(call) => self.with_origins(*call).into(),
            Failure::Secret(unread) => Failure::Secret(unread.at(&self.secret.origin)),
            failure => failure,
        }
    }

    fn with_origins(&self, call: FailedCall) -> FailedCall {
        let Connection { base_url, proxy, .. } = &self.connection;
        call.with_base_url(&base_url.value, &base_url.origin)
            .with_proxy(proxy::name(&proxy.value), &proxy.origin)
            .with_secret(&self.secret.value, &self.secret.origin)
    }

    /// The settings of a transport for other calls than those to the service.
    pub(crate) fn transport_settings(&self) -> Result<TransportSettings, TransportError> {
        self.connection.transport_settings()
    }

    /// Whether the client secret comes from standard input, which can be read only once.
    pub(crate) const fn reads_standard_input(&self) -> bool {
        matches!(self.secret.value, SecretOrigin::StandardInput)
    }

    /// The time limit of a call with all its retries.
    pub(crate) const fn timeout(&self) -> Duration {
        self.connection.timeout
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
