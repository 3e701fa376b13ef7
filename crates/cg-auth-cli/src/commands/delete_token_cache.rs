//! `cg-auth delete-token-cache`: deletes the tokens that the service has cached.

use clap::Args;

use super::{confirmation, store::Entry};
use crate::{
    console::Console,
    failure::{Failure, Operation},
    output,
    settings::{ServiceArgs, Settings, StoreArgs},
};
use cg_auth_core::causes::cause_chain;

#[derive(Args)]
pub(crate) struct DeleteTokenCacheArgs {
    /// Do not ask for confirmation; required without a terminal.
    #[arg(long)]
    yes: bool,

    #[command(flatten)]
    service: ServiceArgs,

    #[command(flatten)]
    store: StoreArgs,
}

/// Asks for confirmation, unless `--yes` was given, deletes the cache, and then removes the entry in the store.
pub(crate) async fn run(args: &DeleteTokenCacheArgs, console: &Console) -> Result<(), Failure> {
    confirmation::check("delete-token-cache", args.yes, console)?;
    let settings = Settings::resolve_with_store(&args.service, &args.store, console)?;
    if !args.yes {
        let question = format!(
            "Delete the token cache of {} as {}? Other programs then have to get new tokens.",
            settings.base_url, settings.user_principal_name
        );
        confirmation::confirm(&question).await?;
    }
    let credential = settings.credential(console).await?;
    let entry = Entry::of(&settings, &credential)?;
    let answer = settings.client()?.delete_token_cache(&credential).await;
    let answer = answer.map_err(|error| settings.failed_call(Operation::DeleteTokenCache, error))?;
    tracing::debug!(status = answer.status.as_u16(), "the service has deleted its token cache");
    if let Some(entry) = entry
        && let Err(failure) = entry.remove().await
    {
        console.warn(&format!("the token stays in the store: {}", cause_chain(&failure)));
    }
    output::to_stdout("the service has deleted its token cache\n").map_err(Failure::Output)
}
