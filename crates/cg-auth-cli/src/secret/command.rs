//! A secret that a program prints, such as a password manager or the client of a vault.

use std::{
    io,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use cg_auth_core::model::without_newline;
use tokio::{io::AsyncReadExt as _, process::Command};
use zeroize::Zeroizing;

use crate::{
    bounded::{self, SECRET_LIMIT},
    setting_error::SettingError,
    variable,
};

/// Runs `command` and reads the secret from its standard output, without one newline at the end.
///
/// The program writes directly to the standard error of this process. An error names the program, and not its
/// arguments.
pub(super) async fn read(command: Vec<String>) -> Result<Zeroizing<String>, SettingError> {
    let output = output_within(COMMAND_TIMEOUT, &command).await;
    let program = command.into_iter().next().unwrap_or_default();
    let text = match output {
        Ok((_, status)) if !status.success() => {
            return Err(SettingError::CommandFailed { program, outcome: outcome(status) });
        }
        Ok((bytes, _)) => bounded::into_text(bytes),
        Err(error) => Err(error),
    };
    text.map(|text| Zeroizing::new(without_newline(&text).to_owned()))
        .map_err(|source| SettingError::NoSecretFromCommand { program, source })
}

type Output = (Zeroizing<Vec<u8>>, ExitStatus);

async fn output_within(limit: Duration, command: &[String]) -> io::Result<Output> {
    let too_slow = || io::Error::new(io::ErrorKind::TimedOut, format!("timed out after {limit:?}"));
    tokio::time::timeout(limit, output_of(command)).await.unwrap_or_else(|_| Err(too_slow()))
}

/// The output and the exit status. Dropping the future kills the program.
async fn output_of(command: &[String]) -> io::Result<Output> {
    let Some((program, arguments)) = command.split_first() else {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the command is empty"));
    };
    let mut child = Command::new(program)
        .args(arguments)
        .env_remove(variable::REFRESH_TOKEN.name)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .kill_on_drop(true)
        .spawn()?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(SECRET_LIMIT + 1));
    if let Some(output) = child.stdout.take() {
        output.take(SECRET_LIMIT as u64 + 1).read_to_end(&mut bytes).await?;
    }
    bounded::check_length(&bytes, SECRET_LIMIT)?;
    Ok((bytes, child.wait().await?))
}

fn outcome(status: ExitStatus) -> String {
    match status.code() {
        Some(code) => format!("exit code {code}"),
        // A signal ended the program.
        None => status.to_string(),
    }
}

/// Enough time for a person to unlock a password manager.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(60);

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;

    async fn secret(script: &str) -> Result<String, String> {
        let secret = read(["sh", "-c", script].map(str::to_owned).to_vec()).await;
        secret.map(|text| text.to_string()).map_err(|error| cg_auth_core::causes::cause_chain(&error))
    }

    #[tokio::test]
    async fn a_program_must_succeed_and_its_output_and_time_are_limited() {
        assert_eq!(secret("printf 's3cret\\n'").await.unwrap(), "s3cret");
        assert_eq!(secret("cat").await.unwrap(), "", "there is no standard input");
        assert_eq!(
            secret("echo canary; exit 3").await.unwrap_err(),
            "client_secret_command (sh) failed with exit code 3"
        );
        let killed = secret("echo canary; kill -KILL $$").await.unwrap_err();
        assert!(killed.starts_with("client_secret_command (sh) failed with signal"), "{killed}");
        assert_eq!(
            secret("yes canary").await.unwrap_err(),
            "client_secret_command (sh) gave no secret: longer than 65536 bytes"
        );
        let command = ["sleep", "60"].map(str::to_owned);
        let error = output_within(Duration::from_millis(50), &command).await.unwrap_err();
        assert_eq!(error.to_string(), "timed out after 50ms");
        assert_eq!(error.kind(), io::ErrorKind::TimedOut, "a watch tries again after this kind");
    }
}
