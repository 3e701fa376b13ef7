//! `cg-auth completions SHELL`: a completion script, for packagers and shell profiles.

use clap::{Args, Command};
use clap_complete::{Shell, generate};

use crate::{failure::Failure, output};

#[derive(Args)]
pub(crate) struct CompletionsArgs {
    /// The shell that reads the script.
    shell: Shell,
}

/// Prints the script for the command line that `cli` describes.
pub(crate) fn run(args: &CompletionsArgs, mut cli: Command) -> Result<(), Failure> {
    let mut script = Vec::new();
    generate(args.shell, &mut cli, "cg-auth", &mut script);
    output::to_stdout(&String::from_utf8_lossy(&script)).map_err(Failure::Output)
}
