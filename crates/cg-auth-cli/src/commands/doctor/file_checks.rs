//! The check of the configuration file: its content and its permissions.

use std::{fs, path::Path};

use super::{
    check::{Finding, Problem},
    permissions::Permissions,
};
use crate::settings::{ConfigFile, ConfigLocation};

/// The outcome, and whether the settings can be read. A file with wrong permissions can still be read.
pub(super) struct ConfigFileCheck {
    pub(super) outcome: Result<Finding, Problem>,
    pub(super) is_readable: bool,
}

/// Checks the file of `flag`, of the environment or at the default path.
pub(super) fn config_file(flag: Option<&Path>) -> ConfigFileCheck {
    let Some(location) = ConfigLocation::find(flag) else {
        let finding = Finding::new("none, since there is no home folder to hold it");
        return ConfigFileCheck { outcome: Ok(finding), is_readable: true };
    };
    let file = location.file();
    let config = match ConfigFile::read(&location) {
        Ok(Some(config)) => config,
        Ok(None) => {
            let finding = Finding::new(format!("none at {file}; flags and variables are enough"));
            return ConfigFileCheck { outcome: Ok(finding), is_readable: true };
        }
        Err(error) => {
            return ConfigFileCheck { outcome: Err(Problem::of_setting(&error)), is_readable: false };
        }
    };
    let permissions = fs::metadata(&location.path).map(|metadata| Permissions::of(&metadata));
    let permissions = permissions.unwrap_or_default();
    let outcome = match permissions.can_be_changed {
        Some(problem) => Err(Problem::settings(format!("{file}: {problem}"))
            .with_fix(format!("chown it to yourself and chmod go-w {file}"))),
        None => {
            let profiles = match config.profiles.len() {
                1 => "1 profile".to_owned(),
                count => format!("{count} profiles"),
            };
            let facts = [profiles, permissions.text].join(", ");
            Ok(Finding::new(format!("{file} ({})", facts.trim_end_matches(", "))))
        }
    };
    ConfigFileCheck { outcome, is_readable: true }
}
