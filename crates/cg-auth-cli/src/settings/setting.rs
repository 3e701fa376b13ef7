//! [`Setting`]: the names of each setting, and the ways to set it.

use super::config_file::SelectedProfile;
use crate::variable::{self, Variable};

/// The names of a setting.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Setting {
    /// The name in texts.
    pub(crate) label: &'static str,
    /// The key of a profile, and the member of a JSON output.
    pub(crate) key: &'static str,
    pub(super) flag: &'static str,
    /// `None` for a setting without a variable.
    pub(super) variable: Option<Variable>,
}

impl Setting {
    /// How to set it, as a part of a sentence. `selected` is the profile that lacks it.
    pub(super) fn ways(self, selected: Option<&SelectedProfile>) -> String {
        let Self { key, flag, variable, .. } = self;
        let variable = variable.map(|variable| format!("set {}, ", variable.name)).unwrap_or_default();
        let in_profile = match selected {
            Some(profile) => format!("add {key} to the profile \"{}\" in {}", profile.name, profile.file),
            None => "choose a profile with --profile".to_owned(),
        };
        if key == CLIENT_SECRET.key {
            let in_profile = in_profile.replace(key, "client_secret_file or client_secret_command");
            return format!(
                "set CG_AUTH_CLIENT_SECRET or CG_AUTH_CLIENT_SECRET_FILE, use --client-secret-file, {in_profile}, \
                 or run at a terminal without --no-input"
            );
        }
        format!("use {flag}, {variable}or {in_profile}")
    }
}

pub(super) const BASE_URL: Setting =
    Setting { label: "base URL", key: "base_url", flag: "--base-url", variable: Some(variable::BASE_URL) };
pub(super) const USER: Setting = Setting {
    label: "user principal name",
    key: "user_principal_name",
    flag: "--user-principal-name",
    variable: Some(variable::USER_PRINCIPAL_NAME),
};
pub(super) const CLIENT_SECRET: Setting = Setting {
    label: "client secret",
    key: "client_secret",
    flag: "--client-secret-file",
    variable: Some(variable::CLIENT_SECRET),
};
pub(super) const CA_FILE: Setting =
    Setting { label: "CA file", key: "ca_file", flag: "--ca-file", variable: Some(variable::CA_FILE) };
pub(super) const PROXY: Setting =
    Setting { label: "proxy", key: "proxy", flag: "--proxy", variable: Some(variable::PROXY) };
pub(super) const ALLOW_HTTP: Setting =
    Setting { label: "allow http", key: "allow_http", flag: "--allow-http", variable: None };
pub(super) const TRANSPORT: Setting = Setting {
    label: "transport",
    key: "transport",
    flag: "--transport",
    variable: Some(variable::TRANSPORT),
};
pub(super) const TIMEOUT: Setting =
    Setting { label: "timeout", key: "timeout", flag: "--timeout", variable: Some(variable::TIMEOUT) };
pub(super) const STORE: Setting =
    Setting { label: "store", key: "store", flag: "--store", variable: Some(variable::STORE) };
pub(super) const RETRIES: Setting =
    Setting { label: "retries", key: "retries", flag: "--retries", variable: Some(variable::RETRIES) };
