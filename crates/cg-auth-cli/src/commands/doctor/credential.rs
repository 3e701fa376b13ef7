//! The checks of the client secret and, with `--with-token`, of the token that it gets.

use std::{fs, path::Path};

use cg_auth_core::{
    ApiCredential,
    time::Now,
    token::{DurationUnit, Expiry},
};
use zeroize::Zeroizing;

use super::{
    check::{Finding, Name, Problem},
    permissions::Permissions,
    report::Report,
};
use crate::{
    bounded::{self, SECRET_LIMIT},
    console::Console,
    failure::{Failure, Operation},
    secret::SecretOrigin,
    settings::Settings,
    time_format::{distance, rfc3339},
};

/// Reads the client secret. A prompt asks only if `is_needed` for a token.
pub(super) async fn read(
    settings: &Settings,
    is_needed: bool,
    console: &Console,
    report: &mut Report,
) -> Result<Option<ApiCredential>, Failure> {
    let origin = &settings.secret().value;
    if matches!(origin, SecretOrigin::Prompt) && !is_needed {
        report.skip(Name::ClientSecret, "a prompt asks for it when a token is needed")?;
        return Ok(None);
    }
    let credential = match settings.credential(console).await {
        Ok(credential) => credential,
        Err(error) if error.is_interrupted() => return Err(error.into()),
        Err(error) => {
            report.add(Name::ClientSecret, Err(Problem::of_setting(&error)))?;
            return Ok(None);
        }
    };
    let length = credential.client_secret().expose_secret().len();
    let outcome = match origin {
        SecretOrigin::File(path) => in_file(path, length, &settings.secret().origin.to_string()),
        SecretOrigin::Text(_) => Ok(Finding::new(format!("{length} bytes ({})", settings.secret().origin))),
        origin => Ok(Finding::new(format!("{length} bytes, {origin} ({})", settings.secret().origin))),
    };
    report.add(Name::ClientSecret, outcome.map(|finding| finding.with_fact("bytes", length)))?;
    Ok(Some(credential))
}

/// Gets a token with `credential` and says when it expires.
pub(super) async fn get_token(
    settings: &Settings,
    credential: &ApiCredential,
    report: &mut Report,
) -> Result<(), Failure> {
    let client = match settings.client() {
        Ok(client) => client,
        Err(error) => {
            let call = settings.failed_call(Operation::GetToken, error);
            return report.add(Name::Token, Err(Problem::of_call(&call)));
        }
    };
    let outcome = match client.get_delegate_access_token(credential).await {
        Err(error) => Err(Problem::of_call(&settings.failed_call(Operation::GetToken, error))),
        Ok(answer) => {
            let expires_at = Expiry::of_answer(&answer, DurationUnit::default()).expires_at();
            let time =
                expires_at.and_then(|time| Some((rfc3339(time)?, distance(time, Now::system().wall()))));
            let user = &settings.user_principal_name;
            let detail = match &time {
                Some((time, distance)) => format!("issued for {user}, expires {distance} ({time})"),
                None => format!("issued for {user}, expires at an unknown time"),
            };
            Ok(Finding::new(detail).with_fact("expires_at", time.map(|(time, _)| time)))
        }
    };
    report.add(Name::Token, outcome)
}

/// The finding about a secret of `length` bytes in the file at `path`, which `origin` names.
fn in_file(path: &Path, length: usize, origin: &str) -> Result<Finding, Problem> {
    let file = path.display();
    let Ok(metadata) = fs::metadata(path) else {
        return Ok(Finding::new(format!("{length} bytes, in {file} ({origin})")));
    };
    let permissions = Permissions::of(&metadata);
    let problem = match permissions.can_be_changed {
        Some(problem) => Some(problem),
        None if permissions.can_be_read_by_all => Some("every user of this machine can read it".to_owned()),
        None => None,
    };
    if let Some(problem) = problem {
        let text = format!("{file} ({origin}, {}): {problem}", permissions.text);
        return Err(Problem::settings(text).with_fix(format!("chmod 600 {file}")));
    }
    let surroundings = if metadata.is_file() { surroundings(path) } else { "" };
    let mode = [", ", &permissions.text].concat();
    let mode = if permissions.text.is_empty() { "" } else { &mode };
    Ok(Finding::new(format!("{length} bytes, in {file} ({origin}{mode}){surroundings}")))
}

/// What stands around the secret in a regular file and is not part of it.
fn surroundings(path: &Path) -> &'static str {
    let bytes = bounded::read_file(path, SECRET_LIMIT).unwrap_or_else(|_| Zeroizing::default());
    let has_mark = bounded::without_mark(&bytes).len() < bytes.len();
    match (has_mark, bytes.ends_with(b"\n")) {
        (false, false) => "",
        (false, true) => "; the newline at its end does not count",
        (true, false) => "; its byte order mark does not count",
        (true, true) => "; its byte order mark and its newline do not count",
    }
}
