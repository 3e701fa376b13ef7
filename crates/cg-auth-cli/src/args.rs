//! What the command line takes.
//!
//! The environment is read in [`settings`](crate::settings), by hand: clap's own way would print the values
//! of variables in `--help`. No flag takes the secret itself, since every process can read the arguments of
//! every other.

use std::{path::PathBuf, time::Duration};

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Delegated access tokens of the AvePoint Cloud Governance Modern API.
#[derive(Parser)]
#[command(name = "cg-auth", version, after_help = EXIT_CODES)]
pub(crate) struct Cli {
    /// How an error is written to standard error.
    #[arg(long, global = true, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) error_format: ErrorFormat,

    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Shows a token's whole life against an emulator of the service: no setting, no network.
    Demo,
    /// Gets a delegated access token and prints it.
    #[command(after_help = ENVIRONMENT)]
    Token(TokenArgs),
}

#[derive(Args)]
pub(crate) struct TokenArgs {
    #[command(flatten)]
    pub(crate) service: ServiceArgs,

    /// What is written to standard output: the token alone, or an object with what is known about it.
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) format: TokenFormat,
}

/// Where the service is, who asks, and how: the same for every subcommand that calls it.
#[derive(Args)]
pub(crate) struct ServiceArgs {
    /// Where the service answers: a URL, or commercial, us-government, insider-us-east,
    /// insider-north-europe.
    // Text until it has become a setting: an error of clap's would quote it, and a URL may hold a password.
    #[arg(long, value_name = "URL|ENVIRONMENT")]
    pub(crate) base_url: Option<String>,

    /// The login name of the delegated user.
    #[arg(long, alias = "upn", value_name = "NAME")]
    pub(crate) user_principal_name: Option<String>,

    /// A file that holds the client secret; `-` is standard input.
    #[arg(long, value_name = "FILE")]
    pub(crate) client_secret_file: Option<PathBuf>,

    /// Root certificates in PEM to trust besides those of the platform.
    #[arg(long, value_name = "FILE")]
    pub(crate) ca_file: Option<PathBuf>,

    /// Allows plain http to hosts other than this one: the secret then crosses the network in the clear.
    #[arg(long)]
    pub(crate) allow_http: bool,

    /// The HTTP library that makes the call.
    #[arg(long, value_enum, default_value_t, value_name = "LIBRARY")]
    pub(crate) transport: TransportChoice,

    /// How long the call may take as a whole, for instance 5s or 250ms [default: 100s].
    #[arg(long, value_parser = positive_duration, value_name = "DURATION")]
    pub(crate) timeout: Option<Duration>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum TransportChoice {
    #[default]
    Reqwest,
    Hyper,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum TokenFormat {
    #[default]
    Raw,
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum ErrorFormat {
    #[default]
    Human,
    Json,
}

fn positive_duration(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(Duration::ZERO) => Err("no call ends within no time".into()),
        Ok(duration) => Ok(duration),
        Err(error) => Err(error.to_string()),
    }
}

const EXIT_CODES: &str = "\
Exit codes:
  0  success
  1  internal error, or the output could not be written
  2  wrong usage or settings
  3  the service answered with an error or a refusal
  4  what answered is not the service
  5  no complete answer
  6  no complete answer in time";

const ENVIRONMENT: &str = "\
Environment, where no flag says otherwise:
  CG_AUTH_BASE_URL             as --base-url
  CG_AUTH_USER_PRINCIPAL_NAME  as --user-principal-name
  CG_AUTH_CLIENT_SECRET        the client secret itself";
