//! The forms in which a token is printed; their names and members are a promise to scripts.

use cg_auth_core::{
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
    pub(super) answer: &'a Answer<DelegatedAccessToken>,
    pub(super) settings: &'a Settings,
    /// Whether the JSON form holds the refresh token.
    pub(super) refresh_token: bool,
}

impl Printable<'_> {
    /// The token in the form `format`, with its last newline.
    pub(super) fn text(&self, format: TokenFormat) -> Result<Zeroizing<String>, Failure> {
        let token = self.answer.value.access_token().expose_secret();
        Ok(Zeroizing::new(match format {
            TokenFormat::Raw => format!("{token}\n"),
            TokenFormat::Header => format!("Authorization: Bearer {token}\n"),
            TokenFormat::Env => {
                let expires_at = self.expiry().expires_at().and_then(moment::rfc3339).unwrap_or_default();
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

    fn expiry(&self) -> Expiry {
        Expiry::of_answer(self.answer, DurationUnit::default())
    }

    fn json(&self) -> Result<Zeroizing<String>, Failure> {
        let (token, expiry) = (&self.answer.value, self.expiry());
        let refresh_token = token.refresh_token().map(RefreshToken::expose_secret);
        let printed = Printed {
            version: 1,
            token_type: "Bearer",
            access_token: token.access_token().expose_secret(),
            refresh_token: self.refresh_token.then_some(refresh_token),
            expires_at: expiry.expires_at().and_then(moment::rfc3339),
            expires_at_epoch: expiry.expires_at().and_then(moment::epoch),
            expires_in: expiry.remaining(Now::system()).map(|left| left.as_secs()),
            expiry_source: expiry.source().as_str(),
            duration: token.duration(),
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
    duration: i64,
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
