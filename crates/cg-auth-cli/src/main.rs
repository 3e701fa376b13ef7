//! The `cg-auth` command.
//!
//! Arguments become settings, settings a call, and the call's outcome either lines on standard output or a
//! [`Failure`] on standard error; the failure decides the exit code.

#![forbid(unsafe_code)]

mod args;
mod demo;
mod failure;
mod output;
mod secret_input;
mod settings;
mod token;
mod transports;

use std::{ffi::OsString, future::Future, process::ExitCode};

use clap::Parser;

use self::{
    args::{Cli, Command, ErrorFormat},
    failure::Failure,
};

fn main() -> ExitCode {
    match Cli::try_parse() {
        Ok(cli) => match run(&cli.command) {
            Ok(()) => ExitCode::SUCCESS,
            Err(failure) => failure.report(cli.error_format),
        },
        Err(error) if error.use_stderr() => {
            Failure::from(error).report(error_format_of(std::env::args_os().skip(1)))
        }
        Err(help_or_version) => match help_or_version.print() {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => Failure::Output(error).report(ErrorFormat::Human),
        },
    }
}

fn run(command: &Command) -> Result<(), Failure> {
    match command {
        Command::Demo => demo::run(),
        Command::Token(args) => token::run(args),
    }
}

/// Runs `work` to its end on a runtime of its own.
fn block_on<T>(work: impl Future<Output = T>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(Failure::Runtime)?;
    let output = runtime.block_on(work);
    // A name look-up that hangs outlives its deadline on a blocking thread; the process does not wait for it.
    runtime.shutdown_background();
    Ok(output)
}

/// The error format that arguments ask for which could not be parsed as a whole.
fn error_format_of(args: impl Iterator<Item = OsString>) -> ErrorFormat {
    let mut value_is_next = false;
    for arg in args {
        if arg == "--error-format=json" || (value_is_next && arg == "json") {
            return ErrorFormat::Json;
        }
        value_is_next = arg == "--error-format";
    }
    ErrorFormat::Human
}
