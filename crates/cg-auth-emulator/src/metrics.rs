//! The metrics of an emulator, as Prometheus reads them.

use std::{fmt::Write as _, time::UNIX_EPOCH};

use crate::{operation::Operation, state::State};

/// A metric: its stable name, its type, what it counts, and its samples with their labels.
pub(crate) struct Metric {
    pub(crate) name: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) help: &'static str,
    samples: fn(&State) -> Vec<(String, f64)>,
}

/// The metrics in Prometheus' text format, version 0.0.4.
pub(crate) fn text(state: &State) -> String {
    let mut text = String::new();
    for Metric { name, kind, help, samples } in METRICS {
        let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
        for (labels, value) in samples(state) {
            let _ = writeln!(text, "{name}{labels} {value}");
        }
    }
    text
}

/// Counts are far below 2^53, where an `f64` stops being exact.
#[allow(clippy::cast_precision_loss)]
fn one(value: u64) -> Vec<(String, f64)> {
    vec![(String::new(), value as f64)]
}

/// Every metric. The README shows this table.
pub(crate) const METRICS: &[Metric] = &[
    Metric {
        name: "cg_auth_emulator_info",
        kind: "gauge",
        help: "The version, as a label of the value 1.",
        samples: |_| vec![(format!("{{version=\"{}\"}}", env!("CARGO_PKG_VERSION")), 1.0)],
    },
    Metric {
        name: "cg_auth_emulator_requests_total",
        kind: "counter",
        help: "Requests received since the start or their last reset, by operation.",
        samples: |state| {
            let sample = |operation: &Operation| {
                let count = one(state.log.count(*operation)).remove(0).1;
                (format!("{{operation=\"{operation}\"}}"), count)
            };
            Operation::ALL.iter().map(sample).collect()
        },
    },
    Metric {
        name: "cg_auth_emulator_requests_forgotten_total",
        kind: "counter",
        help: "Requests that were counted and are no longer kept.",
        samples: |state| one(state.log.forgotten()),
    },
    Metric {
        name: "cg_auth_emulator_scripts",
        kind: "gauge",
        help: "Scripts that still apply to requests.",
        samples: |state| one(state.scripts.len() as u64),
    },
    Metric {
        name: "cg_auth_emulator_users",
        kind: "gauge",
        help: "Users that the service knows.",
        samples: |state| one(state.service.users().iter().count() as u64),
    },
    Metric {
        name: "cg_auth_emulator_tokens_issued_total",
        kind: "counter",
        help: "Access tokens issued since the start or their last reset.",
        samples: |state| one(state.service.token_counts().issued.into()),
    },
    Metric {
        name: "cg_auth_emulator_refresh_tokens",
        kind: "gauge",
        help: "Refresh tokens that the service accepts.",
        samples: |state| one(state.service.token_counts().refresh_tokens as u64),
    },
    Metric {
        name: "cg_auth_emulator_cached_tokens",
        kind: "gauge",
        help: "Access tokens in the token cache that have not expired.",
        samples: |state| one(state.service.token_counts().cached_tokens as u64),
    },
    Metric {
        name: "cg_auth_emulator_time_seconds",
        kind: "gauge",
        help: "The time of the clock, in seconds since 1970.",
        samples: |state| {
            let since = state.clock.now().wall().duration_since(UNIX_EPOCH).unwrap_or_default();
            vec![(String::new(), since.as_secs_f64())]
        },
    },
    Metric {
        name: "cg_auth_emulator_clock_frozen",
        kind: "gauge",
        help: "1 while the clock stands still, else 0.",
        samples: |state| one(state.clock.is_frozen().into()),
    },
];
