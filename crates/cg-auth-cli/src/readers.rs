//! The readers of text from outside, as functions of the text alone, for the fuzzer.

use std::{path::Path, time::SystemTime};

use cg_auth_core::causes::cause_chain;

use crate::{commands, settings};

/// Reads a configuration file.
///
/// # Errors
/// The text that the command shows.
pub fn config_file(text: &str) -> Result<(), String> {
    settings::check_config_file(text, Path::new("/etc/cg-auth")).map_err(|error| cause_chain(&error))
}

/// Reads a configuration file of the emulator.
///
/// # Errors
/// The text that the command shows.
pub fn emulator_config(text: &str) -> Result<(), String> {
    commands::check_emulator_config(text).map_err(|error| cause_chain(&error))
}

/// What `inspect` prints at `now` for people and as JSON; `None` if `token` is no JWT.
#[must_use]
pub fn inspected(token: &str, now: SystemTime) -> Option<(String, String)> {
    commands::inspected(token, now)
}
