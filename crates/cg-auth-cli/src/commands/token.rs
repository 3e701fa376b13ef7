//! `cg-auth token`: one delegated access token on standard output, or one after the other.

mod watch;

use std::io;

use clap::Args;

use super::token_format::{Printable, TokenFormat};
use crate::{
    console::Console,
    failure::Failure,
    output,
    settings::{ServiceArgs, Settings},
    stop_signal::StopSignal,
};

#[derive(Args)]
pub(crate) struct TokenArgs {
    /// What is written to standard output [default: raw].
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub(crate) format: Option<TokenFormat>,

    /// Prints the refresh token too, in the JSON form.
    #[arg(long)]
    with_refresh_token: bool,

    /// Goes on, and prints another line whenever there is another token: before the last one ends, and through
    /// outages of the service. The JSON form only. A signal ends it with exit code 0, a secret that the service
    /// refuses does once no token is valid any more.
    #[arg(long)]
    pub(crate) watch: bool,

    #[command(flatten)]
    service: ServiceArgs,
}

/// Gets a token and prints it.
pub(crate) async fn run(args: &TokenArgs, console: &Console) -> Result<(), Failure> {
    let format = args.format.unwrap_or(TokenFormat::Raw);
    if args.with_refresh_token && format != TokenFormat::Json {
        return Err(Failure::usage("token", "--with-refresh-token needs --format json"));
    }
    let settings = Settings::resolve(&args.service, console)?;
    let credential = settings.credential(console).await?;
    let answer = settings.client()?.get_delegate_access_token(&credential).await?;
    tracing::debug!(status = answer.status.as_u16(), "a token was issued");
    let mut printable = Printable::of_answer(&answer, &settings);
    if args.with_refresh_token {
        printable = printable.with_refresh_token_of(&answer.value);
    }
    output::to_stdout(&printable.text(format)?).map_err(Failure::Output)
}

/// Prints each new token, until a signal comes or nobody reads any more.
pub(crate) async fn watch(args: &TokenArgs, console: &Console) -> Result<(), Failure> {
    if args.format.is_some_and(|format| format != TokenFormat::Json) {
        return Err(Failure::usage("token", "--watch prints the JSON form only"));
    }
    if args.with_refresh_token {
        return Err(Failure::usage("token", "--watch uses the refresh token itself, and does not print it"));
    }
    let mut stop = StopSignal::new().map_err(Failure::Runtime)?;
    tokio::select! {
        biased;
        outcome = watch::run(&args.service, console) => outcome,
        () = output::is_unread() => Err(Failure::Output(io::ErrorKind::BrokenPipe.into())),
        _ = stop.received() => Ok(()),
    }
}
