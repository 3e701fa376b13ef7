//! `cg-auth store`: the entry of the user in the store that processes share. It makes no call to the service.

mod clear;
mod entry;
mod show;

use clap::{Args, Subcommand};

pub(super) use self::entry::Entry;
use self::{clear::ClearArgs, show::ShowArgs};
use super::list_format::ListFormat;
use crate::{console::Console, failure::Failure};

#[derive(Args)]
#[command(disable_help_subcommand = true)]
pub(crate) struct StoreCommandArgs {
    #[command(subcommand)]
    command: StoreCommand,
}

#[derive(Subcommand)]
enum StoreCommand {
    /// Show how long the token, the lease and the cool-down last; the token itself is not shown.
    ///
    /// Reads the client secret, which names the entry and opens it. Makes no request, and takes no lease.
    Show(ShowArgs),
    /// Remove the token, the lease and the cool-down of the user; the next command acquires a token.
    Clear(ClearArgs),
}

impl StoreCommandArgs {
    pub(crate) fn prints_json(&self) -> bool {
        matches!(&self.command, StoreCommand::Show(args) if args.format == ListFormat::Json)
    }
}

/// Shows or clears the entry of the user.
pub(crate) async fn run(args: &StoreCommandArgs, console: &Console) -> Result<(), Failure> {
    match &args.command {
        StoreCommand::Show(args) => show::run(args, console).await,
        StoreCommand::Clear(args) => clear::run(args, console).await,
    }
}
