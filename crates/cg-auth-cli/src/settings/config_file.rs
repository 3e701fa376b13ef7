//! The configuration file: where it is, and which of its profiles is meant.

use std::{
    env, io,
    path::{Path, PathBuf},
};

use super::{ServiceArgs, SettingError, profile::Profile, variable};
use crate::{
    secret::bounded::read_text_file,
    toml_section::{Section, TomlError},
};

/// The profile that applies.
#[derive(Debug)]
pub(super) struct SelectedProfile {
    pub(super) name: String,
    /// Whether it was asked for by name, rather than being the file's default.
    pub(super) is_explicit: bool,
    pub(super) profile: Profile,
}

impl SelectedProfile {
    /// The profile of `--profile`, else of `CG_AUTH_PROFILE`, else the default one of the file. A file that
    /// nobody named need not exist.
    pub(super) fn find(args: &ServiceArgs) -> Result<Option<Self>, SettingError> {
        let asked = match &args.profile {
            Some(name) => Some(name.clone()),
            None => variable::PROFILE.text()?,
        };
        let named_file = args.config.clone().or_else(|| variable::CONFIG.value().map(PathBuf::from));
        let file_is_named = named_file.is_some();
        let Some(path) = named_file.or_else(default_path) else {
            return asked.map_or(Ok(None), |profile| Err(SettingError::NoConfigFile { profile }));
        };
        let file = path.display().to_string();
        match load(&path) {
            Ok(config) => config.select(asked, file),
            Err(TomlError::Unreadable(error))
                if error.kind() == io::ErrorKind::NotFound && !file_is_named =>
            {
                asked.map_or(Ok(None), |profile| Err(SettingError::NoProfile { profile, file }))
            }
            Err(source) => Err(SettingError::ConfigFile { file, source }),
        }
    }
}

struct ConfigFile {
    default_profile: Option<String>,
    profiles: Vec<(String, Profile)>,
}

impl ConfigFile {
    fn select(self, asked: Option<String>, file: String) -> Result<Option<SelectedProfile>, SettingError> {
        let is_explicit = asked.is_some();
        let Some(name) = asked.or(self.default_profile) else { return Ok(None) };
        match self.profiles.into_iter().find(|(other, _)| *other == name) {
            Some((name, profile)) => Ok(Some(SelectedProfile { name, is_explicit, profile })),
            None => Err(SettingError::NoProfile { profile: name, file }),
        }
    }
}

/// Reads every profile, so that a secret in any of them is found.
fn load(path: &Path) -> Result<ConfigFile, TomlError> {
    let mut file = Section::parse(&read_text_file(path)?)?;
    file.refuse_literal(super::profile::SECRETS)?;
    let default_profile = file.text("default_profile")?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let sections = file.section("profiles")?.map(Section::sections).transpose()?.unwrap_or_default();
    let profiles = sections
        .into_iter()
        .map(|(name, section)| Ok((name, Profile::read(section, folder)?)))
        .collect::<Result<_, TomlError>>()?;
    file.done()?;
    Ok(ConfigFile { default_profile, profiles })
}

/// XDG's place on every Unix, also where a platform has another custom; `%APPDATA%` on Windows.
fn default_path() -> Option<PathBuf> {
    let folder = if cfg!(windows) {
        absolute("APPDATA")
    } else {
        absolute("XDG_CONFIG_HOME").or_else(|| Some(absolute("HOME")?.join(".config")))
    };
    Some(folder?.join("cg-auth").join("config.toml"))
}

/// A folder that a variable names; a relative one counts as unset, as XDG has it.
fn absolute(variable: &str) -> Option<PathBuf> {
    env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute())
}
