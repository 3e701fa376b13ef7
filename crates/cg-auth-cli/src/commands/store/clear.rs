//! `cg-auth store clear`: removes the entry of the user.

use clap::Args;

use super::entry::Entry;
use crate::{
    commands::confirmation,
    console::Console,
    failure::Failure,
    output,
    setting_error::SettingError,
    settings::{ServiceArgs, StoreArgs},
};

#[derive(Args)]
pub(super) struct ClearArgs {
    /// Do not ask for confirmation; required without a terminal.
    #[arg(long)]
    yes: bool,

    #[command(flatten)]
    service: ServiceArgs,

    #[command(flatten)]
    store: StoreArgs,
}

pub(super) async fn run(args: &ClearArgs, console: &Console) -> Result<(), Failure> {
    confirmation::check("store clear", args.yes, console)?;
    let settings = Entry::settings(&args.service, &args.store, console)?;
    let user = &settings.user_principal_name;
    if !args.yes {
        let store = settings.store().map(|store| store.value.to_string()).unwrap_or_default();
        let question = format!(
            "Remove the token of {user} at {} from the store {store}? The next process acquires another one.",
            settings.base_url
        );
        confirmation::confirm(&question).await?;
    }
    let credential = settings.credential(console).await?;
    let entry = Entry::of(&settings, &credential)?.ok_or(SettingError::NoStore)?;
    entry.remove().await?;
    output::to_stdout(&format!("the store holds nothing of {user}\n")).map_err(Failure::Output)
}
