//! A secret that a program prints, such as a password manager or the client of a vault.

mod running;
#[cfg(unix)]
mod terminal_loan;

use std::{
    io,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use cg_auth_core::model::without_newline;
use tokio::process::Command;
use zeroize::Zeroizing;

use self::running::{Output, Running};
use crate::{
    bounded::{self, SECRET_LIMIT},
    child::without_secrets,
    setting_error::SettingError,
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

async fn output_within(limit: Duration, command: &[String]) -> io::Result<Output> {
    let too_slow = || io::Error::new(io::ErrorKind::TimedOut, format!("timed out after {limit:?}"));
    tokio::time::timeout(limit, output_of(command)).await.unwrap_or_else(|_| Err(too_slow()))
}

/// The output and the exit status. Dropping the future ends the program and its process group.
async fn output_of(command: &[String]) -> io::Result<Output> {
    let Some((program, arguments)) = command.split_first() else {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the command is empty"));
    };
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    without_secrets(command.as_std_mut());
    let (bytes, status) = Running::start(command)?.output(SECRET_LIMIT).await?;
    bounded::check_length(&bytes, SECRET_LIMIT)?;
    Ok((bytes, status))
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
    async fn a_command_runs_without_a_shell() {
        let command = ["printf", "%s", "$HOME `id` * ~; exit 3"].map(str::to_owned);
        assert_eq!(read(command.to_vec()).await.unwrap().as_str(), "$HOME `id` * ~; exit 3");
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
    #[tokio::test]
    async fn the_output_is_complete_when_the_command_ends_whatever_its_children_keep_open() {
        // The child ends once this test removes the folder, and writes into the pipe until then.
        let folder = tempfile::tempdir().unwrap();
        let lives = folder.path().join("lives");
        std::fs::write(&lives, "").unwrap();
        let child = format!("(while [ -e '{}' ]; do sleep 0.05; done) &", lives.display());
        assert_eq!(secret(&format!("{child} echo s3cret")).await.unwrap(), "s3cret");
        let long = "x".repeat(SECRET_LIMIT - 1);
        let printed = secret(&format!("{child} printf %065535d 0 | tr 0 x")).await.unwrap();
        assert_eq!(printed, long, "a full pipe is drained");
        assert_eq!(secret("printf 's3'; exec >&-; sleep 0.1").await.unwrap(), "s3");
    }

    #[tokio::test]
    async fn a_command_that_is_too_slow_ends_with_its_whole_group() {
        let folder = tempfile::tempdir().unwrap();
        let pids = folder.path().join("pids");
        // The second child ignores SIGTERM.
        let script = format!(
            "sleep 61 & echo $! >>'{0}'; (trap '' TERM; echo ready >>'{0}'; while :; do sleep 0.1; done) & \
             echo $! >>'{0}'; sleep 61",
            pids.display()
        );
        let command = ["sh", "-c", &script].map(str::to_owned);
        let started = || {
            let text = std::fs::read_to_string(&pids).unwrap_or_default();
            (text.lines().count() == 3).then_some(text)
        };
        let mut reading = Box::pin(output_of(&command));
        let text = loop {
            tokio::select! {
                _ = &mut reading => panic!("the command ended by itself"),
                () = tokio::time::sleep(Duration::from_millis(10)) => {}
            }
            if let Some(text) = started() {
                break text;
            }
        };
        // As the end of the time limit and a signal do.
        drop(reading);
        for pid in text.lines().filter(|line| line.parse::<u32>().is_ok()) {
            let runs = || {
                let output = std::process::Command::new("ps").args(["-o", "stat=", "-p", pid]).output();
                let state = String::from_utf8(output.unwrap().stdout).unwrap();
                // A zombie has ended, and waits for a parent that reads its status.
                !state.trim().is_empty() && !state.trim().starts_with('Z')
            };
            let has_ended = (0..100).any(|_| {
                std::thread::sleep(Duration::from_millis(20));
                !runs()
            });
            assert!(has_ended, "{pid} still runs");
        }
    }
}
