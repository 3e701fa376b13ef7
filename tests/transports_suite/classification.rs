//! Contract rule 6: the table of `cg_auth_core::transport`, played row by row, and rule 9 for each.

use std::{error::Error as StdError, fmt::Debug, iter::successors};

use cg_auth_core::CallError;

use super::{
    proxies::CREDENTIALS,
    subject::{Subject, credential, refresh_token},
};

#[path = "classification/body.rs"]
pub(crate) mod body;
#[path = "classification/certificates.rs"]
pub(crate) mod certificates;
#[path = "classification/connecting.rs"]
pub(crate) mod connecting;
#[path = "classification/head.rs"]
pub(crate) mod head;
#[path = "classification/http2.rs"]
pub(crate) mod http2;
#[path = "classification/kept.rs"]
pub(crate) mod kept;
#[path = "classification/proxies.rs"]
pub(crate) mod proxies;

const TABLE: &str = include_str!("../../crates/cg-auth-core/docs/failures.md");

/// A failure, and what its error has to say.
#[derive(Debug)]
pub(crate) struct Row {
    failure: &'static str,
    is: [&'static str; 3],
    /// Where nothing is to be said, a dash.
    says: &'static str,
}

/// Who plays a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Played {
    ByAll,
    WhereConnectionsAreKept,
    /// They have a proxy and a client certificate.
    WhereThereAreSettings,
}

impl Row {
    /// The row that is played by the function `name`, for the transport `T`.
    pub(crate) fn of<T: Subject>(name: &str) -> Self {
        let row = rows().find(|row| row.name() == name);
        let row = row.unwrap_or_else(|| panic!("the table has no row for {name}"));
        if T::ADVISES { row } else { Self { says: NOTHING, ..row } }
    }

    /// Its failure, as the name of a function.
    fn name(&self) -> String {
        let words = self.failure.split(|character: char| !character.is_ascii_alphanumeric());
        words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join("_").to_ascii_lowercase()
    }

    fn played(&self) -> Played {
        match self.failure.split(' ').next() {
            Some("kept") => Played::WhereConnectionsAreKept,
            Some("client" | "proxy") => Played::WhereThereAreSettings,
            _ => Played::ByAll,
        }
    }

    /// The call ended as the row says, and no word of a secret got into its error.
    pub(crate) fn check<T: Debug>(&self, result: Result<T, CallError>) {
        let Err(error) = result else {
            assert_eq!(self.is, [NOTHING; 3], "{} was no failure", self.failure);
            return;
        };
        let chain = || successors(Some(&error as &dyn StdError), |&error| error.source());
        let told: String = chain().map(|error| format!("{error}: ")).collect();
        let shown: String = chain().map(|error| format!("{error} {error:?} ")).collect();
        let transport = error.as_transport().unwrap_or_else(|| panic!("{}: {shown}", self.failure));
        let (kind, recovery) = (format!("`{:?}`", transport.kind()), format!("`{:?}`", transport.recovery()));
        let sent = if transport.may_have_been_sent() { "yes" } else { "no" };
        assert_eq!([&*kind, sent, &*recovery], self.is, "{}: {shown}", self.failure);
        let is_advised = self.says == NOTHING || told.contains(self.says);
        assert!(is_advised, "{}: {:?} is not in: {told}", self.failure, self.says);

        let (credential, refresh_token) = (credential(), refresh_token());
        let secrets = [credential.client_secret().expose_secret(), refresh_token.expose_secret(), "at-1"];
        for secret in secrets.into_iter().chain(CREDENTIALS) {
            assert!(!shown.contains(secret), "{}: {shown}", self.failure);
        }
    }
}

const NOTHING: &str = "—";

/// Every row has its player, and every player its row.
pub(crate) fn check_players(players: &[&str], played: Played) {
    let rows = rows().filter(|row| row.played() == played);
    let mut rows: Vec<String> = rows.map(|row| row.name()).collect();
    rows.sort();
    let mut players = players.to_vec();
    players.sort_unstable();
    assert_eq!(rows, players);
}

fn rows() -> impl Iterator<Item = Row> {
    TABLE.lines().filter(|line| line.starts_with('|')).skip(2).map(|line| {
        let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [failure, kind, sent, recovery, says] = cells[..] else { panic!("{line}") };
        Row { failure, is: [kind, sent, recovery], says }
    })
}
