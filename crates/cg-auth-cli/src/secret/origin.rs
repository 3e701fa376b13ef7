//! [`SecretOrigin`]: where a secret comes from, known before the secret is read.

use std::{
    fmt,
    io::{self, IsTerminal as _},
    path::{Path, PathBuf},
};

use cg_auth_core::model::without_newline;
use zeroize::Zeroizing;

use super::{command, file, label::SecretLabel, prompt};
use crate::{
    blocking::blocking,
    bounded::{self, SECRET_LIMIT},
    console::Console,
    setting_error::SettingError,
};

/// Where a secret comes from.
#[derive(Debug, Clone)]
pub(crate) enum SecretOrigin {
    /// The secret itself, read from the environment.
    Text(Zeroizing<String>),
    File(PathBuf),
    StandardInput,
    /// The output of a program, given as its name and arguments.
    Command(Vec<String>),
    /// A prompt at the terminal.
    Prompt,
}

impl SecretOrigin {
    /// The file at `path`; standard input if `path` is `-` or one of the system's names for it.
    pub(crate) fn file(path: &Path) -> Self {
        let is_input = STANDARD_INPUT.iter().any(|name| path == Path::new(name));
        if is_input { Self::StandardInput } else { Self::File(path.to_owned()) }
    }

    /// Reads the secret, without one newline (LF or CRLF) at its end.
    pub(crate) async fn read(
        self,
        label: &SecretLabel,
        console: Console,
    ) -> Result<Zeroizing<String>, SettingError> {
        let what = label.name();
        let (bytes, from) = match self {
            Self::Text(text) => return Ok(Zeroizing::new(without_newline(&text).to_owned())),
            Self::Command(command) => return command::read(command).await,
            Self::Prompt => return prompt::ask(label).await,
            // A terminal would show what the user types, so a prompt takes the place of the read.
            Self::StandardInput if console.can_prompt() => return prompt::ask(label).await,
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

/// Writes the name of the origin, and never the secret.
impl fmt::Display for SecretOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(_) => f.write_str("set"),
            Self::File(path) => write!(f, "in {}", path.display()),
            Self::StandardInput => f.write_str("from standard input"),
            Self::Command(command) => {
                write!(f, "from the command {}", command.first().map_or("", String::as_str))
            }
            Self::Prompt => f.write_str("from a prompt"),
        }
    }
}

fn read_standard_input() -> io::Result<Zeroizing<Vec<u8>>> {
    let input = io::stdin();
    if input.is_terminal() {
        // The terminal would show what the user types.
        return Err(io::Error::other("it is a terminal, and prompts are turned off; use a pipe or a file"));
    }
    bounded::read(input.lock(), SECRET_LIMIT)
}

const STANDARD_INPUT: &[&str] =
    if cfg!(unix) { &["-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"] } else { &["-"] };

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_trailing_newline_is_not_part_of_the_secret() {
        let console = Console::new(crate::error_format::ErrorFormat::Human, true, false);
        for (text, secret) in [
            ("s3cret", "s3cret"),
            ("s3cret\n", "s3cret"),
            ("s3cret\r\n", "s3cret"),
            ("s3cret\n\n", "s3cret\n"),
            ("s3cret\r", "s3cret\r"),
        ] {
            let origin = SecretOrigin::Text(Zeroizing::new(text.into()));
            let read = origin.read(&SecretLabel::access_token(), console).await;
            assert_eq!(read.unwrap().as_str(), secret);
        }
    }

    #[test]
    fn debug_and_display_show_no_secret() {
        // `Text` is the only origin that holds the secret before `read`.
        let origin = SecretOrigin::Text(Zeroizing::new("canary".into()));
        assert!(!format!("{origin:?} {origin}").contains("canary"));
        let command = SecretOrigin::Command(vec!["pass".into(), "canary".into()]);
        assert_eq!(command.to_string(), "from the command pass");
    }
}
