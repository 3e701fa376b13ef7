//! `cg-auth completions SHELL`: a completion script.
//!
//! The scripts for bash, zsh and fish ask `cg-auth __candidates` what can stand at the cursor, so they know the
//! names of the profiles. The generator of clap writes the other two. Its script for bash does not find the
//! subcommands of a program with a hyphen in its name (clap issues 6421 and 6529).

use clap::{Args, Command};
use clap_complete::{Shell, generate};

use super::visible::visible;
use crate::{failure::Failure, output};

#[derive(Args)]
pub(crate) struct CompletionsArgs {
    /// The shell that reads the script. Its first lines say where to save it.
    shell: Shell,
}

/// Prints the script. Those that are generated are for the command line that `cli` describes.
pub(crate) fn run(args: &CompletionsArgs, cli: &Command) -> Result<(), Failure> {
    let script = match args.shell {
        Shell::Bash => include_str!("completions/cg-auth.bash").to_owned(),
        Shell::Zsh => include_str!("completions/cg-auth.zsh").to_owned(),
        Shell::Fish => include_str!("completions/cg-auth.fish").to_owned(),
        shell => {
            let mut script = install_lines(shell).to_owned().into_bytes();
            generate(shell, &mut visible(cli), "cg-auth", &mut script);
            String::from_utf8_lossy(&script).into_owned()
        }
    };
    output::to_stdout(&script).map_err(Failure::Output)
}

const fn install_lines(shell: Shell) -> &'static str {
    match shell {
        Shell::PowerShell => {
            "# PowerShell completion of cg-auth. Add this line to the file that $PROFILE names:\n\
             #   cg-auth completions powershell | Out-String | Invoke-Expression\n"
        }
        Shell::Elvish => {
            "# elvish completion of cg-auth. Add this line to ~/.config/elvish/rc.elv:\n\
             #   eval (cg-auth completions elvish | slurp)\n"
        }
        _ => "",
    }
}
