//! `cg-auth man [COMMAND]`: a manual page, for packagers.

use clap::{Args, Command};
use clap_mangen::Man;

use crate::{failure::Failure, help_topics, output};

#[derive(Args)]
pub(crate) struct ManArgs {
    /// The subcommand whose page is printed [default: the page of cg-auth itself].
    command: Option<String>,
}

/// Prints the page of the command line that `cli` describes, or of one subcommand.
pub(crate) fn run(args: &ManArgs, mut cli: Command) -> Result<(), Failure> {
    cli.build();
    let page = match &args.command {
        None => Man::new(with_topics(cli)),
        Some(name) => {
            let problem = "no such subcommand; cg-auth --help lists them";
            let subcommand = cli.find_subcommand(name).cloned();
            Man::new(subcommand.ok_or(Failure::Usage { subcommand: "man", problem })?)
        }
    };
    let mut text = Vec::new();
    page.render(&mut text).map_err(Failure::Output)?;
    output::to_stdout(&String::from_utf8_lossy(&text)).map_err(Failure::Output)
}

/// Adds the topics of `cg-auth help` to the main page.
fn with_topics(cli: Command) -> Command {
    cli.after_long_help(format!("{}\n\n{}", help_topics::exit_codes(), help_topics::environment()))
}
