//! The `cg-auth` command.
//!
//! Arguments become settings, settings a call, and the call's outcome either lines on standard output or a
//! [`Failure`] on standard error; the failure decides the exit code.

#![forbid(unsafe_code)]

mod cli;
mod commands;
mod console;
mod diagnostics;
mod failure;
mod help_topics;
mod moment;
mod output;
mod runtime;
mod secret;
mod settings;
mod stop_signal;
mod toml_section;
mod transports;

use std::process::ExitCode;

use clap::Parser;

use self::{
    cli::{Cli, ErrorFormat},
    console::Console,
    failure::Failure,
};

fn main() -> ExitCode {
    match Cli::try_parse() {
        Ok(cli) => run(&cli),
        Err(error) if error.use_stderr() => {
            Failure::from(error).report(ErrorFormat::of_unread(std::env::args_os().skip(1)))
        }
        Err(help_or_version) => match help_or_version.print() {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => Failure::Output(error).report(ErrorFormat::Human),
        },
    }
}

fn run(cli: &Cli) -> ExitCode {
    let console = match Console::new(cli) {
        Ok(console) => console,
        Err(error) => return Failure::from(error).report(ErrorFormat::Human),
    };
    if cli.global.verbose > 0 {
        diagnostics::show();
    }
    match runtime::run(commands::run(cli, &console)) {
        Ok(code) => code,
        Err(failure) => failure.report(console.error_format()),
    }
}
