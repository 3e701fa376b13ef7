//! Contract rule 6: the table of `cg_auth_core::transport`, played row by row, and rule 9 for each.

use std::{error::Error as StdError, fmt::Debug, iter::successors};

use cg_auth_core::Error;

use super::subject::{credential, refresh_token};

#[path = "classification/body.rs"]
pub(crate) mod body;
#[path = "classification/connecting.rs"]
pub(crate) mod connecting;
#[path = "classification/head.rs"]
pub(crate) mod head;
#[path = "classification/http2.rs"]
pub(crate) mod http2;
#[path = "classification/kept.rs"]
pub(crate) mod kept;

const TABLE: &str = include_str!("../../crates/cg-auth-core/docs/failures.md");

/// A failure, and what its error has to say.
#[derive(Debug)]
pub(crate) struct Row {
    failure: &'static str,
    says: [&'static str; 3],
}

impl Row {
    /// The row that is played by the function `name`.
    pub(crate) fn of(name: &str) -> Self {
        rows().find(|row| row.name() == name).unwrap_or_else(|| panic!("the table has no row for {name}"))
    }

    /// Its failure, as the name of a function.
    fn name(&self) -> String {
        let words = self.failure.split(|character: char| !character.is_ascii_alphanumeric());
        words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join("_").to_ascii_lowercase()
    }

    /// The call ended as the row says, and no word of a secret got into its error.
    pub(crate) fn check<T: Debug>(&self, result: Result<T, Error>) {
        let Err(error) = result else {
            assert_eq!(self.says, ["—"; 3], "{} was no failure", self.failure);
            return;
        };
        let told: String = successors(Some(&error as &dyn StdError), |&error| error.source())
            .map(|error| format!("{error} {error:?} "))
            .collect();
        let transport = error.as_transport().unwrap_or_else(|| panic!("{}: {told}", self.failure));
        let (kind, recovery) = (format!("`{:?}`", transport.kind()), format!("`{:?}`", transport.recovery()));
        let sent = if transport.may_have_been_sent() { "yes" } else { "no" };
        assert_eq!([&*kind, sent, &*recovery], self.says, "{}: {told}", self.failure);

        for secret in [credential().client_secret().expose_secret(), refresh_token().expose_secret(), "at-1"]
        {
            assert!(!told.contains(secret), "{}: {told}", self.failure);
        }
    }
}

/// Every row has its player, and every player its row: those of kept connections, or all others.
pub(crate) fn check_players(players: &[&str], kept: bool) {
    let rows = rows().filter(|row| row.failure.starts_with("kept connection") == kept);
    let mut rows: Vec<String> = rows.map(|row| row.name()).collect();
    rows.sort();
    let mut players = players.to_vec();
    players.sort_unstable();
    assert_eq!(rows, players);
}

fn rows() -> impl Iterator<Item = Row> {
    TABLE.lines().filter(|line| line.starts_with('|')).skip(2).map(|line| {
        let mut cells = line.trim_matches('|').split('|').map(str::trim);
        let row = Row { failure: cells.next().unwrap(), says: [(); 3].map(|()| cells.next().unwrap()) };
        assert_eq!(cells.next(), None, "{line}");
        row
    })
}
