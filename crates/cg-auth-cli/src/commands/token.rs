//! `cg-auth token`: one delegated access token on standard output.

use clap::Args;

use super::token_format::{Printable, TokenFormat};
use crate::{
    console::Console,
    failure::Failure,
    output,
    settings::{ServiceArgs, Settings},
};

#[derive(Args)]
pub(crate) struct TokenArgs {
    /// What is written to standard output [default: raw].
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub(crate) format: Option<TokenFormat>,

    /// Prints the refresh token too, in the JSON form.
    #[arg(long)]
    with_refresh_token: bool,

    #[command(flatten)]
    service: ServiceArgs,
}

/// Gets a token and prints it.
pub(crate) async fn run(args: &TokenArgs, console: &Console) -> Result<(), Failure> {
    let format = args.format.unwrap_or(TokenFormat::Raw);
    if args.with_refresh_token && format != TokenFormat::Json {
        return Err(Failure::usage("token", "--with-refresh-token needs --format json"));
    }
    let settings = Settings::resolve(&args.service, console)?;
    let credential = settings.credential(console).await?;
    let answer = settings.client()?.get_delegate_access_token(&credential).await?;
    tracing::debug!(status = answer.status.as_u16(), "a token was issued");
    let printable =
        Printable { answer: &answer, settings: &settings, refresh_token: args.with_refresh_token };
    output::to_stdout(&printable.text(format)?).map_err(Failure::Output)
}
