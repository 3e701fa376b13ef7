//! `cg-auth refresh`: exchanges a refresh token for a new access token.

mod locked_file;

use std::path::{Path, PathBuf};

use cg_auth_core::model::RefreshToken;
use clap::Args;
use zeroize::Zeroizing;

use self::locked_file::LockedFile;
use super::token_format::{Printable, TokenFormat};
use crate::{
    console::Console,
    failure::{Failure, Operation},
    output,
    replaced_file::ReplacedFile,
    secret::{SecretLabel, SecretOrigin},
    setting_error::SettingError,
    settings::{ServiceArgs, Settings},
    variable,
};

#[derive(Args)]
pub(crate) struct RefreshArgs {
    /// The format of the output [default: json, the only format that holds the refresh token].
    #[arg(long, short = 'o', value_enum, value_name = "FORMAT")]
    format: Option<TokenFormat>,

    /// The file that holds the refresh token; `-` is standard input, which is also the default if
    /// CG_AUTH_REFRESH_TOKEN is not set.
    #[arg(long, value_name = "FILE")]
    refresh_token_file: Option<PathBuf>,

    /// Replace the refresh token in the file of --refresh-token-file before anything is printed. Owner and
    /// mode of the file stay. The file is locked: a second process waits, at most --timeout, and then uses
    /// the new token.
    #[arg(long)]
    update: bool,

    #[command(flatten)]
    service: ServiceArgs,
}

impl RefreshArgs {
    pub(crate) fn prints_json(&self) -> bool {
        self.format == Some(TokenFormat::Json)
    }
}

/// Exchanges the refresh token, saves the new one if `--update` was given, and prints the access token.
pub(crate) async fn run(args: &RefreshArgs, console: &Console) -> Result<(), Failure> {
    let origin = refresh_token_origin(args)?;
    let place = match origin {
        SecretOrigin::Text(_) => format!("{origin} ({})", variable::REFRESH_TOKEN.name),
        _ => origin.to_string(),
    };
    let settings = Settings::resolve(&args.service, console)?;
    if matches!(origin, SecretOrigin::StandardInput) && settings.reads_standard_input() {
        return Err(usage(
            "the client secret and the refresh token cannot both come from standard input; use a file for one",
        ));
    }
    let updated_file = if args.update { Some(updated_file(&origin)?.to_owned()) } else { None };
    // The secret is read before the lock is taken, because a prompt would keep other processes waiting.
    let credential = settings.credential(console).await?;
    let label = SecretLabel::refresh_token(&settings.user_principal_name, &settings.address());
    let (old, file) = match updated_file {
        Some(path) => {
            let locked = LockedFile::open(&path, settings.timeout(), console).await?;
            let old = locked.read(&label, console)?;
            // A file that cannot be replaced must be an error before the call uses up the old token.
            let successor = ReplacedFile::like(&path, locked.metadata())?;
            (old, Some((locked, successor)))
        }
        None => {
            output::reserve_stdout(RESERVED).map_err(Failure::Output)?;
            (origin.read(&label, *console).await?, None)
        }
    };
    let old = RefreshToken::new(old.as_str()).map_err(|error| SettingError::from(error).at(&place))?;

    let answer = settings.client()?.refresh_user_access_token(&credential, &old).await;
    let answer = answer
        .map_err(|error| settings.failed_call(Operation::RefreshToken, error).with_refresh_token(place))?;
    tracing::debug!(status = answer.status.as_u16(), "the service has issued a token");
    let printable = Printable::of_answer(&answer, &settings).with_refresh_token_of(&answer.value);
    let format = args.format.unwrap_or(TokenFormat::Json);
    let rotated = answer.value.refresh_token().filter(|new| **new != old);
    match (file, rotated) {
        (Some((_locked, successor)), Some(new)) => {
            if let Err(failure) = replace(successor, new) {
                // JSON is printed, because it holds the new refresh token, which would otherwise be lost.
                let printed = output::to_stdout(&printable.text(TokenFormat::Json)?);
                printed.map_err(|source| Failure::Lost {
                    way: "neither be written into its file nor printed",
                    source,
                })?;
                return Err(failure);
            }
        }
        (None, Some(_)) if format != TokenFormat::Json => console.warn(
            "the new refresh token was neither printed nor saved; use --update or --format json to keep it",
        ),
        (None, Some(_)) => {
            let printed = output::to_stdout(&printable.text(format)?);
            return printed.map_err(|source| Failure::Lost { way: "not be printed", source });
        }
        _ => {}
    }
    output::to_stdout(&printable.text(format)?).map_err(Failure::Output)
}

fn replace(file: ReplacedFile, token: &RefreshToken) -> Result<(), Failure> {
    let path = file.path().display().to_string();
    file.replace(&Zeroizing::new(format!("{}\n", token.expose_secret())))
        .map_err(|source| Failure::NotKept { file: path, source })
}

fn refresh_token_origin(args: &RefreshArgs) -> Result<SecretOrigin, SettingError> {
    Ok(match (&args.refresh_token_file, variable::REFRESH_TOKEN.secret()) {
        (Some(path), _) => SecretOrigin::file(path),
        (None, text) => text?.map_or(SecretOrigin::StandardInput, SecretOrigin::Text),
    })
}

fn updated_file(origin: &SecretOrigin) -> Result<&Path, Failure> {
    match origin {
        SecretOrigin::File(path) => Ok(path),
        _ => Err(usage("--update needs --refresh-token-file with the name of a file")),
    }
}

const fn usage(problem: &'static str) -> Failure {
    Failure::Usage { subcommand: "refresh", problem }
}

/// The room for the answer on standard output: more than any token that a header can carry.
const RESERVED: u64 = 64 * 1024;
