//! `/_emulator/clock`: reads and advances the clock.

use std::time::UNIX_EPOCH;

use cg_auth_core::body::Body;
use serde::{Deserialize, Serialize};

use super::{
    error::ControlError,
    input::{duration, read},
};
use crate::clock::EmulatorClock;

#[derive(Serialize)]
pub(super) struct Time {
    /// RFC 3339, in UTC.
    pub(super) now: String,
    /// Seconds since 1970.
    now_epoch: u64,
}

pub(super) fn show(clock: &EmulatorClock) -> Time {
    let now = clock.now().wall();
    Time {
        now: humantime::format_rfc3339_millis(now).to_string(),
        now_epoch: now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs(),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    advance_seconds: f64,
}

pub(super) fn advance(clock: &EmulatorClock, body: &Body) -> Result<Time, ControlError> {
    let Advance { advance_seconds } = read(body)?;
    clock.advance(duration("advance_seconds", advance_seconds)?);
    Ok(show(clock))
}
