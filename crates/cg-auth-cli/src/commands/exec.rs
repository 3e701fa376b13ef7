//! `cg-auth exec -- COMMAND`: runs a command with a token in its environment.

use std::{
    ffi::OsString,
    process::{Command, ExitCode},
    time::Duration,
};

use cg_auth_core::{
    time::Now,
    token::{DurationUnit, Expiry},
};
use clap::Args;

use super::shared_token::shared_token;
use crate::{
    child::{self, ACCESS_TOKEN, EXPIRES_AT_SUFFIX},
    console::Console,
    failure::{Failure, Operation},
    leases::Leases,
    settings::{ServiceArgs, Settings, StoreArgs},
    stop_signal::StopSignal,
    time_format::{distance, rfc3339},
    variable,
};

#[derive(Args)]
pub(crate) struct ExecArgs {
    /// The variable for the token; that of its expiry is NAME_EXPIRES_AT [default: CG_AUTH_ACCESS_TOKEN].
    #[arg(long, value_parser = variable_name, value_name = "NAME")]
    env: Option<String>,

    /// The command to run, with its arguments. It gets the token and its expiry (RFC 3339, or empty if
    /// unknown) in its environment, and none of the variables that hold the client secret, a refresh token or
    /// the login of a proxy. On Unix it replaces cg-auth, so its exit code and its signals are its own.
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<OsString>,

    #[command(flatten)]
    service: ServiceArgs,

    #[command(flatten)]
    store: StoreArgs,
}

/// Gets a token and runs the command. On Unix the command replaces this process, so this returns only a
/// failure.
pub(crate) async fn run(args: &ExecArgs, console: &Console, leases: &Leases) -> Result<ExitCode, Failure> {
    // A handler would undo what the command inherits: `nohup`, or the ignored SIGINT of a background job.
    let mut stop = StopSignal::unless_ignored().map_err(Failure::Runtime)?;
    let command = tokio::select! {
        biased;
        signal = stop.received() => return Err(Failure::Stopped(signal)),
        command = prepare(args, console, leases) => command?,
    };
    start(command, stop).await
}

/// The command, with a token in its environment.
async fn prepare(args: &ExecArgs, console: &Console, leases: &Leases) -> Result<Command, Failure> {
    let settings = Settings::resolve_with_store(&args.service, &args.store, console)?;
    let credential = settings.credential(console).await?;
    let mut command = child::command(&args.command);
    child::without_secrets(&mut command);
    let name = args.env.as_deref().unwrap_or(ACCESS_TOKEN);
    let expiry = match settings.open_store(None)? {
        Some(store) => {
            let store = leases.tracked(store);
            let token = shared_token(&settings, store, &credential, None, console).await?;
            // The command takes the place of this process, which may still renew a valid token.
            leases.end().await;
            add_token(&mut command, name, token.expose_secret(), token.expiry())
        }
        None => {
            let answer = settings.client()?.get_delegate_access_token(&credential).await;
            let answer = answer.map_err(|error| settings.failed_call(Operation::GetToken, error))?;
            let expiry = Expiry::of_answer(&answer, DurationUnit::default());
            add_token(&mut command, name, answer.value.access_token().expose_secret(), expiry)
        }
    };
    if let Some(warning) = warning(expiry, Now::system()) {
        console.warn(&warning);
    }
    Ok(command)
}

/// Returns the expiry.
fn add_token(command: &mut Command, name: &str, token: &str, expiry: Expiry) -> Expiry {
    let expires_at = expiry.expires_at().and_then(rfc3339).unwrap_or_default();
    command.env(name, token).env(format!("{name}{EXPIRES_AT_SUFFIX}"), expires_at);
    expiry
}

/// A warning if the token may not outlive the command. A token of unknown lifetime causes none.
fn warning(expiry: Expiry, now: Now) -> Option<String> {
    match expiry.remaining(now)? {
        Duration::ZERO => Some(
            "the service issued an access token that has already expired; check the clock of this machine"
                .to_owned(),
        ),
        left if left < SHORT_LIFE => Some(format!(
            "the access token expires {}; cg-auth proxy renews it for a command that runs longer",
            distance(now.wall() + left, now.wall())
        )),
        _ => None,
    }
}

#[cfg(unix)]
#[allow(clippy::unused_async)] // as on the other platforms
async fn start(mut command: Command, _: StopSignal) -> Result<ExitCode, Failure> {
    let source = std::os::unix::process::CommandExt::exec(&mut command);
    Err(Failure::command(&command, source))
}

#[cfg(not(unix))]
async fn start(command: Command, mut stop: StopSignal) -> Result<ExitCode, Failure> {
    stop.disable_forced_exit();
    child::run(command, &mut stop).await
}

/// Reads the name of a variable that a shell can use and that does not configure `cg-auth` itself.
fn variable_name(text: &str) -> Result<String, &'static str> {
    let is_word = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !is_word || text.is_empty() || text.as_bytes()[0].is_ascii_digit() {
        return Err("expected letters, digits and underscores, and no digit first");
    }
    if variable::ALL.iter().any(|own| own.name == text) {
        return Err("cg-auth reads a setting from this variable; choose another name");
    }
    Ok(text.to_owned())
}

const SHORT_LIFE: Duration = Duration::from_secs(5 * 60);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_with_less_than_five_minutes_left_causes_a_warning() {
        let now = Now::system();
        let of = |seconds| warning(Expiry::until(now.wall() + Duration::from_secs(seconds), now), now);
        assert_eq!(of(300), None);
        let short = of(299).unwrap();
        assert!(short.starts_with("the access token expires in 4 minutes; cg-auth proxy"), "{short}");
        assert!(of(0).unwrap().contains("already expired"));
    }

    #[test]
    fn a_variable_has_a_name_that_a_shell_can_use_and_is_no_setting() {
        for name in ["TOKEN", "_t", "GH_TOKEN_2", "CG_AUTH_ACCESS_TOKEN"] {
            assert_eq!(variable_name(name).as_deref(), Ok(name));
        }
        for name in ["", "2_B", "A-B", "A B", "A=B", "Ä", "CG_AUTH_CLIENT_SECRET", "CG_AUTH_PROXY"] {
            assert!(variable_name(name).is_err(), "{name}");
        }
    }
}
