//! [`TokenFormat`]: the formats in which a token is printed. Scripts depend on the names and members.

use cg_auth_core::{
    IssuedToken,
    endpoint::Answer,
    model::{DelegatedAccessToken, RefreshToken},
    time::Now,
    token::{DurationUnit, Expiry},
};
use clap::ValueEnum;
use serde::Serialize;
use zeroize::Zeroizing;

use crate::{
    failure::Failure,
    settings::Settings,
    time_format::{rfc3339, unix_seconds},
};

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TokenFormat {
    /// The access token and a newline.
    Raw,
    /// An object with the token, its expiry, the user and the base URL.
    Json,
    /// A line for `curl -H @-`: `Authorization: Bearer` and the token.
    Header,
    /// Lines for a shell: export CG_AUTH_ACCESS_TOKEN and CG_AUTH_ACCESS_TOKEN_EXPIRES_AT.
    Env,
}

/// A token, and the values that are printed with it.
pub(super) struct Printable<'a> {
    access_token: &'a str,
    /// `None` omits the member from the JSON; `Some(None)` writes null.
    refresh_token: Option<Option<&'a str>>,
    expiry: Expiry,
    duration: Option<i64>,
    settings: &'a Settings,
}

impl<'a> Printable<'a> {
    /// The token in an answer of the service.
    pub(super) fn of_answer(answer: &'a Answer<DelegatedAccessToken>, settings: &'a Settings) -> Self {
        Self {
            access_token: answer.value.access_token().expose_secret(),
            refresh_token: None,
            expiry: Expiry::of_answer(answer, DurationUnit::default()),
            duration: Some(answer.value.duration()),
            settings,
        }
    }

    /// A token from a provider, which does not keep the `duration` of the answer.
    pub(super) fn of_issued(token: &'a IssuedToken, settings: &'a Settings) -> Self {
        let (access_token, expiry) = (token.expose_secret(), token.expiry());
        Self { access_token, refresh_token: None, expiry, duration: None, settings }
    }

    /// Adds the refresh token of `token` to the JSON.
    pub(super) fn with_refresh_token_of(mut self, token: &'a DelegatedAccessToken) -> Self {
        self.refresh_token = Some(token.refresh_token().map(RefreshToken::expose_secret));
        self
    }

    /// The expiry of the token.
    pub(super) const fn expiry(&self) -> Expiry {
        self.expiry
    }

    /// The token in the given format, with a newline at the end.
    pub(super) fn text(&self, format: TokenFormat) -> Result<Zeroizing<String>, Failure> {
        let token = self.access_token;
        Ok(Zeroizing::new(match format {
            TokenFormat::Raw => format!("{token}\n"),
            TokenFormat::Header => format!("Authorization: Bearer {token}\n"),
            TokenFormat::Env => {
                let expires_at = self.expiry.expires_at().and_then(rfc3339).unwrap_or_default();
                // If the expiry is unknown, the variable is set to an empty text. Otherwise the expiry of an
                // earlier token would stay set.
                format!(
                    "export CG_AUTH_ACCESS_TOKEN={}\nexport CG_AUTH_ACCESS_TOKEN_EXPIRES_AT={}\n",
                    *shell_quoted(token),
                    *shell_quoted(&expires_at)
                )
            }
            TokenFormat::Json => return self.json(),
        }))
    }

    fn json(&self) -> Result<Zeroizing<String>, Failure> {
        let printed = Printed {
            version: 1,
            token_type: "Bearer",
            access_token: self.access_token,
            refresh_token: self.refresh_token,
            expires_at: self.expiry.expires_at().and_then(rfc3339),
            expires_at_epoch: self.expiry.expires_at().and_then(unix_seconds),
            expires_in: self.expiry.remaining(Now::system()).map(|left| left.as_secs()),
            expiry_source: self.expiry.source().as_str(),
            duration: self.duration,
            user_principal_name: self.settings.user_principal_name.as_str(),
            base_url: self.settings.base_url.as_str(),
        };
        let mut text = Zeroizing::new(serde_json::to_string(&printed).map_err(Failure::Json)?);
        text.push('\n');
        Ok(text)
    }
}

/// The output of `--format json`.
#[derive(Serialize)]
struct Printed<'a> {
    /// The version of this format. It increases when a member changes its meaning, not when a member is
    /// added.
    version: u32,
    token_type: &'static str,
    access_token: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<Option<&'a str>>,
    /// RFC 3339 in UTC.
    expires_at: Option<String>,
    /// Seconds since 1970.
    expires_at_epoch: Option<u64>,
    /// Whole seconds from now.
    expires_in: Option<u64>,
    expiry_source: &'static str,
    /// `None` for a token from a provider.
    duration: Option<i64>,
    user_principal_name: &'a str,
    base_url: &'a str,
}

/// `text` quoted as one word of a POSIX shell.
pub(crate) fn shell_quoted(text: &str) -> Zeroizing<String> {
    Zeroizing::new(format!("'{}'", *Zeroizing::new(text.replace('\'', r"'\''"))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quoted_word_keeps_every_character() {
        for (text, word) in
            [("", "''"), ("a b$(c)`d`\"", "'a b$(c)`d`\"'"), ("it's '", r"'it'\''s '\'''"), ("\\!", "'\\!'")]
        {
            assert_eq!(*shell_quoted(text), word);
        }
    }
}
