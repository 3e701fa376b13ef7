//! `cg-auth man [COMMAND]`: a manual page, for packagers.

use clap::{Args, Command, CommandFactory as _};
use clap_mangen::Man;

use crate::{cli::Cli, failure::Failure, help_topics, output};

#[derive(Args)]
pub(crate) struct ManArgs {
    /// The subcommand whose page is printed [default: the page of cg-auth itself].
    command: Option<String>,
}

/// Prints the page.
pub(crate) fn run(args: &ManArgs) -> Result<(), Failure> {
    let mut cli = Cli::command();
    cli.build();
    let page = match &args.command {
        None => Man::new(with_topics(cli)),
        Some(name) => {
            let command = cli.find_subcommand(name).cloned();
            Man::new(command.ok_or_else(|| Failure::usage("man", "there is no such subcommand"))?)
        }
    };
    let mut text = Vec::new();
    page.render(&mut text).map_err(Failure::Output)?;
    output::to_stdout(&String::from_utf8_lossy(&text)).map_err(Failure::Output)
}

/// The main page also holds what `cg-auth help` has topics for.
fn with_topics(cli: Command) -> Command {
    cli.after_long_help(format!("{}\n\n{}", help_topics::exit_codes(), help_topics::environment()))
}
