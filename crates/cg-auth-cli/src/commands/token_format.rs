//! The forms in which a token is printed; their names and members are a promise to scripts.

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

use crate::{failure::Failure, moment, settings::Settings};

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TokenFormat {
    /// The access token and a newline.
    Raw,
    /// An object with what is known about the token.
    Json,
    /// A line for `curl -H @-`: Authorization: Bearer and the token.
    Header,
    /// Lines for a shell: export CG_AUTH_ACCESS_TOKEN and CG_AUTH_ACCESS_TOKEN_EXPIRES_AT.
    Env,
}

/// A token and what is printed with it.
pub(super) struct Printable<'a> {
    access_token: &'a str,
    /// `None` where the JSON form has no such member.
    refresh_token: Option<Option<&'a str>>,
    expiry: Expiry,
    duration: Option<i64>,
    settings: &'a Settings,
}

impl<'a> Printable<'a> {
    pub(super) fn of_answer(answer: &'a Answer<DelegatedAccessToken>, settings: &'a Settings) -> Self {
        Self {
            access_token: answer.value.access_token().expose_secret(),
            refresh_token: None,
            expiry: Expiry::of_answer(answer, DurationUnit::default()),
            duration: Some(answer.value.duration()),
            settings,
        }
    }

    /// What a provider hands out does not say what the answer said.
    pub(super) fn of_issued(token: &'a IssuedToken, settings: &'a Settings) -> Self {
        let (access_token, expiry) = (token.expose_secret(), token.expiry());
        Self { access_token, refresh_token: None, expiry, duration: None, settings }
    }

    /// Has the JSON form hold the refresh token of `token`.
    pub(super) fn with_refresh_token_of(mut self, token: &'a DelegatedAccessToken) -> Self {
        self.refresh_token = Some(token.refresh_token().map(RefreshToken::expose_secret));
        self
    }

    /// The token in the form `format`, with its last newline.
    pub(super) fn text(&self, format: TokenFormat) -> Result<Zeroizing<String>, Failure> {
        let token = self.access_token;
        Ok(Zeroizing::new(match format {
            TokenFormat::Raw => format!("{token}\n"),
            TokenFormat::Header => format!("Authorization: Bearer {token}\n"),
            TokenFormat::Env => {
                let expires_at = self.expiry.expires_at().and_then(moment::rfc3339).unwrap_or_default();
                // An empty variable where the end is unknown: an earlier token's must not stay.
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
            expires_at: self.expiry.expires_at().and_then(moment::rfc3339),
            expires_at_epoch: self.expiry.expires_at().and_then(moment::epoch),
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

/// What `--format json` prints.
#[derive(Serialize)]
struct Printed<'a> {
    /// Of this form: it grows when a member changes its meaning, not when one is added.
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
    /// `None` from a provider.
    duration: Option<i64>,
    user_principal_name: &'a str,
    base_url: &'a str,
}

/// `text` as one word of a POSIX shell, whatever it holds.
pub(crate) fn shell_quoted(text: &str) -> Zeroizing<String> {
    Zeroizing::new(format!("'{}'", *Zeroizing::new(text.replace('\'', r"'\''"))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_a_quoted_word_back_as_it_was() {
        for (text, word) in
            [("", "''"), ("a b$(c)`d`\"", "'a b$(c)`d`\"'"), ("it's '", r"'it'\''s '\'''"), ("\\!", "'\\!'")]
        {
            assert_eq!(*shell_quoted(text), word);
        }
    }
}
