//! `cg-auth store show`: the lifetimes in the entry of the user, and never the token.

use std::time::SystemTime;

use cg_auth_core::{
    time::Now,
    token::store::{EntryState, StoredLifetime},
};
use serde::Serialize;

use clap::Args;

use super::entry::Entry;
use crate::{
    commands::list_format::ListFormat,
    console::Console,
    failure::Failure,
    output::{self, escaped},
    setting_error::SettingError,
    settings::{ServiceArgs, Settings, StoreArgs},
    time_format::{brief, distance, rfc3339},
};

#[derive(Args)]
pub(super) struct ShowArgs {
    /// The format of the output.
    #[arg(long, short = 'o', value_enum, default_value_t, value_name = "FORMAT")]
    pub(super) format: ListFormat,

    #[command(flatten)]
    service: ServiceArgs,

    #[command(flatten)]
    store: StoreArgs,
}

/// The output of `--format json`. Scripts depend on the names. Times are whole seconds from now, rounded down.
#[derive(Serialize)]
struct Printed {
    version: u8,
    store: String,
    user_principal_name: String,
    base_url: String,
    token: Option<PrintedToken>,
    /// Whether the service has issued the same token again.
    nothing_newer: bool,
    lease: Option<PrintedLease>,
    cool_down: Option<PrintedCoolDown>,
    /// How many acquisitions have failed in a row.
    failures: u32,
    unreadable: bool,
}

#[derive(Serialize)]
struct PrintedToken {
    /// Null if the lifetime is unknown.
    expires_at: Option<String>,
    expires_in: Option<u64>,
    lifetime: Option<u64>,
    /// Until the store forgets it.
    kept_for: u64,
}

#[derive(Serialize)]
struct PrintedLease {
    ends_in: u64,
}

#[derive(Serialize)]
struct PrintedCoolDown {
    ends_in: u64,
    failures: u32,
    kind: String,
    recovery: &'static str,
    status: Option<u16>,
}

pub(super) async fn run(args: &ShowArgs, console: &Console) -> Result<(), Failure> {
    let settings = Entry::settings(&args.service, &args.store, console)?;
    let credential = settings.credential(console).await?;
    let entry = Entry::of(&settings, &credential)?.ok_or(SettingError::NoStore)?;
    let state = entry.inspect().await?;
    let now = Now::system().wall();
    let text = match args.format {
        ListFormat::Human => {
            let place = format!("{} ({})", entry.chosen().value, entry.chosen().origin);
            let user = format!("{} at {}", settings.user_principal_name, settings.address());
            let first = [format!("store: {place}"), format!("user: {user}")];
            let lines = first.into_iter().chain(lines(&state, now));
            lines.map(|line| escaped(&line) + "\n").collect()
        }
        ListFormat::Json => output::json_line(&printed(&state, &entry, &settings, now)),
    };
    output::to_stdout(&text).map_err(Failure::Output)
}

/// The entry for a person.
fn lines(state: &EntryState, now: SystemTime) -> [String; 3] {
    let token = match state.token {
        Some(token) => described(&token, now),
        None if state.is_unreadable => "cannot be read; the next acquisition replaces it".to_owned(),
        None => "none".to_owned(),
    };
    let renewal = if state.has_nothing_newer { "; the service has nothing newer" } else { "" };
    let lease = match state.lease {
        Some(left) => format!("another process acquires; its lease ends in {}", brief(left)),
        None => "none".to_owned(),
    };
    let cool_down = match (&state.cool_down, state.failures) {
        (Some(it), _) => {
            format!("ends in {}, after {}: {}", brief(it.left), in_a_row(it.failures), it.failure)
        }
        (None, 0) => "none".to_owned(),
        (None, failures) => format!("over, after {}", in_a_row(failures)),
    };
    [format!("token: {token}{renewal}"), format!("lease: {lease}"), format!("cool-down: {cool_down}")]
}

fn described(token: &StoredLifetime, now: SystemTime) -> String {
    let StoredLifetime { lifetime, left } = *token;
    let Some(lifetime) = lifetime else {
        return format!("expires at an unknown time; the store keeps it for {}", brief(left));
    };
    let expires_at = now.checked_add(left);
    let time = expires_at.and_then(rfc3339).map(|time| format!(" ({time})")).unwrap_or_default();
    let distance = expires_at.map_or_else(|| "in ages".to_owned(), |time| distance(time, now));
    format!("expires {distance}{time}, of a lifetime of {}", brief(lifetime))
}

/// A failure of one process alone counts as none.
fn in_a_row(failures: u32) -> String {
    match failures {
        0 => "a failure of one process".to_owned(),
        1 => "1 failure".to_owned(),
        count => format!("{count} failures in a row"),
    }
}

fn printed(state: &EntryState, entry: &Entry, settings: &Settings, now: SystemTime) -> Printed {
    Printed {
        version: 1,
        store: entry.chosen().value.to_string(),
        user_principal_name: settings.user_principal_name.to_string(),
        base_url: settings.base_url.to_string(),
        token: state.token.map(|StoredLifetime { lifetime, left }| PrintedToken {
            expires_at: lifetime.and_then(|_| rfc3339(now.checked_add(left)?)),
            expires_in: lifetime.map(|_| left.as_secs()),
            lifetime: lifetime.map(|lifetime| lifetime.as_secs()),
            kept_for: left.as_secs(),
        }),
        nothing_newer: state.has_nothing_newer,
        lease: state.lease.map(|left| PrintedLease { ends_in: left.as_secs() }),
        cool_down: state.cool_down.as_ref().map(|it| PrintedCoolDown {
            ends_in: it.left.as_secs(),
            failures: it.failures,
            kind: it.failure.kind().to_owned(),
            recovery: it.failure.recovery().as_str(),
            status: it.failure.status(),
        }),
        failures: state.failures,
        unreadable: state.is_unreadable,
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use cg_auth_core::{
        Recovery,
        token::store::{CoolDown, SharedFailure},
    };

    use super::*;

    fn shown(change: impl FnOnce(&mut EntryState)) -> [String; 3] {
        let mut state = EntryState::default();
        change(&mut state);
        lines(&state, UNIX_EPOCH)
    }

    const fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    #[test]
    fn an_empty_entry_has_nothing() {
        assert_eq!(shown(|_| ()), ["token: none", "lease: none", "cool-down: none"]);
    }

    #[test]
    fn a_token_is_shown_with_its_lifetime_and_what_is_left_of_it() {
        let token =
            |lifetime, left| shown(|state| state.token = Some(StoredLifetime { lifetime, left }))[0].clone();
        assert_eq!(
            token(Some(seconds(3600)), seconds(3000)),
            "token: expires in 50 minutes (1970-01-01T00:50:00Z), of a lifetime of 1h"
        );
        assert_eq!(
            token(None, seconds(3000)),
            "token: expires at an unknown time; the store keeps it for 50m"
        );
        assert!(token(Some(Duration::MAX), Duration::MAX).starts_with("token: expires in ages"));
        let again = shown(|state| {
            state.token = Some(StoredLifetime { lifetime: None, left: seconds(60) });
            state.has_nothing_newer = true;
        });
        assert!(again[0].ends_with("for 1m; the service has nothing newer"), "{again:?}");
    }

    #[test]
    fn a_lease_and_a_cool_down_are_shown_with_their_ends_and_the_failure() {
        let held = shown(|state| state.lease = Some(seconds(5)));
        assert_eq!(held[1], "lease: another process acquires; its lease ends in 5 s");
        let cooling = |failures| {
            let failure = SharedFailure::new("api", Recovery::Retry, Some(503));
            let cool_down = CoolDown { left: seconds(8), failures, failure };
            shown(|state| (state.cool_down, state.failures) = (Some(cool_down), failures))[2].clone()
        };
        assert_eq!(cooling(1), "cool-down: ends in 8 s, after 1 failure: api, status 503");
        assert_eq!(cooling(4), "cool-down: ends in 8 s, after 4 failures in a row: api, status 503");
        assert_eq!(cooling(0), "cool-down: ends in 8 s, after a failure of one process: api, status 503");
        assert_eq!(shown(|state| state.failures = 2)[2], "cool-down: over, after 2 failures in a row");
    }

    #[test]
    fn a_token_that_cannot_be_read_is_told() {
        let unreadable = shown(|state| state.is_unreadable = true);
        assert_eq!(unreadable[0], "token: cannot be read; the next acquisition replaces it");
    }
}
