//! [`Choices`]: the value of each setting and where it comes from, before any of them is required.

use std::{path::PathBuf, time::Duration};

use cg_auth_core::{AuthClient, BaseUrl, UserPrincipalName};
use cg_auth_transport_util::{
    ProxyChoice,
    environment::{self, expanded, positive_duration, retries},
};

use super::{
    base_url,
    config_file::{ConfigLocation, SelectedProfile, Selection},
    origin::{Chosen, Origin},
    precedence::Precedence,
    proxy,
    service_args::ServiceArgs,
    setting::{BASE_URL, CA_FILE, CLIENT_SECRET, PROXY, RETRIES, STORE, Setting, TIMEOUT, TRANSPORT, USER},
    store::{self, StoreChoice},
    store_args::StoreArgs,
};
use crate::{
    console::Console,
    secret::SecretOrigin,
    setting_error::{Missing, SettingError},
    transports::TransportChoice,
    variable,
};

/// A setting that is given, not given, or given with a value that cannot be used.
pub(super) type Given<T> = Result<Option<Chosen<T>>, SettingError>;

/// Every setting of a call.
#[derive(Debug)]
pub(crate) struct Choices {
    pub(crate) location: Option<ConfigLocation>,
    /// Whether there is a configuration file.
    pub(crate) has_file: bool,
    pub(crate) profile: Option<SelectedProfile>,
    warnings: Vec<String>,
    pub(super) base_url: Given<BaseUrl>,
    pub(super) user: Given<UserPrincipalName>,
    pub(super) secret: Given<SecretOrigin>,
    pub(super) ca_file: Given<PathBuf>,
    pub(super) proxy: Given<ProxyChoice>,
    pub(super) transport: Given<TransportChoice>,
    pub(super) timeout: Given<Duration>,
    pub(super) retries: Given<u32>,
    pub(super) allow_http: Chosen<bool>,
    /// `None` for a command that uses no store.
    pub(crate) store: Given<StoreChoice>,
}

impl Choices {
    /// Takes each setting from `args`, else from the environment, else from a profile. Without `store_args` there is
    /// no store.
    ///
    /// # Errors
    /// The configuration file cannot be used. A single setting that cannot be used is an error in its member.
    pub(crate) fn of(
        args: &ServiceArgs,
        store_args: Option<&StoreArgs>,
        console: &Console,
    ) -> Result<Self, SettingError> {
        let location = ConfigLocation::find(args.config.as_deref());
        let selection = Selection::find(args.profile.as_deref(), location)?;
        let mut precedence = Precedence::new(selection.profile.as_ref());
        let allow_http = allow_http(args, selection.profile.as_ref());

        let base_url = precedence.choose(
            BASE_URL,
            args.base_url.clone(),
            || variable::BASE_URL.text(),
            |profile| profile.base_url.clone(),
        );
        let user = precedence.choose(
            USER,
            args.user_principal_name.clone(),
            || variable::USER_PRINCIPAL_NAME.text(),
            |profile| profile.user_principal_name.clone(),
        );
        let secret = precedence.choose(
            secret_setting(),
            args.client_secret_file.as_ref().map(|path| SecretOrigin::file(&expanded(path))),
            secret_of_environment,
            |profile| profile.secret.clone(),
        );
        let ca_file = precedence.choose(
            CA_FILE,
            args.ca_file.as_ref().map(expanded),
            || Ok(variable::CA_FILE.value().map(expanded)),
            |profile| profile.ca_file.clone(),
        );
        let proxy = match args.proxy.as_deref().map(proxy::parse_flag).transpose() {
            Err(problem) => Err(problem),
            Ok(flag) => precedence.choose(
                PROXY,
                flag,
                || variable::PROXY.parsed(|text| environment::proxy(text).map_err(|error| error.to_string())),
                |profile| profile.proxy.clone(),
            ),
        };
        let transport = precedence.choose(
            TRANSPORT,
            args.transport,
            || variable::TRANSPORT.parsed(TransportChoice::parse),
            |profile| profile.transport,
        );
        let timeout = precedence.choose(
            TIMEOUT,
            args.timeout,
            || variable::TIMEOUT.parsed(positive_duration),
            |profile| profile.timeout,
        );
        let retries = precedence.choose(
            RETRIES,
            args.retries,
            || variable::RETRIES.parsed(retries),
            |profile| profile.retries,
        );
        let store = store_args.map_or(Ok(None), |args| chosen_store(args, allow_http.value, &mut precedence));
        let overridden = precedence.warning();
        let prompt = console.can_prompt().then_some(Chosen::by_default(SecretOrigin::Prompt));
        let mut choices = Self {
            base_url: and_then(base_url, |text, origin| base_url::parse(&text, allow_http.value, origin)),
            user: and_then(user, |name, origin| {
                UserPrincipalName::new(name).map_err(|error| SettingError::from(error).at(origin))
            }),
            secret: secret.map(|secret| secret.or(prompt)),
            ca_file,
            proxy: or_default(proxy, ProxyChoice::default()),
            transport: or_default(transport, TransportChoice::default()),
            timeout: or_default(timeout, AuthClient::DEFAULT_TIMEOUT),
            retries: or_default(retries, DEFAULT_RETRIES),
            allow_http,
            store,
            has_file: selection.exists,
            location: selection.location,
            profile: selection.profile,
            warnings: selection.warnings,
        };
        choices.warnings.extend(overridden);
        choices.warnings.extend(choices.secret_from_elsewhere());
        Ok(choices)
    }

    /// Shows what the user may not expect: variables that override the profile, a secret from another place
    /// than the base URL, and profiles that cannot be used.
    pub(crate) fn warn(&self, console: &Console) {
        for warning in &self.warnings {
            console.warn(warning);
        }
    }

    /// The required settings that are not given.
    pub(crate) fn missing(&self) -> Vec<Missing> {
        let is_missing = [
            (BASE_URL, matches!(self.base_url, Ok(None))),
            (USER, matches!(self.user, Ok(None))),
            (CLIENT_SECRET, matches!(self.secret, Ok(None))),
        ];
        let missing = is_missing.into_iter().filter(|(_, is_missing)| *is_missing);
        missing.map(|(setting, _)| self.not_set(setting)).collect()
    }

    /// How to set `setting`.
    pub(super) fn not_set(&self, setting: Setting) -> Missing {
        Missing { label: setting.label, key: setting.key, ways: setting.ways(self.profile.as_ref()) }
    }

    /// A warning if either the base URL or the secret comes from the profile and the other does not: the
    /// secret of one service may then be sent to another.
    fn secret_from_elsewhere(&self) -> Option<String> {
        let (Ok(Some(base_url)), Ok(Some(secret))) = (&self.base_url, &self.secret) else { return None };
        let is_prompt = matches!(secret.value, SecretOrigin::Prompt);
        let is_split = base_url.origin.is_profile() != secret.origin.is_profile();
        (is_split && !is_prompt).then(|| {
            format!(
                "the base URL comes from {}, and the client secret from {}",
                base_url.origin, secret.origin
            )
        })
    }
}

fn allow_http(args: &ServiceArgs, selected: Option<&SelectedProfile>) -> Chosen<bool> {
    let in_profile = selected.and_then(|selected| Some((selected, selected.profile.allow_http?)));
    match in_profile {
        _ if args.allow_http => Chosen { value: true, origin: Origin::Flag("--allow-http") },
        Some((selected, value)) => Chosen { value, origin: selected.origin() },
        None => Chosen::by_default(false),
    }
}

/// The store of the flags, else of the variable, else of the profile, else none.
fn chosen_store(args: &StoreArgs, allow_http: bool, precedence: &mut Precedence<'_>) -> Given<StoreChoice> {
    if args.no_store {
        return Ok(Some(Chosen { value: StoreChoice::Off, origin: Origin::Flag("--no-store") }));
    }
    let flag = args.store.as_deref().map(store::parse_flag).transpose()?;
    let variable =
        || variable::STORE.parsed(|text| store::parse(text, None).map_err(|error| error.to_string()));
    let chosen = precedence.choose(STORE, flag, variable, |profile| profile.store.clone());
    let checked = |choice, origin: &Origin| {
        store::check_plaintext(&choice, allow_http).map_err(|error| error.at(origin)).map(|()| choice)
    };
    or_default(and_then(chosen, checked), StoreChoice::Off)
}

/// The variable that holds the secret wins over the variable that names its file.
fn secret_of_environment() -> Result<Option<SecretOrigin>, SettingError> {
    Ok(match variable::CLIENT_SECRET.secret()? {
        Some(secret) => Some(SecretOrigin::Text(secret)),
        None => variable::CLIENT_SECRET_FILE.value().map(|path| SecretOrigin::file(&expanded(path))),
    })
}

fn secret_setting() -> Setting {
    let is_set = variable::CLIENT_SECRET.value().is_some();
    let variable = if is_set { variable::CLIENT_SECRET } else { variable::CLIENT_SECRET_FILE };
    Setting { variable: Some(variable), ..CLIENT_SECRET }
}

fn and_then<T, U>(choice: Given<T>, parse: impl FnOnce(T, &Origin) -> Result<U, SettingError>) -> Given<U> {
    choice?.map(|chosen| chosen.try_map(parse)).transpose()
}

fn or_default<T>(choice: Given<T>, default: T) -> Given<T> {
    Ok(Some(choice?.unwrap_or_else(|| Chosen::by_default(default))))
}

/// As [`RetryPolicy::new`](cg_auth_core::RetryPolicy::new) has it.
const DEFAULT_RETRIES: u32 = 2;
