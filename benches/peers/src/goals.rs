//! [`Goal`]: what cg-auth has to reach, and why it does not where it does not.

use crate::{
    subject::Subject,
    table::{Row, rounded},
};

/// A line of the table of goals.
pub struct Goal {
    pub what: &'static str,
    pub floor: &'static str,
    pub to_reach: &'static str,
    pub stands_at: String,
    pub best_peer: String,
    pub is_met: bool,
    /// Why it may be missed, and what was tried.
    pub reason: &'static str,
}

/// The table of goals. A row that was not measured leaves its goal out.
pub fn goals(rows: &[Row]) -> Vec<Goal> {
    GOALS.iter().filter_map(|goal| goal.measured(rows)).collect()
}

struct Aim {
    what: &'static str,
    floor: &'static str,
    to_reach: &'static str,
    /// The row whose peers are compared, and whether less is better in it.
    compared: (&'static str, bool),
    limits: &'static [Limit],
    reason: &'static str,
}

struct Limit {
    key: &'static str,
    is_kept: fn(f64) -> bool,
    /// What stands behind the figure.
    unit: &'static str,
}

impl Aim {
    fn measured(&self, rows: &[Row]) -> Option<Goal> {
        let row = |key| rows.iter().find(|row| row.key == key);
        let mut stands_at = Vec::new();
        let mut is_met = true;
        for limit in self.limits {
            let figure = row(limit.key)?.figures.get(&Subject::CgAuth)?;
            is_met &= (limit.is_kept)(figure.value);
            // A herd's figure also tells its time.
            let number = figure.text.split(';').next().unwrap_or_default();
            stands_at.push(format!("{number}{}", limit.unit));
        }
        let best = row(self.compared.0)?.best_peer(self.compared.1);
        Some(Goal {
            what: self.what,
            floor: self.floor,
            to_reach: self.to_reach,
            stands_at: stands_at.join(", "),
            best_peer: best.map_or("–".into(), |(peer, figure)| {
                format!("{} ({})", rounded(figure.value), peer.name())
            }),
            is_met,
            reason: self.reason,
        })
    }
}

const GOALS: [Aim; 8] = [
    Aim {
        what: "`TokenPool::for_user` and `token()` on a hit",
        floor: "sharded map read, `ArcSwap`, clock",
        to_reach: "≤ 1.5 alone and contended, 0 allocations",
        compared: ("pool", true),
        limits: &[
            Limit { key: "pool", is_kept: |share| share <= 1.5, unit: " alone" },
            Limit { key: "pool, 2 threads", is_kept: |share| share <= 1.5, unit: " contended" },
            Limit { key: "pool, allocations", is_kept: |count| count == 0.0, unit: " allocations" },
        ],
        reason: "`cargo bench -p cg-auth-benches --bench pool`, minutes later on the same machine, has 1.4 on one thread and 1.1 to 1.3 \
                 with tasks on two workers. What the other 0.1 is was not found: here each hit is called through a pointer.",
    },
    Aim {
        what: "read an answer of 1.6 KB",
        floor: "serde_json into two owned fields",
        to_reach: "≤ 1.25, ≤ 3 allocations",
        compared: ("read", true),
        limits: &[
            Limit { key: "read", is_kept: |share| share <= 1.25, unit: "" },
            Limit { key: "read, allocations", is_kept: |count| count <= 3.0, unit: " allocations" },
        ],
        reason: "",
    },
    Aim {
        what: "build the delegate request",
        floor: "http's builder, headers and body",
        to_reach: "≤ 0.5, ≤ 6 allocations",
        compared: ("build", true),
        limits: &[
            Limit { key: "build", is_kept: |share| share <= 0.5, unit: "" },
            Limit { key: "build, allocations", is_kept: |count| count <= 6.0, unit: " allocations" },
        ],
        reason: "",
    },
    Aim {
        what: "exchange without I/O",
        floor: "both of these",
        to_reach: "≤ 0.75",
        compared: ("exchange", true),
        limits: &[Limit { key: "exchange", is_kept: |share| share <= 0.75, unit: "" }],
        reason: "",
    },
    Aim {
        what: "call over loopback, 16 at once, `HyperTransport`",
        floor: "hyper-util's client",
        to_reach: "rate ≥ 0.96, ≤ +2 µs of processor time",
        compared: ("loopback", false),
        limits: &[
            Limit { key: "loopback", is_kept: |share| share >= 0.96, unit: "" },
            Limit { key: "loopback, processor", is_kept: |more| more <= 2.0, unit: "" },
        ],
        reason: "The floor parses nothing and has no deadline, and 0.96 of its rate leaves 0.6 µs. The transport alone costs \
                 0.5 µs more than it. Reading the answer and the deadline with its two timers cost the rest. Gone are \
                 the copy of each request, a second box around its future, three clock readings, the copy of the \
                 connector, and a lock, a copied waker and a system call for each later poll of the deadline.",
    },
    Aim {
        what: "the same, `ReqwestTransport`",
        floor: "reqwest",
        to_reach: "rate ≥ 0.95",
        compared: ("loopback, reqwest", false),
        limits: &[Limit { key: "loopback, reqwest", is_kept: |share| share >= 0.95, unit: "" }],
        reason: "The transport alone costs what reqwest costs, since it keeps its last URLs parsed. The client adds the \
                 reading of the answer and the deadline, as over `HyperTransport`.",
    },
    Aim {
        what: "adoption: cold release build of the core, processor time",
        floor: "http, serde, serde_json, thiserror, async-trait, bytes",
        to_reach: "≤ 1.4, ≤ 24 crates",
        compared: ("adoption", true),
        limits: &[
            Limit { key: "adoption", is_kept: |share| share <= 1.4, unit: "" },
            Limit { key: "adoption, crates", is_kept: |count| count <= 24.0, unit: " crates" },
        ],
        reason: "Half of it is the core's own code, in which no part dominates, and a tenth is rustix, which reads the boot clock \
                 and the coarse clocks; nix and libc cost as much. Gone are all procedural macros of serde's derive, \
                 thiserror and async-trait (1.95 before, 25 crates), and copies of code for each type.",
    },
    Aim {
        what: "herd of 10,000 on an expired token",
        floor: "single flight under a tokio mutex",
        to_reach: "≤ 1.03, 1 request",
        compared: ("herd", true),
        limits: &[
            Limit { key: "herd", is_kept: |share| share <= 1.03, unit: "" },
            Limit { key: "herd, expired", is_kept: |requests| requests == 1.0, unit: " request" },
        ],
        reason: "In processor time a herd takes 0.7 of what the floor takes (`--bench herd`). Its time depends on what else \
                 the machine does: with much other load it was 0.5 to 3.4 of the floor's.",
    },
];
