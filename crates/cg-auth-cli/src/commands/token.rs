//! `cg-auth token`: prints a delegated access token, or with `--watch` each new one.

mod watch;

use std::io;

use clap::Args;

use super::token_format::{Printable, TokenFormat};
use crate::{
    console::Console,
    failure::{Failure, Operation},
    output,
    settings::{ServiceArgs, Settings},
    stop_signal::StopSignal,
};

#[derive(Args)]
pub(crate) struct TokenArgs {
    /// The format of the output [default: raw].
    #[arg(long, value_enum, value_name = "FORMAT")]
    format: Option<TokenFormat>,

    /// Print the refresh token too; needs --format json.
    #[arg(long)]
    with_refresh_token: bool,

    /// Keep running and print one line of JSON for each new token, before the old one expires. An outage of
    /// the service causes a warning. A signal ends the command with exit code 0. If the service refuses the
    /// secret, the command ends when no valid token is left.
    #[arg(long)]
    watch: bool,

    #[command(flatten)]
    service: ServiceArgs,
}

impl TokenArgs {
    pub(crate) fn prints_json(&self) -> bool {
        self.format == Some(TokenFormat::Json)
    }

    /// Whether `--watch` was given.
    pub(crate) const fn watches(&self) -> bool {
        self.watch
    }
}

/// Gets a token and prints it.
pub(crate) async fn run(args: &TokenArgs, console: &Console) -> Result<(), Failure> {
    let format = args.format.unwrap_or(TokenFormat::Raw);
    if args.with_refresh_token && format != TokenFormat::Json {
        return Err(usage("--with-refresh-token needs --format json"));
    }
    let settings = Settings::resolve(&args.service, console)?;
    let credential = settings.credential(console).await?;
    let answer = settings.client()?.get_delegate_access_token(&credential).await;
    let answer = answer.map_err(|error| settings.failed_call(Operation::GetToken, error))?;
    tracing::debug!(status = answer.status.as_u16(), "the service has issued a token");
    let mut printable = Printable::of_answer(&answer, &settings);
    if args.with_refresh_token {
        printable = printable.with_refresh_token_of(&answer.value);
    }
    output::to_stdout(&printable.text(format)?).map_err(Failure::Output)
}

/// Prints each new token until a signal arrives or the reader of standard output closes it.
pub(crate) async fn watch(args: &TokenArgs, console: &Console) -> Result<(), Failure> {
    if args.format.is_some_and(|format| format != TokenFormat::Json) {
        return Err(usage("--watch prints JSON only; use --format json or no --format"));
    }
    if args.with_refresh_token {
        return Err(usage(
            "--watch uses the refresh token itself; do not combine it with --with-refresh-token",
        ));
    }
    let mut stop = StopSignal::new().map_err(Failure::Runtime)?;
    tokio::select! {
        biased;
        outcome = watch::run(&args.service, console) => outcome,
        () = output::reader_gone() => Err(Failure::Output(io::ErrorKind::BrokenPipe.into())),
        _ = stop.received() => Ok(()),
    }
}

const fn usage(problem: &'static str) -> Failure {
    Failure::Usage { subcommand: "token", problem }
}
