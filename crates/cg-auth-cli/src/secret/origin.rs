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
    output,
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
        match self {
            Self::Text(text) => Ok(Zeroizing::new(without_newline(&text).to_owned())),
            Self::Command(command) => command::read(command).await,
            Self::Prompt => prompt::ask(label).await,
            Self::StandardInput => {
                let text = read_standard_input(label, console, SECRET_LIMIT).await?;
                Ok(Zeroizing::new(without_newline(&text).to_owned()))
            }
            Self::File(path) => file::read(path, label, console).await,
        }
    }

    /// Whether the secret can be read only once.
    pub(super) fn is_read_once(&self) -> bool {
        match self {
            Self::StandardInput | Self::Prompt => true,
            Self::File(path) => file::is_read_once(path),
            Self::Text(_) | Self::Command(_) => false,
        }
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

/// Reads standard input to its end, at most `limit` bytes. A terminal would show what the user types, so a
/// prompt takes the place of the read.
pub(crate) async fn read_standard_input(
    label: &SecretLabel,
    console: Console,
    limit: usize,
) -> Result<Zeroizing<String>, SettingError> {
    if console.can_prompt() {
        return prompt::ask(label).await;
    }
    let text = blocking(move || read_input(limit)).await;
    text.map_err(|source| SettingError::Unreadable {
        what: label.name(),
        from: "standard input".to_owned(),
        source,
    })
}

fn read_input(limit: usize) -> io::Result<Zeroizing<String>> {
    let input = io::stdin();
    if output::is_stdin_closed() {
        return Err(io::Error::other("it is closed"));
    }
    if input.is_terminal() {
        return Err(io::Error::other("it is a terminal, and prompts are turned off; use a pipe or a file"));
    }
    bounded::into_text(bounded::read(input.lock(), limit)?)
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
