//! `cg-auth token`: gets a delegated access token and prints or saves it, with `--watch` each new one.

mod destination;
mod watch;

use std::{io, path::PathBuf, time::Duration};

use cg_auth_core::{endpoint::Answer, model::DelegatedAccessToken, time::Now, token::Expiry};
use clap::Args;
use zeroize::Zeroizing;

use self::destination::{Destination, same_file, save};
use super::token_format::{Printable, TokenFormat};
use crate::{
    console::Console,
    failure::{Failure, Operation, ShortLived},
    output,
    replaced_file::ReplacedFile,
    settings::{ServiceArgs, Settings},
    stop_signal::StopSignal,
    time_format::positive_duration,
};

#[derive(Args)]
pub(crate) struct TokenArgs {
    /// The format of the output [default: raw; with --watch and without --output: json].
    #[arg(long, short = 'o', value_enum, value_name = "FORMAT")]
    format: Option<TokenFormat>,

    /// Write the token to FILE instead of standard output. The file is replaced atomically and only you can
    /// read it. With --watch it is replaced for each new token.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Print the refresh token too; needs --format json.
    #[arg(long)]
    with_refresh_token: bool,

    /// Write the refresh token to FILE, for refresh --refresh-token-file. The file is replaced atomically and
    /// only you can read it.
    #[arg(long, value_name = "FILE")]
    refresh_token_out: Option<PathBuf>,

    /// Fail with exit code 7 if the token does not live for DURATION, such as 5m: the service may issue a
    /// token from its cache.
    #[arg(long, value_parser = positive_duration, value_name = "DURATION")]
    min_lifetime: Option<Duration>,

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

    /// Whether the result goes to standard output.
    pub(crate) const fn uses_stdout(&self) -> bool {
        self.output.is_none()
    }

    /// Refuses options that make no sense together.
    fn check(&self) -> Result<(), Failure> {
        let prints_all = self.with_refresh_token;
        let problem = if self.watch && prints_all {
            "--watch uses the refresh token itself; do not combine it with --with-refresh-token"
        } else if self.watch && self.refresh_token_out.is_some() {
            "--watch uses the refresh token itself; do not combine it with --refresh-token-out"
        } else if self.watch && self.min_lifetime.is_some() {
            "--watch renews the token before it expires; do not combine it with --min-lifetime"
        } else if self.watch && self.output.is_none() && self.format.is_some_and(|it| it != TokenFormat::Json)
        {
            "--watch prints JSON only; use --format json or no --format, or write a file with --output"
        } else if prints_all && self.refresh_token_out.is_some() {
            "a refresh token is used once; use either --with-refresh-token or --refresh-token-out"
        } else if prints_all && self.format != Some(TokenFormat::Json) {
            "--with-refresh-token needs --format json"
        } else if let (Some(output), Some(other)) = (&self.output, &self.refresh_token_out)
            && same_file(output, other)
        {
            "--output and --refresh-token-out need two different files"
        } else {
            return Ok(());
        };
        Err(Failure::Usage { subcommand: "token", problem })
    }
}

/// Gets a token and prints or saves it.
pub(crate) async fn run(args: &TokenArgs, console: &Console) -> Result<(), Failure> {
    args.check()?;
    let format = args.format.unwrap_or(TokenFormat::Raw);
    let settings = Settings::resolve(&args.service, console)?;
    // A file that cannot be written must be an error before a token is issued.
    let refresh_token_file = args.refresh_token_out.as_deref().map(ReplacedFile::private).transpose()?;
    let destination = Destination::new(args.output.as_deref())?;
    let credential = settings.credential(console).await?;
    let answer = settings.client()?.get_delegate_access_token(&credential).await;
    let answer = answer.map_err(|error| settings.failed_call(Operation::GetToken, error))?;
    tracing::debug!(status = answer.status.as_u16(), "the service has issued a token");
    let mut printable = Printable::of_answer(&answer, &settings);
    if args.with_refresh_token {
        printable = printable.with_refresh_token_of(&answer.value);
    }
    if let Some(required) = args.min_lifetime {
        check_lifetime(printable.expiry(), required)?;
    }
    let saved = refresh_token_file.map(|file| save_refresh_token(file, &answer)).transpose();
    match saved {
        // The access token is good without the refresh token.
        Ok(_) | Err(Failure::NoRefreshToken { .. }) => destination.write(&printable.text(format)?)?,
        Err(_) => {}
    }
    saved.map(drop)
}

fn check_lifetime(expiry: Expiry, required: Duration) -> Result<(), ShortLived> {
    let option = || format!("--min-lifetime {}", humantime::format_duration(required));
    match expiry.remaining(Now::system()) {
        None => Err(ShortLived::Unknown { option: option() }),
        Some(left) if left < required => Err(ShortLived::Short { left, option: option() }),
        Some(_) => Ok(()),
    }
}

fn save_refresh_token(file: ReplacedFile, answer: &Answer<DelegatedAccessToken>) -> Result<(), Failure> {
    match answer.value.refresh_token() {
        Some(token) => {
            save(file, "the refresh token", &Zeroizing::new(format!("{}\n", token.expose_secret())))
        }
        None => Err(Failure::NoRefreshToken { file: file.path().display().to_string() }),
    }
}

/// Prints or saves each new token until a signal arrives or the reader of standard output closes it.
pub(crate) async fn watch(args: &TokenArgs, console: &Console) -> Result<(), Failure> {
    args.check()?;
    let mut stop = StopSignal::new().map_err(Failure::Runtime)?;
    tokio::select! {
        biased;
        outcome = watch::run(args, console) => outcome,
        () = output::reader_gone(), if args.uses_stdout() => {
            Err(Failure::Output(io::ErrorKind::BrokenPipe.into()))
        }
        _ = stop.received() => Ok(()),
    }
}
