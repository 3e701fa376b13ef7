//! `/_emulator/clock`: reads and advances the clock.

use std::time::{Duration, UNIX_EPOCH};

use cg_auth_core::body::Body;
use serde::{Deserialize, Serialize};

use super::error::{ControlError, read};
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
    let Advance { advance_seconds } = read(body.as_bytes())?;
    let duration = Duration::try_from_secs_f64(advance_seconds)
        .map_err(|_| ControlError::invalid("`advance_seconds` must be at least 0 and less than 2^64."))?;
    clock.advance(duration);
    Ok(show(clock))
}
