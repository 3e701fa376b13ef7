//! The readers of text from outside as functions of this text, for the fuzzer.

use std::{path::Path, time::SystemTime};

use crate::{commands, settings::ConfigFile};

/// Reads a configuration file, and returns what is wrong with its profiles.
///
/// # Errors
/// What is wrong with the file.
pub fn config_file(text: &str) -> Result<Vec<String>, String> {
    let file = ConfigFile::parse(text, Path::new("/etc/cg-auth")).map_err(|error| error.to_string())?;
    let problems = file.profiles.into_iter().filter_map(|(_, profile)| profile.err());
    Ok(problems.map(|error| error.to_string()).collect())
}

/// Reads a configuration file of the emulator.
///
/// # Errors
/// What is wrong with the file.
pub fn emulator_config(text: &str) -> Result<(), String> {
    commands::parse_emulator_config(text).map(drop).map_err(|error| error.to_string())
}

/// The access token that `inspect` finds in its input.
#[must_use]
pub fn token_in(text: &str) -> Option<String> {
    commands::token_in(text).map(|token| token.to_string())
}

/// What `inspect` prints about `token` at `now`: for people, and as JSON. `None` if it is no JWT.
#[must_use]
pub fn inspected(token: &str, now: SystemTime) -> Option<(String, String)> {
    commands::inspected(token, now)
}
