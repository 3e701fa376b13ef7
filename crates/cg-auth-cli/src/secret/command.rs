//! A secret that a program prints: a password manager, a vault's client.

use std::{io, process::Stdio, time::Duration};

use tokio::{io::AsyncReadExt as _, process::Command};
use zeroize::Zeroizing;

use cg_auth_core::model::without_newline;

use super::{LIMIT, bounded};
use crate::settings::{SettingError, variable};

/// What `command` prints on standard output, without one newline at the end. Its standard error is the
/// user's; its arguments are never shown.
pub(super) async fn read(command: Vec<String>) -> Result<Zeroizing<String>, SettingError> {
    let text = output_within(PATIENCE, &command).await.and_then(bounded::into_text);
    let program = command.into_iter().next().unwrap_or_default();
    text.map(|text| Zeroizing::new(without_newline(&text).to_owned()))
        .map_err(|source| SettingError::SecretCommand { program, source })
}

async fn output_within(patience: Duration, command: &[String]) -> io::Result<Zeroizing<Vec<u8>>> {
    let too_long = || io::Error::new(io::ErrorKind::TimedOut, format!("it took longer than {patience:?}"));
    tokio::time::timeout(patience, output_of(command)).await.unwrap_or_else(|_| Err(too_long()))
}

/// Dropping this ends the program.
async fn output_of(command: &[String]) -> io::Result<Zeroizing<Vec<u8>>> {
    let Some((program, arguments)) = command.split_first() else {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is empty"));
    };
    let mut child = Command::new(program)
        .args(arguments)
        .env_remove(variable::REFRESH_TOKEN.name)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .kill_on_drop(true)
        .spawn()?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(LIMIT + 1));
    if let Some(output) = child.stdout.take() {
        output.take(LIMIT as u64 + 1).read_to_end(&mut bytes).await?;
    }
    bounded::check_length(&bytes, LIMIT)?;
    let status = child.wait().await?;
    if status.success() { Ok(bytes) } else { Err(io::Error::other(format!("it ended with {status}"))) }
}

/// Long enough for a person to unlock a password manager.
const PATIENCE: Duration = Duration::from_secs(60);

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;

    fn output(script: &str) -> Result<String, String> {
        let command = ["sh", "-c", script].map(str::to_owned);
        crate::runtime::run(async { Ok(output_within(Duration::from_secs(5), &command).await) })
            .unwrap()
            .map(|bytes| String::from_utf8(bytes.to_vec()).unwrap())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_program_is_bounded_in_output_and_time_and_must_succeed() {
        assert_eq!(output("printf 's3cret\\n'").unwrap(), "s3cret\n");
        assert_eq!(output("cat").unwrap(), "", "there is no standard input");
        assert_eq!(output("echo canary; exit 3").unwrap_err(), "it ended with exit status: 3");
        assert_eq!(output("yes canary").unwrap_err(), "it is longer than 65536 bytes");
        let command = ["sleep", "60"].map(str::to_owned);
        let error = crate::runtime::run(async {
            Ok(output_within(Duration::from_millis(50), &command).await.unwrap_err())
        });
        assert_eq!(error.unwrap().to_string(), "it took longer than 50ms");
    }
}
