//! The subcommands, one file each.

pub(crate) mod completions;
pub(crate) mod delete_token_cache;
mod demo;
pub(crate) mod emulator;
pub(crate) mod inspect;
pub(crate) mod man;
pub(crate) mod refresh;
pub(crate) mod token;
pub(crate) mod token_format;

use std::process::ExitCode;

use crate::{
    cli::{Cli, Command},
    console::Console,
    failure::Failure,
    help_topics, output,
    runtime::interruptible,
};

/// Runs the command; its exit code, if it has one of its own to give, is part of the success.
pub(crate) async fn run(cli: &Cli, console: &Console) -> Result<ExitCode, Failure> {
    match &cli.command {
        // It listens to signals itself, and its command's exit code becomes its own.
        Command::Emulator(args) => return emulator::run(args, console, cli.global.verbose > 0).await,
        // A signal is how it ends.
        Command::Token(args) if args.watch => token::watch(args, console).await,
        Command::Token(args) => interruptible(token::run(args, console)).await,
        Command::Refresh(args) => interruptible(refresh::run(args, console)).await,
        Command::DeleteTokenCache(args) => interruptible(delete_token_cache::run(args, console)).await,
        Command::Inspect(args) => interruptible(inspect::run(args, console)).await,
        Command::Demo => interruptible(demo::run()).await,
        Command::Completions(args) => completions::run(args),
        Command::Man(args) => man::run(args),
        Command::ExitCodes => print(help_topics::exit_codes()),
        Command::Environment => print(&help_topics::environment()),
    }
    .map(|()| ExitCode::SUCCESS)
}

fn print(text: &str) -> Result<(), Failure> {
    output::to_stdout(&format!("{text}\n")).map_err(Failure::Output)
}
