//! `cg-auth man [COMMAND]…`: a manual page.

use clap::{Args, Command};
use clap_mangen::Man;

use super::visible::visible;
use crate::{failure::Failure, help_topics, output};

#[derive(Args)]
pub(crate) struct ManArgs {
    /// The subcommand whose page is printed [default: the page of cg-auth itself].
    #[arg(value_name = "COMMAND")]
    subcommand: Vec<String>,
}

/// Prints the page of the command line that `cli` describes, or of one subcommand. Its first line says where
/// to save it.
pub(crate) fn run(args: &ManArgs, cli: &Command) -> Result<(), Failure> {
    let mut cli = visible(cli);
    cli.build();
    let page =
        if args.subcommand.is_empty() { with_topics(cli) } else { find(&cli, &args.subcommand)?.clone() };
    let name = page.get_display_name().unwrap_or_else(|| page.get_name()).to_owned();
    let words: String = args.subcommand.iter().map(|word| format!(" {word}")).collect();
    let mut text = install_line(&name, &words).into_bytes();
    Man::new(page).render(&mut text).map_err(Failure::Output)?;
    output::to_stdout(&String::from_utf8_lossy(&text)).map_err(Failure::Output)
}

fn install_line(name: &str, words: &str) -> String {
    format!(".\\\" Install: cg-auth man{words} > ~/.local/share/man/man1/{name}.1\n")
}

fn find<'a>(cli: &'a Command, words: &[String]) -> Result<&'a Command, Failure> {
    let problem = "no such subcommand; cg-auth --help lists them";
    words
        .iter()
        .try_fold(cli, |command, word| command.find_subcommand(word))
        .ok_or(Failure::Usage { subcommand: "man", problem })
}

/// Adds the topics of `cg-auth help` to the main page.
fn with_topics(cli: Command) -> Command {
    cli.after_long_help(format!("{}\n\n{}", help_topics::exit_codes(), help_topics::environment()))
}
