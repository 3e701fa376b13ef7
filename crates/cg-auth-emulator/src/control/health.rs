//! `/_emulator/health`: says that the emulator runs.

use serde_json::{Value, json};

use super::clock;
use crate::clock::EmulatorClock;

pub(super) fn show(clock: &EmulatorClock) -> Value {
    json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION"), "now": clock::show(clock).now })
}
