//! What the command line takes as a whole; each subcommand's own arguments stand in its file.
//!
//! The environment is read in [`settings`](crate::settings), by hand: clap's own way would print the values
//! of variables in `--help`. No flag takes a secret itself, since every process can read the arguments of
//! every other.

use std::ffi::OsString;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};

use crate::{
    commands::{
        completions::CompletionsArgs, delete_token_cache::DeleteTokenCacheArgs, emulator::EmulatorArgs,
        inspect::InspectArgs, man::ManArgs, refresh::RefreshArgs, token::TokenArgs,
        token_format::TokenFormat,
    },
    help_topics,
    settings::{SettingError, variable},
};

/// Delegated access tokens of the AvePoint Cloud Governance Modern API.
#[derive(Parser)]
#[command(name = "cg-auth", version, max_term_width = 100, after_help = help_topics::POINTER)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,

    #[command(flatten)]
    pub(crate) global: GlobalArgs,
}

/// What every subcommand takes.
#[derive(Args)]
#[command(next_help_heading = "Always")]
pub(crate) struct GlobalArgs {
    /// How an error is written to standard error [default: json with --format json, else human].
    #[arg(long, global = true, value_enum, value_name = "FORMAT")]
    pub(crate) error_format: Option<ErrorFormat>,

    /// Never asks anything, not even at a terminal.
    #[arg(long, global = true)]
    pub(crate) no_input: bool,

    /// Tells on standard error what happens; no secret, header or body is shown.
    // Once says it all; whoever is used to more of them elsewhere is not refused.
    #[arg(long, short, global = true, action = ArgAction::Count)]
    pub(crate) verbose: u8,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Gets a delegated access token and prints it.
    Token(TokenArgs),
    /// Exchanges a refresh token for another access token and prints it.
    Refresh(RefreshArgs),
    /// Makes the service forget its cached tokens; the user must be a Service Administrator.
    DeleteTokenCache(DeleteTokenCacheArgs),
    /// Shows what a token from standard input says about itself, offline and without verifying it.
    Inspect(InspectArgs),
    /// Runs an emulator of the service on this machine, until Ctrl-C or for one command.
    Emulator(EmulatorArgs),
    /// Shows a token's whole life against an emulator of the service: no setting, no network.
    Demo,
    /// Prints a completion script for a shell.
    #[command(hide = true)]
    Completions(CompletionsArgs),
    /// Prints a manual page in roff.
    #[command(hide = true)]
    Man(ManArgs),
    #[command(hide = true, about = help_topics::exit_codes(), help_template = "{about}\n")]
    ExitCodes,
    #[command(hide = true, about = help_topics::environment(), help_template = "{about}\n")]
    Environment,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum ErrorFormat {
    #[default]
    Human,
    Json,
}

impl Cli {
    /// The flag's, else the variable's, else what the format of the output implies.
    pub(crate) fn error_format(&self) -> Result<ErrorFormat, SettingError> {
        if let Some(format) = self.global.error_format {
            return Ok(format);
        }
        let implied = if self.command.prints_json() { ErrorFormat::Json } else { ErrorFormat::Human };
        Ok(variable::ERROR_FORMAT.parsed(ErrorFormat::parse)?.unwrap_or(implied))
    }
}

impl Command {
    /// Whether `--format json` was given.
    fn prints_json(&self) -> bool {
        match self {
            Self::Token(args) => args.format == Some(TokenFormat::Json),
            Self::Refresh(args) => args.format == Some(TokenFormat::Json),
            Self::Inspect(args) => args.prints_json(),
            Self::Emulator(args) => args.prints_json(),
            _ => false,
        }
    }
}

impl ErrorFormat {
    /// Reads a name, from elsewhere than the command line.
    fn parse(text: &str) -> Result<Self, String> {
        Self::from_str(text, false).map_err(|_| "it is neither human nor json".into())
    }

    /// What arguments ask for that could not be read as a whole.
    pub(crate) fn of_unread(args: impl Iterator<Item = OsString>) -> Self {
        // What stands behind is another command's.
        let own = args.take_while(|arg| arg != "--");
        let args: Vec<_> = own.map(|arg| arg.to_string_lossy().into_owned()).collect();
        let asks = |flag: &str, value: &str| {
            args.contains(&format!("{flag}={value}"))
                || args.windows(2).any(|pair| pair[0] == flag && pair[1] == value)
        };
        let variable = variable::ERROR_FORMAT.parsed(Self::parse).ok().flatten();
        match variable {
            _ if asks("--error-format", "json") => Self::Json,
            _ if asks("--error-format", "human") => Self::Human,
            Some(format) => format,
            None if asks("--format", "json") => Self::Json,
            None => Self::Human,
        }
    }
}
