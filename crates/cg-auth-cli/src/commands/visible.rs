//! [`visible`]: the command line without its hidden subcommands.

use clap::Command;

/// `cli` without hidden subcommands, which the generators of completion scripts would list.
pub(super) fn visible(cli: &Command) -> Command {
    let shown = cli.get_subcommands().filter(|command| !command.is_hide_set()).cloned();
    Command::new("cg-auth")
        .version(env!("CARGO_PKG_VERSION"))
        .about(cli.get_about().cloned().unwrap_or_default())
        .args(cli.get_arguments().cloned())
        .subcommands(shown)
}
