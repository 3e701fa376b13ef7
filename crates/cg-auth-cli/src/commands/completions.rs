//! `cg-auth completions SHELL`: a completion script, for packagers and shell profiles.

use clap::{Args, CommandFactory as _};
use clap_complete::{Shell, generate};

use crate::{cli::Cli, failure::Failure, output};

#[derive(Args)]
pub(crate) struct CompletionsArgs {
    /// The shell that reads the script.
    shell: Shell,
}

/// Prints the script.
pub(crate) fn run(args: &CompletionsArgs) -> Result<(), Failure> {
    let mut script = Vec::new();
    generate(args.shell, &mut Cli::command(), "cg-auth", &mut script);
    output::to_stdout(&String::from_utf8_lossy(&script)).map_err(Failure::Output)
}
