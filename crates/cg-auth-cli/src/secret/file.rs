//! A secret in a file, with a warning if other users can read the file.

use std::{
    fs::{self, File, Metadata},
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use cg_auth_core::model::without_newline;
use tokio::time::timeout;
use zeroize::Zeroizing;

use super::label::SecretLabel;
use crate::{
    blocking::blocking,
    bounded::{self, SECRET_LIMIT},
    console::Console,
    setting_error::SettingError,
};

/// Reads the file at `path`, which may be a pipe, to its end. See [`read_open`].
pub(super) async fn read(
    path: PathBuf,
    label: &SecretLabel,
    console: Console,
) -> Result<Zeroizing<String>, SettingError> {
    read_within(READ_TIMEOUT, path, label, console).await
}

async fn read_within(
    limit: Duration,
    path: PathBuf,
    label: &SecretLabel,
    console: Console,
) -> Result<Zeroizing<String>, SettingError> {
    let unreadable = |source| unreadable(&path, label, source);
    let (owned_path, owned_label) = (path.clone(), label.clone());
    let reading = blocking(move || {
        // Without a writer, opening a named pipe blocks this thread.
        let file = File::open(&owned_path);
        file.map(|file| read_open(&file, &owned_path, &owned_label, &console))
    });
    match timeout(limit, reading).await {
        Ok(outcome) => outcome.map_err(unreadable)?,
        Err(_) => {
            let text = format!("nothing wrote it to its end within {limit:?}");
            Err(unreadable(io::Error::new(io::ErrorKind::TimedOut, text)))
        }
    }
}

/// Reads `file`, without one newline at its end. If every user of the machine can read it, `console` shows a
/// warning that names `path`.
pub(crate) fn read_open(
    file: &File,
    path: &Path,
    label: &SecretLabel,
    console: &Console,
) -> Result<Zeroizing<String>, SettingError> {
    let read = || {
        if is_world_readable(&file.metadata()?) {
            console.warn(&format!(
                "every user of this machine can read {} in {}; restrict it with chmod 600",
                label.name(),
                path.display()
            ));
        }
        bounded::into_text(bounded::read(file, SECRET_LIMIT)?)
    };
    let text = read().map_err(|source| unreadable(path, label, source))?;
    Ok(Zeroizing::new(without_newline(&text).to_owned()))
}

/// Whether the file at `path` can be read only once: it is a pipe, as that of a process substitution, or a
/// device.
pub(super) fn is_read_once(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir())
}

fn unreadable(path: &Path, label: &SecretLabel, source: io::Error) -> SettingError {
    SettingError::Unreadable { what: label.name(), from: path.display().to_string(), source }
}

#[cfg(unix)]
fn is_world_readable(metadata: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    metadata.is_file() && metadata.mode() & 0o004 != 0
}

#[cfg(not(unix))]
const fn is_world_readable(_: &Metadata) -> bool {
    false
}

/// Enough time for a person to unlock the password manager that writes into a pipe.
const READ_TIMEOUT: Duration = Duration::from_secs(60);

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::error_format::ErrorFormat;

    #[tokio::test]
    async fn a_pipe_that_nobody_writes_ends_with_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let console = Console::new(ErrorFormat::Human, true, false);
        let label = SecretLabel::access_token();
        let error = read_within(Duration::from_millis(50), pipe.clone(), &label, console).await.unwrap_err();
        let text = format!(
            "cannot read the access token from {}: nothing wrote it to its end within 50ms",
            pipe.display()
        );
        assert_eq!(cg_auth_core::causes::cause_chain(&error), text);
        assert!(is_read_once(&pipe) && !is_read_once(folder.path()) && !is_read_once(Path::new("missing")));
        // Lets the thread that still waits end.
        fs::write(&pipe, "x").unwrap();
    }
}
