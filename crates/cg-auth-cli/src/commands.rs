//! [`Command`]: the subcommands, one file each. A new subcommand needs a file, a variant of [`Command`] and
//! an arm in [`run`].

mod complete;
mod completions;
mod config;
mod confirmation;
mod delete_token_cache;
mod demo;
mod doctor;
mod emulator;
mod exec;
mod inspect;
mod list_format;
mod man;
mod proxy;
mod refresh;
mod renewal;
mod shared_token;
mod store;
mod token;
mod token_format;
mod visible;

use std::process::ExitCode;

use clap::Subcommand;

use self::{
    complete::CompleteArgs, completions::CompletionsArgs, config::ConfigArgs,
    delete_token_cache::DeleteTokenCacheArgs, doctor::DoctorArgs, emulator::EmulatorArgs, exec::ExecArgs,
    inspect::InspectArgs, man::ManArgs, proxy::ProxyArgs, refresh::RefreshArgs, store::StoreCommandArgs,
    token::TokenArgs,
};
pub(crate) use self::{
    emulator::parse_emulator_config,
    inspect::{inspected, token_in},
};
use crate::{
    console::Console, failure::Failure, help_topics, leases::Leases, output, runtime::interruptible,
};

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Run a command with an access token in its environment.
    Exec(ExecArgs),
    // Its own file describes it, in more than one line.
    Proxy(ProxyArgs),
    /// Get a delegated access token and print it.
    Token(TokenArgs),
    /// Exchange a refresh token for a new access token and print it.
    Refresh(RefreshArgs),
    /// Delete the tokens that the service has cached; the user must be a Service Administrator.
    DeleteTokenCache(DeleteTokenCacheArgs),
    /// Show or clear the entry of this user in the store that processes share.
    Store(StoreCommandArgs),
    /// Show the claims of a token from standard input, offline and without verifying them.
    Inspect(InspectArgs),
    /// Show the settings and where each comes from, or what the configuration file holds.
    Config(ConfigArgs),
    /// Check everything that a call needs, from the configuration file to the clock, and say what to do.
    Doctor(DoctorArgs),
    /// Run an emulator of the service on this machine, until Ctrl-C or for one command.
    Emulator(EmulatorArgs),
    /// Demonstrate a token's lifecycle against an emulator of the service; needs no settings and no network.
    Demo,
    /// Print a completion script for bash, zsh, fish, PowerShell or elvish.
    Completions(CompletionsArgs),
    /// Print a manual page.
    Man(ManArgs),
    /// Print what can stand at the cursor of a command line.
    #[command(hide = true, name = "__candidates")]
    Complete(CompleteArgs),
    #[command(hide = true, about = help_topics::exit_codes(), help_template = "{about}\n")]
    ExitCodes,
    #[command(hide = true, about = help_topics::environment(), help_template = "{about}\n")]
    Environment,
}

impl Command {
    /// Answers a completion script, if that is the command. It comes before all settings, so that none can make
    /// it fail.
    pub(crate) fn complete(&self, describe: fn() -> clap::Command) -> bool {
        let Self::Complete(args) = self else { return false };
        complete::run(args, describe());
        true
    }

    /// Whether `--format json` was given.
    pub(crate) fn prints_json(&self) -> bool {
        match self {
            Self::Token(args) => args.prints_json(),
            Self::Refresh(args) => args.prints_json(),
            Self::Inspect(args) => args.prints_json(),
            Self::Config(args) => args.prints_json(),
            Self::Doctor(args) => args.prints_json(),
            Self::Store(args) => args.prints_json(),
            Self::Emulator(args) => args.prints_json(),
            _ => false,
        }
    }

    /// Whether the command writes its result to standard output.
    fn uses_stdout(&self) -> bool {
        match self {
            Self::Token(args) => args.uses_stdout(),
            // The command of the user decides what it writes.
            Self::Emulator(args) => args.uses_stdout(),
            Self::Proxy(args) => args.uses_stdout(),
            Self::Exec(_) => false,
            _ => true,
        }
    }
}

/// Runs `command` and returns the exit code if it succeeds. `describe` builds clap's description of the whole
/// command line, for completions and manual pages.
///
/// Whatever ends the command, such as a signal or a closed output, also ends the lease that it holds in a store.
pub(crate) async fn run(
    command: &Command,
    describe: fn() -> clap::Command,
    console: &Console,
) -> Result<ExitCode, Failure> {
    let leases = Leases::default();
    let outcome = run_with(command, describe, console, &leases).await;
    leases.end().await;
    outcome
}

async fn run_with(
    command: &Command,
    describe: fn() -> clap::Command,
    console: &Console,
    leases: &Leases,
) -> Result<ExitCode, Failure> {
    if command.uses_stdout() {
        output::check_stdout().map_err(Failure::Output)?;
    }
    match command {
        // The emulator handles signals itself, and may return the exit code of the command that it runs.
        Command::Emulator(args) => return emulator::run(args, console).await,
        // The command takes the place of this process, and the code is its own.
        Command::Exec(args) => return exec::run(args, console, leases).await,
        // A proxy handles signals as the emulator does.
        Command::Proxy(args) => return proxy::run(args, console, leases).await,
        // These return the exit code of what they found.
        Command::Config(args) => return interruptible(config::run(args, console)).await,
        Command::Doctor(args) => return interruptible(doctor::run(args, console)).await,
        // A signal is the normal end of a watch, with exit code 0.
        Command::Token(args) if args.watches() => token::watch(args, console, leases).await,
        Command::Token(args) => interruptible(token::run(args, console, leases)).await,
        Command::Refresh(args) => interruptible(refresh::run(args, console)).await,
        Command::DeleteTokenCache(args) => interruptible(delete_token_cache::run(args, console)).await,
        Command::Store(args) => interruptible(store::run(args, console)).await,
        Command::Inspect(args) => interruptible(inspect::run(args, console)).await,
        Command::Demo => interruptible(demo::run()).await,
        Command::Completions(args) => completions::run(args, &describe()),
        Command::Man(args) => man::run(args, &describe()),
        // `Command::complete` has answered.
        Command::Complete(_) => Ok(()),
        Command::ExitCodes => print(help_topics::exit_codes()),
        Command::Environment => print(&help_topics::environment()),
    }
    .map(|()| ExitCode::SUCCESS)
}

fn print(text: &str) -> Result<(), Failure> {
    output::to_stdout(&format!("{text}\n")).map_err(Failure::Output)
}
