//! The variables of the environment: each with its meaning, so that help cannot miss one.

use std::{env, ffi::OsString};

use zeroize::Zeroizing;

use super::SettingError;

/// One variable that the command reads.
#[derive(Debug)]
pub(crate) struct Variable {
    pub(crate) name: &'static str,
    pub(crate) meaning: &'static str,
}

impl Variable {
    /// The value. An empty one is none: that is how scripts unset a variable.
    pub(crate) fn value(&self) -> Option<OsString> {
        env::var_os(self.name).filter(|value| !value.is_empty())
    }

    /// The value as text.
    pub(crate) fn text(&self) -> Result<Option<String>, SettingError> {
        self.value().map(OsString::into_string).transpose().map_err(|_| SettingError::NotText(self.name))
    }

    /// The value as text that must not be seen.
    pub(crate) fn secret(&self) -> Result<Option<Zeroizing<String>>, SettingError> {
        Ok(self.text()?.map(Zeroizing::new))
    }

    /// The value as what `parse` makes of it. The problem is shown, so it must not quote the value where
    /// that may be a secret.
    pub(crate) fn parsed<T>(
        &self,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<Option<T>, SettingError> {
        let Some(text) = self.text()? else { return Ok(None) };
        parse(&text).map(Some).map_err(|problem| SettingError::BadVariable { name: self.name, problem })
    }

    /// Whether the value means yes: anything but `0` and `false`.
    pub(crate) fn is_on(&self) -> bool {
        self.value().is_some_and(|value| value != "0" && !value.eq_ignore_ascii_case("false"))
    }
}

macro_rules! variables {
    ($($variable:ident = $name:literal, $meaning:literal;)*) => {
        $(pub(crate) const $variable: Variable = Variable { name: $name, meaning: $meaning };)*

        /// Every variable, in the order of the help text.
        pub(crate) const ALL: &[Variable] = &[$($variable),*];
    };
}

variables! {
    BASE_URL = "CG_AUTH_BASE_URL", "as --base-url";
    USER_PRINCIPAL_NAME = "CG_AUTH_USER_PRINCIPAL_NAME", "as --user-principal-name";
    CLIENT_SECRET = "CG_AUTH_CLIENT_SECRET", "the client secret itself";
    CLIENT_SECRET_FILE = "CG_AUTH_CLIENT_SECRET_FILE", "as --client-secret-file, after the former";
    REFRESH_TOKEN = "CG_AUTH_REFRESH_TOKEN", "the refresh token itself";
    TRANSPORT = "CG_AUTH_TRANSPORT", "as --transport";
    TIMEOUT = "CG_AUTH_TIMEOUT", "as --timeout";
    CA_FILE = "CG_AUTH_CA_FILE", "as --ca-file";
    PROXY = "CG_AUTH_PROXY", "as --proxy, with user:password@ where it needs them";
    CONFIG = "CG_AUTH_CONFIG", "as --config";
    PROFILE = "CG_AUTH_PROFILE", "as --profile";
    NO_INPUT = "CG_AUTH_NO_INPUT", "as --no-input, unless 0 or false";
    ERROR_FORMAT = "CG_AUTH_ERROR_FORMAT", "as --error-format";
}
