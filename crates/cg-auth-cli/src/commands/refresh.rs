//! `cg-auth refresh`: another access token for a refresh token.

mod token_file;

use std::path::PathBuf;

use cg_auth_core::model::RefreshToken;
use clap::Args;

use self::token_file::TokenFile;
use super::token_format::{Printable, TokenFormat};
use crate::{
    console::Console,
    failure::Failure,
    output,
    secret::{self, SecretSource},
    settings::{ServiceArgs, SettingError, Settings, variable},
};

#[derive(Args)]
pub(crate) struct RefreshArgs {
    /// What is written to standard output [default: json, which alone holds the refresh token].
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub(crate) format: Option<TokenFormat>,

    /// A file that holds the refresh token; `-` is standard input, which is also the default where
    /// CG_AUTH_REFRESH_TOKEN is not set.
    #[arg(long, value_name = "FILE")]
    refresh_token_file: Option<PathBuf>,

    /// Writes the new refresh token into that file, for its owner alone, before anything is printed.
    #[arg(long)]
    update: bool,

    #[command(flatten)]
    service: ServiceArgs,
}

/// Exchanges the refresh token, keeps the new one where that is wanted, and prints the access token.
pub(crate) async fn run(args: &RefreshArgs, console: &Console) -> Result<(), Failure> {
    let source = refresh_token_source(args)?;
    let settings = Settings::resolve(&args.service, console)?;
    if matches!((&source, &settings.secret), (SecretSource::StandardInput, SecretSource::StandardInput)) {
        return Err(Failure::usage(
            "refresh",
            "the client secret and the refresh token cannot both come from standard input",
        ));
    }
    // Whatever could keep the new token from being written shows before the old one is spent.
    let file = args.update.then(|| updated_file(&source)).transpose()?;
    let credential = settings.credential(console).await?;
    let old = source.read(secret::REFRESH_TOKEN, *console).await?;
    let old = RefreshToken::new(old.as_str()).map_err(SettingError::from)?;

    let answer = settings.client()?.refresh_user_access_token(&credential, &old).await;
    let answer = answer.map_err(Failure::Refresh)?;
    tracing::debug!(status = answer.status.as_u16(), "a token was refreshed");
    let printable = Printable::of_answer(&answer, &settings).with_refresh_token_of(&answer.value);
    let format = args.format.unwrap_or(TokenFormat::Json);
    let rotated = answer.value.refresh_token().filter(|new| **new != old);
    match (file, rotated) {
        (Some(file), Some(new)) => {
            if let Err(failure) = file.replace(new) {
                // The only form that holds the refresh token: it must not be lost with this process.
                let printed = output::to_stdout(&printable.text(TokenFormat::Json)?);
                printed.map_err(|source| Failure::Lost {
                    way: "neither be written into its file nor printed",
                    source,
                })?;
                return Err(failure);
            }
        }
        (None, Some(_)) if format != TokenFormat::Json => console.warn(
            "the service issued another refresh token, which is not kept; --update or --format json keeps it",
        ),
        (None, Some(_)) => {
            let printed = output::to_stdout(&printable.text(format)?);
            return printed.map_err(|source| Failure::Lost { way: "not be printed", source });
        }
        _ => {}
    }
    output::to_stdout(&printable.text(format)?).map_err(Failure::Output)
}

fn refresh_token_source(args: &RefreshArgs) -> Result<SecretSource, SettingError> {
    Ok(match (&args.refresh_token_file, variable::REFRESH_TOKEN.secret()) {
        (Some(path), _) => SecretSource::file(path),
        (None, text) => text?.map_or(SecretSource::StandardInput, SecretSource::Text),
    })
}

fn updated_file(source: &SecretSource) -> Result<TokenFile, Failure> {
    match source {
        SecretSource::File(path) => Ok(TokenFile::prepare(path)?),
        _ => {
            Err(Failure::usage("refresh", "--update needs a --refresh-token-file other than standard input"))
        }
    }
}
