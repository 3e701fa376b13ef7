//! Contract rules 6 and 9: each row of the table in `cg_auth_core::transport`, played over real sockets, and
//! no secret in its error.

mod body;
mod certificates;
mod connecting;
mod head;
mod http2;
mod kept;
mod proxies;

use std::{collections::BTreeSet, fmt::Debug};

use cg_auth_core::{CallError, causes::cause_chain};
use macro_rules_attribute::apply;
use tokio::process::Command;

use super::{
    messages::{assert_text_hides, everything_shown},
    proxies::LOGIN,
    subject::{Capability, Subject, credential, refresh_token},
};

/// A row with its cells: the failure, and what its error must be and say.
#[derive(Debug)]
pub(crate) struct Row {
    failure: &'static str,
    is: [&'static str; 3],
    /// A dash if nothing is required.
    says: &'static str,
}

impl Row {
    /// The row that the function `name` plays, for the transport `T`.
    pub(crate) fn of<T: Subject>(name: &str) -> Self {
        let row = rows().find(|row| row.name() == name);
        let row = row.unwrap_or_else(|| panic!("the table has no row for {name}"));
        if T::has(Capability::Advice) { row } else { Self { says: NOTHING, ..row } }
    }

    /// The failure, as the name of a function.
    fn name(&self) -> String {
        let words = self.failure.split(|character: char| !character.is_ascii_alphanumeric());
        words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join("_").to_ascii_lowercase()
    }

    /// Whether `T` has the feature that the row is about.
    fn concerns<T: Subject>(&self) -> bool {
        if self.failure == "HTTP/2 stream reset without an error after a body of unknown length" {
            return T::has(Capability::StreamEnd);
        }
        match self.failure.split(' ').next() {
            Some("HTTP/2") => T::has(Capability::Http2),
            Some("kept") => T::has(Capability::KeepsConnections),
            Some("client" | "proxy") => T::has(Capability::Proxy),
            _ => true,
        }
    }

    /// Asserts that the call ended as the row says, and that its error contains no secret.
    fn check<T: Debug>(&self, result: Result<T, CallError>) {
        let Err(error) = result else {
            assert_eq!(self.is, [NOTHING; 3], "{} was no failure", self.failure);
            return;
        };
        let (message, shown) = (cause_chain(&error), everything_shown(&error));
        let transport = error.as_transport().unwrap_or_else(|| panic!("{}: {shown}", self.failure));
        let (kind, recovery) = (format!("`{:?}`", transport.kind()), format!("`{:?}`", transport.recovery()));
        let sent = if transport.may_have_been_sent() { "yes" } else { "no" };
        assert_eq!([&*kind, sent, &*recovery], self.is, "{}: {shown}", self.failure);
        let is_advised = self.says == NOTHING || message.contains(self.says);
        assert!(is_advised, "{}: {:?} is not in: {message}", self.failure, self.says);

        let (credential, refresh_token) = (credential(), refresh_token());
        let secrets = [credential.client_secret().expose_secret(), refresh_token.expose_secret(), "at-1"];
        assert_text_hides(&shown, &[secrets.as_slice(), &LOGIN].concat());
    }
}

/// Each row that concerns a transport has a test, so that no row goes unchecked.
#[apply(every_transport)]
async fn every_row_is_played<T: Subject>() {
    let mut process = Command::new(std::env::current_exe().unwrap());
    let output = process.args(["classification::", "--list", "--format", "terse"]).output().await.unwrap();
    let tests = String::from_utf8(output.stdout).unwrap();
    let played: BTreeSet<_> = tests
        .lines()
        .filter_map(|line| line.strip_suffix(": test")?.strip_suffix(T::NAME)?.strip_suffix("::"))
        .filter_map(|test| Some(test.rsplit_once("::")?.1))
        .collect();
    let rows: BTreeSet<_> = rows().filter(Row::concerns::<T>).map(|row| row.name()).collect();
    assert!(!rows.is_empty());
    let missing: Vec<_> = rows.iter().filter(|row| !played.contains(row.as_str())).collect();
    assert!(missing.is_empty(), "no test plays {missing:?}");
}

fn rows() -> impl Iterator<Item = Row> {
    TABLE.lines().filter(|line| line.starts_with('|')).skip(2).map(|line| {
        let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [failure, kind, sent, recovery, says] = cells[..] else { panic!("{line}") };
        Row { failure, is: [kind, sent, recovery], says }
    })
}

const TABLE: &str = include_str!("../../crates/cg-auth-core/docs/failures.md");
const NOTHING: &str = "—";
