//! `/_emulator/clock`: reads, sets, advances, freezes and thaws the clock.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cg_auth_core::body::Body;
use serde::Serialize;
use serde_json::Value;

use super::error::ControlError;
use crate::{
    clock::{ClockError, EmulatorClock, is_in_calendar},
    input::Members,
};

#[derive(Serialize)]
pub(super) struct Time {
    /// RFC 3339, in UTC.
    pub(super) now: String,
    /// Seconds since 1970.
    now_epoch: u64,
    frozen: bool,
}

pub(super) fn show(clock: &EmulatorClock) -> Time {
    let now = clock.now().wall();
    Time {
        now: humantime::format_rfc3339_millis(now).to_string(),
        now_epoch: now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs(),
        frozen: clock.is_frozen(),
    }
}

/// Changes the clock: first `frozen`, then either `set` or `advance_seconds`. A refused change changes
/// nothing.
pub(super) fn change(clock: &EmulatorClock, body: &Body) -> Result<Time, ControlError> {
    let mut members = Members::parse(body.as_bytes())?;
    members.some()?;
    let frozen = members.flag("frozen")?;
    let set = members.get("set", SET, time)?;
    let advance = members.get("advance_seconds", ADVANCE, |value| {
        value.as_f64().and_then(|it| Duration::try_from_secs_f64(it).ok())
    })?;
    members.done()?;
    if set.is_some() && advance.is_some() {
        return Err(members.conflict("advance_seconds", "set").into());
    }
    // Both refusals come before the first change.
    if frozen == Some(false) && clock.is_manual() {
        return Err(ClockError::Manual.into());
    }
    let beyond = || ControlError::from(ClockError::BeyondCalendar);
    let target = match advance {
        Some(duration) => Some(clock.now().wall().checked_add(duration).ok_or_else(beyond)?),
        None => set,
    };
    if target.is_some_and(|target| !is_in_calendar(target)) {
        return Err(beyond());
    }
    if frozen == Some(true) {
        clock.freeze();
    }
    if let Some(time) = set {
        clock.set(time)?;
    }
    if let Some(duration) = advance {
        clock.try_advance(duration)?;
    }
    if frozen == Some(false) {
        clock.thaw()?;
    }
    Ok(show(clock))
}

/// Reads RFC 3339 in UTC, or seconds since 1970.
fn time(value: &Value) -> Option<SystemTime> {
    match value {
        Value::String(text) => humantime::parse_rfc3339(text).ok(),
        value => UNIX_EPOCH.checked_add(Duration::try_from_secs_f64(value.as_f64()?).ok()?),
    }
}

const SET: &str = "a string with an RFC 3339 time in UTC, such as 2030-01-01T00:00:00Z, \
                   or a number of seconds since 1970, at least 0 and less than 2^64";
const ADVANCE: &str = "a number of seconds, at least 0 and less than 2^64";
