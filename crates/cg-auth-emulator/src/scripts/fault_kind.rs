//! [`FaultKind`]: the kinds of [`Fault`](super::Fault), by the name that a script's JSON gives them.

use crate::names::named;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FaultKind {
    End,
    Stall,
    Truncate,
    Overlong,
    Drip,
    ExtraBytes,
    Instead,
    EndlessHeaders,
    Informational,
    GoAway,
    ResetStream,
}

named!(
    pub(crate) FaultKind: End = "end",
    Stall = "stall",
    Truncate = "truncate",
    Overlong = "overlong",
    Drip = "drip",
    ExtraBytes = "extra_bytes",
    Instead = "instead",
    EndlessHeaders = "endless_headers",
    Informational = "informational",
    GoAway = "goaway",
    ResetStream = "rst_stream",
);
