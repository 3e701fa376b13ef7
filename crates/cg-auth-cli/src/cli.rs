//! [`Cli`]: the command line as a whole. Each subcommand's arguments are in its own file.
//!
//! [`variable`](crate::variable) reads the environment, because clap would print the values of variables in
//! `--help`. No flag takes a secret, because every process can read the arguments of every other process.

use clap::{ArgAction, Args, CommandFactory as _, Parser, error::ErrorKind};

use crate::{
    commands::Command, console::Console, error_format::ErrorFormat, help_topics, setting_error::SettingError,
};

/// Delegated access tokens of the AvePoint Cloud Governance Modern API.
#[derive(Parser)]
#[command(name = "cg-auth", version, max_term_width = 100, after_help = help_topics::POINTER)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,

    #[command(flatten)]
    global: GlobalArgs,
}

/// The options that every subcommand accepts.
#[derive(Args)]
#[command(next_help_heading = "Global options")]
struct GlobalArgs {
    /// The format of errors on standard error [default: json with --format json, else human].
    #[arg(long, global = true, value_enum, value_name = "FORMAT")]
    error_format: Option<ErrorFormat>,

    /// Never prompt, even at a terminal.
    #[arg(long, global = true)]
    no_input: bool,

    /// Log settings, calls and connections to standard error; no secret, header or body is shown.
    // There is only one level. A repeated -v is accepted, because users of other tools type it.
    #[arg(long, short, global = true, action = ArgAction::Count)]
    verbose: u8,
}

impl Cli {
    /// The console with the settings from the arguments and the environment.
    pub(crate) fn console(&self) -> Result<Console, SettingError> {
        let GlobalArgs { error_format, no_input, verbose } = self.global;
        let error_format = ErrorFormat::choose(error_format, self.command.prints_json())?;
        Ok(Console::new(error_format, no_input, verbose > 0))
    }

    /// A clap error about conflicting arguments of `subcommand`, which may have words such as `store clear`. It shows
    /// the usage of the subcommand.
    pub(crate) fn usage_error(subcommand: &str, problem: &str) -> clap::Error {
        let mut cli = Self::command();
        // Without this, the usage would name `token` and not `cg-auth token`.
        cli.build();
        let inner = |command: clap::Command, name| command.find_subcommand(name).cloned().unwrap_or(command);
        subcommand.split(' ').fold(cli, inner).error(ErrorKind::ArgumentConflict, problem)
    }
}
