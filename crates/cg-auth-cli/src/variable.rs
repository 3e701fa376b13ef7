//! [`Variable`]: the environment variables that the command reads, each with its line for
//! `cg-auth help environment`.

use std::{env, ffi::OsString};

use cg_auth_transport_util::environment;
use zeroize::Zeroizing;

use crate::setting_error::SettingError;

/// One environment variable.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Variable {
    pub(crate) name: &'static str,
    pub(crate) meaning: &'static str,
}

impl Variable {
    /// The value. An empty value counts as unset, because scripts unset variables that way.
    pub(crate) fn value(self) -> Option<OsString> {
        env::var_os(self.name).filter(|value| !value.is_empty())
    }

    /// The value as text.
    pub(crate) fn text(self) -> Result<Option<String>, SettingError> {
        self.value().map(OsString::into_string).transpose().map_err(|_| SettingError::NotText(self.name))
    }

    /// The value as text that is zeroed on drop.
    pub(crate) fn secret(self) -> Result<Option<Zeroizing<String>>, SettingError> {
        Ok(self.text()?.map(Zeroizing::new))
    }

    /// The value, converted by `parse`. The error message of `parse` is shown to the user, so it must not
    /// quote a value that may be a secret.
    pub(crate) fn parsed<T>(
        self,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<Option<T>, SettingError> {
        let Some(text) = self.text()? else { return Ok(None) };
        parse(&text).map(Some).map_err(|problem| SettingError::BadVariable { name: self.name, problem })
    }

    /// Whether the variable is on: any value except `0` and `false` counts.
    pub(crate) fn is_on(self) -> bool {
        self.value().is_some_and(|value| value != "0" && !value.eq_ignore_ascii_case("false"))
    }
}

/// The client secrets of the two users whom `cg-auth emulator` shows. `cg-auth` sets these variables, and reads
/// none of them.
pub(crate) const ADMINISTRATOR_SECRET: &str = "CG_AUTH_ADMINISTRATOR_SECRET";
pub(crate) const PLAIN_USER_SECRET: &str = "CG_AUTH_PLAIN_USER_SECRET";

macro_rules! variables {
    ($($variable:ident = $name:expr, $meaning:literal;)*) => {
        $(pub(crate) const $variable: Variable = Variable { name: $name, meaning: $meaning };)*

        /// Every variable, in the order of the help text.
        pub(crate) const ALL: &[Variable] = &[$($variable),*];
    };
}

// A program reads the variables of `environment` too, by `ServiceSettings`.
variables! {
    BASE_URL = environment::BASE_URL, "same as --base-url";
    USER_PRINCIPAL_NAME = environment::USER_PRINCIPAL_NAME, "same as --user-principal-name";
    CLIENT_SECRET = environment::CLIENT_SECRET, "the client secret itself";
    CLIENT_SECRET_FILE = environment::CLIENT_SECRET_FILE, "same as --client-secret-file; CG_AUTH_CLIENT_SECRET wins";
    REFRESH_TOKEN = "CG_AUTH_REFRESH_TOKEN", "the refresh token itself";
    TRANSPORT = "CG_AUTH_TRANSPORT", "same as --transport";
    TIMEOUT = environment::TIMEOUT, "same as --timeout";
    RETRIES = environment::RETRIES, "same as --retries";
    CA_FILE = environment::CA_FILE, "same as --ca-file";
    PROXY = environment::PROXY, "same as --proxy, but may hold user:password@";
    STORE = "CG_AUTH_STORE", "same as --store, but may hold user:password@";
    CONFIG = "CG_AUTH_CONFIG", "same as --config";
    PROFILE = "CG_AUTH_PROFILE", "same as --profile";
    NO_INPUT = "CG_AUTH_NO_INPUT", "same as --no-input, unless 0 or false";
    CONTROL_TOKEN = "CG_AUTH_CONTROL_TOKEN", "the control token of cg-auth emulator; --control-token wins";
    ERROR_FORMAT = "CG_AUTH_ERROR_FORMAT", "same as --error-format";
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What only the command reads. A program has no configuration file, chooses its transport itself, and
    /// neither prompts nor prints errors for people.
    const OF_THE_COMMAND_ALONE: [Variable; 8] =
        [REFRESH_TOKEN, TRANSPORT, STORE, CONFIG, PROFILE, NO_INPUT, CONTROL_TOKEN, ERROR_FORMAT];

    #[test]
    fn each_variable_is_read_by_programs_too_or_belongs_to_the_command_alone() {
        let names = |variables: &[Variable]| variables.iter().map(|it| it.name).collect::<Vec<_>>();
        let mut shared: Vec<_> = names(ALL);
        shared.retain(|name| !names(&OF_THE_COMMAND_ALONE).contains(name));
        shared.sort_unstable();
        let mut of_programs = environment::VARIABLES.to_vec();
        of_programs.sort_unstable();
        assert_eq!(shared, of_programs);
    }
}
