//! `cg-auth delete-token-cache`: deletes the tokens that the service has cached.

use std::io;

use clap::Args;

use crate::{
    blocking::blocking,
    console::Console,
    failure::{Failure, Operation},
    output,
    settings::{ServiceArgs, Settings},
};

#[derive(Args)]
pub(crate) struct DeleteTokenCacheArgs {
    /// Do not ask for confirmation; required without a terminal.
    #[arg(long)]
    yes: bool,

    #[command(flatten)]
    service: ServiceArgs,
}

/// Asks for confirmation, unless `--yes` was given, and deletes the cache.
pub(crate) async fn run(args: &DeleteTokenCacheArgs, console: &Console) -> Result<(), Failure> {
    if !args.yes && !console.can_prompt() {
        let problem = "no terminal to confirm on; pass --yes";
        return Err(Failure::Usage { subcommand: "delete-token-cache", problem });
    }
    let settings = Settings::resolve(&args.service, console)?;
    if !args.yes {
        confirm(&settings).await?;
    }
    let credential = settings.credential(console).await?;
    let answer = settings.client()?.delete_token_cache(&credential).await;
    let answer = answer.map_err(|error| settings.failed_call(Operation::DeleteTokenCache, error))?;
    tracing::debug!(status = answer.status.as_u16(), "the service has deleted its token cache");
    output::to_stdout("the service has deleted its token cache\n").map_err(Failure::Output)
}

async fn confirm(settings: &Settings) -> Result<(), Failure> {
    output::to_stderr(&format!(
        "Delete the token cache of {} as {}? Other programs then have to get new tokens. [y/N] ",
        settings.base_url, settings.user_principal_name
    ));
    let answer = blocking(|| {
        let mut line = String::new();
        io::stdin().read_line(&mut line).map(|_| line)
    });
    match answer.await {
        Ok(line) if is_yes(&line) => Ok(()),
        _ => Err(Failure::Declined),
    }
}

fn is_yes(line: &str) -> bool {
    let word = line.trim();
    word.eq_ignore_ascii_case("y") || word.eq_ignore_ascii_case("yes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_y_and_yes_confirm() {
        assert!(["y\n", "Yes\r\n", " y \n"].into_iter().all(is_yes));
        assert!(!["", "\n", "n\n", "yess\n", "да\n"].into_iter().any(is_yes));
    }
}
