//! `cg-auth token`: one delegated access token on standard output.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cg_auth_core::{
    AuthClient,
    endpoint::Answer,
    model::DelegatedAccessToken,
    time::Now,
    token::{DurationUnit, Expiry},
};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::{
    args::{TokenArgs, TokenFormat},
    block_on,
    failure::Failure,
    output,
    settings::Settings,
    transports,
};

/// Gets a token and prints it.
pub(crate) fn run(args: &TokenArgs) -> Result<(), Failure> {
    let settings = Settings::resolve(&args.service)?;
    let answer = block_on(acquire(&settings))??;
    let text = match args.format {
        TokenFormat::Raw => Zeroizing::new(format!("{}\n", answer.value.access_token().expose_secret())),
        TokenFormat::Json => json(&answer, &settings)?,
    };
    output::to_stdout(&text).map_err(Failure::Output)
}

async fn acquire(settings: &Settings) -> Result<Answer<DelegatedAccessToken>, Failure> {
    let transport = transports::build(settings.transport, settings.ca_pem.as_deref())?;
    let client = AuthClient::new(settings.base_url.clone(), transport).with_timeout(settings.timeout);
    Ok(client.get_delegate_access_token(&settings.credential).await?)
}

/// What `--format json` prints; the names are a promise to scripts.
#[derive(Serialize)]
struct Printed<'a> {
    access_token: &'a str,
    /// RFC 3339 in UTC.
    expires_at: Option<String>,
    /// Whole seconds from now.
    expires_in: Option<u64>,
    expiry_source: &'static str,
    duration: i64,
    user_principal_name: &'a str,
    base_url: &'a str,
}

fn json(answer: &Answer<DelegatedAccessToken>, settings: &Settings) -> Result<Zeroizing<String>, Failure> {
    let expiry = Expiry::of_answer(answer, DurationUnit::default());
    let printed = Printed {
        access_token: answer.value.access_token().expose_secret(),
        expires_at: expiry.expires_at().and_then(rfc3339),
        expires_in: expiry.remaining(Now::system()).map(|left| left.as_secs()),
        expiry_source: expiry.source().as_str(),
        duration: answer.value.duration(),
        user_principal_name: settings.credential.user_principal_name().as_str(),
        base_url: settings.base_url.as_str(),
    };
    let mut text = Zeroizing::new(serde_json::to_string(&printed).map_err(Failure::Json)?);
    text.push('\n');
    Ok(text)
}

/// The moment in RFC 3339, or `None` where its year has no four digits.
fn rfc3339(moment: SystemTime) -> Option<String> {
    let since_1970 = moment.duration_since(UNIX_EPOCH).ok()?;
    (since_1970 < YEAR_10000).then(|| humantime::format_rfc3339_seconds(moment).to_string())
}

/// The beginning of the year 10000, since 1970.
const YEAR_10000: Duration = Duration::from_secs(253_402_300_800);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_without_a_four_digit_year_is_not_written() {
        let at = |seconds| rfc3339(UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!(at(0).as_deref(), Some("1970-01-01T00:00:00Z"));
        assert_eq!(at(253_402_300_799).as_deref(), Some("9999-12-31T23:59:59Z"));
        assert_eq!(at(253_402_300_800), None);
        assert_eq!(rfc3339(UNIX_EPOCH - Duration::from_secs(1)), None);
    }
}
