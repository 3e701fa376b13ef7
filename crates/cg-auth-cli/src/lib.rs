//! The `cg-auth` command.
//!
//! The command reads its settings and makes a call. The result goes to standard output, a failure goes to
//! standard error and decides the exit code.
//!
//! The package is a program. Its code is a library only for the fuzzer, and promises nothing to other packages.

#![forbid(unsafe_code)]

mod blocking;
mod bounded;
mod child;
mod cli;
mod commands;
mod console;
mod descriptors;
mod diagnostics;
mod error_format;
mod failure;
mod help_topics;
mod leases;
mod log_writer;
mod nearest;
mod output;
#[doc(hidden)]
pub mod readers;
mod refused_arguments;
mod replaced_file;
mod report;
mod runtime;
mod secret;
mod service_address;
mod setting_error;
mod settings;
mod stop_signal;
#[cfg(unix)]
mod terminal;
mod time_format;
mod toml_section;
mod transports;
mod variable;

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};

use self::{cli::Cli, error_format::ErrorFormat, failure::Failure};

/// Runs the command with the arguments of the process.
#[doc(hidden)]
#[must_use]
pub fn main() -> ExitCode {
    match Cli::try_parse() {
        Ok(cli) => run(&cli),
        Err(error) if error.use_stderr() => {
            let arguments = std::env::args_os().skip(1);
            let shown: Vec<_> = arguments.map(|argument| argument.to_string_lossy().into_owned()).collect();
            let error = refused_arguments::refused(error, Cli::command(), &shown);
            refuse_arguments(&error, ErrorFormat::of_refused(std::env::args_os().skip(1)))
        }
        Err(help_or_version) => match output::check_stdout().and_then(|()| help_or_version.print()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => fail(&Failure::Output(error), ErrorFormat::Human),
        },
    }
}

fn run(cli: &Cli) -> ExitCode {
    if cli.command.complete(Cli::command) {
        return ExitCode::SUCCESS;
    }
    let console = match cli.console() {
        Ok(console) => console,
        Err(error) => return fail(&error.into(), ErrorFormat::Human),
    };
    if console.is_verbose() {
        diagnostics::show();
    }
    if let Err(error) = descriptors::check() {
        return fail(&Failure::Descriptors(error), console.error_format());
    }
    match runtime::run(commands::run(&cli.command, Cli::command, &console)) {
        Ok(code) => code,
        Err(failure) => fail(&failure, console.error_format()),
    }
}

/// Writes the failure to standard error and returns its exit code.
fn fail(failure: &Failure, format: ErrorFormat) -> ExitCode {
    match failure {
        Failure::Usage { subcommand, problem } => {
            refuse_arguments(&Cli::usage_error(subcommand, problem), format)
        }
        _ => report::write(failure, format),
    }
}

/// Writes a clap error: in clap's own format with colours and usage, or as a JSON object.
fn refuse_arguments(error: &clap::Error, format: ErrorFormat) -> ExitCode {
    let failure = Failure::Arguments(first_paragraph(error));
    match format {
        ErrorFormat::Json => report::write(&failure, format),
        ErrorFormat::Human => {
            // If standard error cannot be written, the exit code still shows the kind of the failure.
            let _ = error.print();
            failure.exit_code()
        }
    }
}

fn first_paragraph(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let first = text.split("\n\n").next().unwrap_or_default();
    first.trim_start_matches("error: ").trim_end().to_owned()
}
