//! [`Report`]: what a process of a fleet has seen so far.

use std::time::Duration;

use serde_json::{Value, json};

/// What a process has seen so far. A process writes it as one line of JSON.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Calls that got a token.
    pub served: u64,
    /// Calls that got an error.
    pub failed: u64,
    /// The causes of the last failed call.
    pub last_error: String,
    /// Calls that were served a token which had expired when they began.
    pub expired: u64,
    /// The longest time of one call.
    pub longest_wait: Duration,
    /// Tokens that it has requested from the service.
    pub acquired: u64,
    /// Tokens of other processes that it has taken from the store.
    pub adopted: u64,
    /// When the store gave no answer, since 1970.
    pub store_unavailable: Vec<Duration>,
    /// When the process got no processor for a good while, since 1970.
    pub stalls: Vec<Duration>,
}

impl Report {
    pub(super) fn to_line(&self) -> String {
        json!({
            "served": self.served,
            "failed": self.failed,
            "last_error": self.last_error,
            "expired": self.expired,
            "longest_wait": millis(self.longest_wait),
            "acquired": self.acquired,
            "adopted": self.adopted,
            "store_unavailable": self.store_unavailable.iter().copied().map(millis).collect::<Vec<_>>(),
            "stalls": self.stalls.iter().copied().map(millis).collect::<Vec<_>>(),
        })
        .to_string()
    }

    /// `None` for a line that a killed process has not finished.
    pub(super) fn of_line(line: &str) -> Option<Self> {
        let value: Value = serde_json::from_str(line).ok()?;
        let number = |name: &str| value[name].as_u64();
        let times = |name: &str| {
            let times = value[name].as_array()?.iter();
            times.map(|time| time.as_u64().map(Duration::from_millis)).collect::<Option<Vec<_>>>()
        };
        Some(Self {
            served: number("served")?,
            failed: number("failed")?,
            last_error: value["last_error"].as_str()?.to_owned(),
            expired: number("expired")?,
            longest_wait: Duration::from_millis(number("longest_wait")?),
            acquired: number("acquired")?,
            adopted: number("adopted")?,
            store_unavailable: times("store_unavailable")?,
            stalls: times("stalls")?,
        })
    }
}

fn millis(time: Duration) -> u64 {
    time.as_millis().try_into().unwrap()
}
