//! `cg-auth delete-token-cache`: the service forgets its cached tokens.

use std::io;

use clap::Args;

use crate::{
    console::Console,
    failure::Failure,
    output,
    runtime::blocking,
    settings::{ServiceArgs, Settings},
};

#[derive(Args)]
pub(crate) struct DeleteTokenCacheArgs {
    /// Does not ask; needed where nobody can be asked.
    #[arg(long)]
    yes: bool,

    #[command(flatten)]
    service: ServiceArgs,
}

/// Asks, unless told not to, and deletes.
pub(crate) async fn run(args: &DeleteTokenCacheArgs, console: &Console) -> Result<(), Failure> {
    if !args.yes && !console.may_ask() {
        return Err(Failure::usage(
            "delete-token-cache",
            "there is no terminal to ask at: --yes deletes without asking",
        ));
    }
    let settings = Settings::resolve(&args.service, console)?;
    if !args.yes {
        confirm(&settings).await?;
    }
    let credential = settings.credential(console).await?;
    let answer = settings.client()?.delete_token_cache(&credential).await;
    let answer = answer.map_err(Failure::DeleteTokenCache)?;
    tracing::debug!(status = answer.status.as_u16(), "the token cache was deleted");
    output::to_stdout("the service has deleted its token cache\n").map_err(Failure::Output)
}

async fn confirm(settings: &Settings) -> Result<(), Failure> {
    output::to_stderr(&format!(
        "Delete the token cache of {}, as {}? Other programs then have to get new tokens. [y/N] ",
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
    fn only_a_clear_yes_is_one() {
        assert!(["y\n", "Yes\r\n", " y \n"].into_iter().all(is_yes));
        assert!(!["", "\n", "n\n", "yess\n", "да\n"].into_iter().any(is_yes));
    }
}
