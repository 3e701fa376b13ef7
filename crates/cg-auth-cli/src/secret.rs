//! [`SecretSource`]: where a secret comes from, decided before any of it is read.

pub(crate) mod bounded;
mod command;
mod file;
mod prompt;
mod rotating;

use std::{
    io::{self, IsTerminal as _},
    path::{Path, PathBuf},
};

use cg_auth_core::model::without_newline;
use zeroize::Zeroizing;

pub(crate) use self::rotating::RotatingSecret;
use crate::{console::Console, runtime::blocking, settings::SettingError};

pub(crate) const CLIENT_SECRET: &str = "the client secret";
pub(crate) const REFRESH_TOKEN: &str = "the refresh token";
pub(crate) const ACCESS_TOKEN: &str = "the access token";

/// Where a secret comes from.
#[derive(Debug, Clone)]
pub(crate) enum SecretSource {
    /// It is known already, from the environment.
    Text(Zeroizing<String>),
    File(PathBuf),
    StandardInput,
    /// What a program prints, given as its name and arguments.
    Command(Vec<String>),
    /// A person, who is asked at the terminal.
    Prompt,
}

impl SecretSource {
    /// The file at `path`, or standard input if that is `-` or one of the system's names for it.
    pub(crate) fn file(path: &Path) -> Self {
        let is_input = STANDARD_INPUT.iter().any(|name| path == Path::new(name));
        if is_input { Self::StandardInput } else { Self::File(path.to_owned()) }
    }

    /// Reads the secret. One newline at its end, LF or CRLF, belongs to the source and not to the secret.
    pub(crate) async fn read(
        self,
        what: &'static str,
        console: Console,
    ) -> Result<Zeroizing<String>, SettingError> {
        let (bytes, from) = match self {
            Self::Text(text) => return Ok(Zeroizing::new(without_newline(&text).to_owned())),
            Self::Command(command) => return command::read(command).await,
            Self::Prompt => return prompt::ask(what).await,
            // A terminal would show what is typed.
            Self::StandardInput if console.may_ask() => return prompt::ask(what).await,
            Self::StandardInput => (blocking(read_standard_input).await, "standard input".to_owned()),
            Self::File(path) => {
                let from = path.display().to_string();
                (blocking(move || file::read(&path, what, &console)).await, from)
            }
        };
        let text = bytes.and_then(bounded::into_text);
        text.map_err(|source| SettingError::Unreadable { what, from, source })
            .map(|text| Zeroizing::new(without_newline(&text).to_owned()))
    }
}

fn read_standard_input() -> io::Result<Zeroizing<Vec<u8>>> {
    let input = io::stdin();
    if input.is_terminal() {
        // Nobody may be asked, and what is typed would be seen.
        return Err(io::Error::other("it is a terminal, and input is not wanted"));
    }
    bounded::read(input.lock(), LIMIT)
}

/// Ten times what any proxy lets through in a header.
const LIMIT: usize = 64 * 1024;
const STANDARD_INPUT: &[&str] =
    if cfg!(unix) { &["-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"] } else { &["-"] };

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_trailing_newline_is_not_part_of_the_secret() {
        for (text, secret) in [
            ("s3cret", "s3cret"),
            ("s3cret\n", "s3cret"),
            ("s3cret\r\n", "s3cret"),
            ("s3cret\n\n", "s3cret\n"),
            ("s3cret\r", "s3cret\r"),
        ] {
            assert_eq!(without_newline(text), secret);
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        // The environment's is text, and the only one that is known before it is read.
        let source = SecretSource::Text(Zeroizing::new("canary".into()));
        assert!(!format!("{source:?}").contains("canary"));
    }
}
