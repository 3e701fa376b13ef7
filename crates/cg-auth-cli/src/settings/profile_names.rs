//! [`profile_names`]: the names of the profiles, for completion.

use std::path::Path;

use super::config_file::ConfigLocation;
use crate::{bounded::read_text_file, toml_section::Section};

/// The names of the profiles in the file at `config`, else in the one that applies without the flag. A file
/// that cannot be used has none. The profiles themselves are not read: only the next call judges them.
pub(crate) fn profile_names(config: Option<&Path>) -> Vec<String> {
    let path = ConfigLocation::find(config).map(|location| location.path);
    // Opening a FIFO would wait for its writer.
    let Some(path) = path.filter(|path| path.is_file()) else { return Vec::new() };
    let Ok(text) = read_text_file(&path) else { return Vec::new() };
    let Ok(mut file) = Section::parse(&text) else { return Vec::new() };
    file.section("profiles").ok().flatten().map(|profiles| profiles.names_of_sections()).unwrap_or_default()
}
