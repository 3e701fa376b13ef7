//! `cg-auth token`: gets a delegated access token and prints or saves it, with `--watch` each new one.

mod arguments;
mod destination;
mod watch;

use std::io;

use cg_auth_core::{endpoint::Answer, model::DelegatedAccessToken, time::Now, token::Expiry};
use zeroize::Zeroizing;

pub(crate) use self::arguments::TokenArgs;
use self::destination::{Destination, save};
use super::{
    shared_token::shared_token,
    token_format::{Printable, TokenFormat},
};
use crate::{
    console::Console,
    failure::{Failure, Operation, ShortLived},
    leases::Leases,
    output,
    replaced_file::ReplacedFile,
    settings::Settings,
    stop_signal::StopSignal,
};

/// Gets a token and prints or saves it.
pub(crate) async fn run(args: &TokenArgs, console: &Console, leases: &Leases) -> Result<(), Failure> {
    args.check()?;
    let format = args.format.unwrap_or(TokenFormat::Raw);
    let settings = Settings::resolve_with_store(&args.service, &args.store, console)?;
    if settings.store().is_some() {
        args.check_with_store()?;
    }
    // A file that cannot be written must be an error before a token is issued.
    let refresh_token_file = args.refresh_token_out.as_deref().map(ReplacedFile::private).transpose()?;
    let destination = Destination::new(args.output.as_deref())?;
    let credential = settings.credential(console).await?;
    if let Some(store) = settings.open_store(None)? {
        let store = leases.tracked(store);
        let token = shared_token(&settings, store, &credential, args.min_lifetime, console).await?;
        return print(args, &Printable::of_issued(&token, &settings), destination);
    }
    let answer = settings.client()?.get_delegate_access_token(&credential).await;
    let answer = answer.map_err(|error| settings.failed_call(Operation::GetToken, error))?;
    tracing::debug!(status = answer.status.as_u16(), "the service has issued a token");
    let mut printable = Printable::of_answer(&answer, &settings);
    if args.with_refresh_token {
        printable = printable.with_refresh_token_of(&answer.value);
    }
    check_lifetime(args, printable.expiry())?;
    let saved = refresh_token_file.map(|file| save_refresh_token(file, &answer)).transpose();
    match saved {
        // The access token is good without the refresh token.
        Ok(_) | Err(Failure::NoRefreshToken { .. }) => destination.write(&printable.text(format)?)?,
        Err(_) => {}
    }
    saved.map(drop)
}

/// Prints or saves the token.
fn print(args: &TokenArgs, printable: &Printable<'_>, destination: Destination) -> Result<(), Failure> {
    check_lifetime(args, printable.expiry())?;
    destination.write(&printable.text(args.format.unwrap_or(TokenFormat::Raw))?)
}

fn check_lifetime(args: &TokenArgs, expiry: Expiry) -> Result<(), ShortLived> {
    let Some(required) = args.min_lifetime else { return Ok(()) };
    let option = || format!("--min-lifetime {}", humantime::format_duration(required));
    match expiry.remaining(Now::system()) {
        None => Err(ShortLived::Unknown { option: option() }),
        Some(left) if left < required => Err(ShortLived::Short { left, option: option() }),
        Some(_) => Ok(()),
    }
}

fn save_refresh_token(file: ReplacedFile, answer: &Answer<DelegatedAccessToken>) -> Result<(), Failure> {
    match answer.value.refresh_token() {
        Some(token) => {
            save(file, "the refresh token", &Zeroizing::new(format!("{}\n", token.expose_secret())))
        }
        None => Err(Failure::NoRefreshToken { file: file.path().display().to_string() }),
    }
}

/// Prints or saves each new token until a signal arrives or the reader of standard output closes it.
pub(crate) async fn watch(args: &TokenArgs, console: &Console, leases: &Leases) -> Result<(), Failure> {
    args.check()?;
    let mut stop = StopSignal::new().map_err(Failure::Runtime)?;
    tokio::select! {
        biased;
        outcome = watch::run(args, console, leases) => outcome,
        () = output::reader_gone(), if args.uses_stdout() => {
            Err(Failure::Output(io::ErrorKind::BrokenPipe.into()))
        }
        _ = stop.received() => Ok(()),
    }
}
