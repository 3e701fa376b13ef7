//! The configuration file: where it is, and which of its profiles applies.

use std::{
    env, io,
    path::{Path, PathBuf},
};

use super::{
    profile::{Profile, SECRETS},
    service_args::ServiceArgs,
};
use crate::{
    bounded::read_text_file,
    setting_error::SettingError,
    toml_section::{Section, TomlError},
    variable,
};

/// The profile whose settings apply.
#[derive(Debug)]
pub(super) struct SelectedProfile {
    pub(super) name: String,
    pub(super) file: String,
    /// Whether the user named the profile. Otherwise it is the default profile of the file.
    pub(super) is_explicit: bool,
    pub(super) profile: Profile,
}

impl SelectedProfile {
    /// The profile of `--profile`, else of `CG_AUTH_PROFILE`, else the default profile of the file. The file
    /// at the default path may be missing, a file that the user named may not.
    pub(super) fn find(args: &ServiceArgs) -> Result<Option<Self>, SettingError> {
        let wanted = match &args.profile {
            Some(name) => Some(name.clone()),
            None => variable::PROFILE.text()?,
        };
        let named_file = args.config.clone().or_else(|| variable::CONFIG.value().map(PathBuf::from));
        let file_is_named = named_file.is_some();
        let Some(path) = named_file.or_else(default_path) else {
            return wanted.map_or(Ok(None), |profile| Err(SettingError::NoConfigFile { profile }));
        };
        let file = path.display().to_string();
        match load(&path) {
            Ok(config) => config.select(wanted, file),
            Err(TomlError::Unreadable(error))
                if error.kind() == io::ErrorKind::NotFound && !file_is_named =>
            {
                wanted.map_or(Ok(None), |profile| Err(SettingError::NoProfile { profile, file }))
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
    fn select(self, wanted: Option<String>, file: String) -> Result<Option<SelectedProfile>, SettingError> {
        let is_explicit = wanted.is_some();
        let Some(name) = wanted.or(self.default_profile) else { return Ok(None) };
        match self.profiles.into_iter().find(|(other, _)| *other == name) {
            Some((name, profile)) => Ok(Some(SelectedProfile { name, file, is_explicit, profile })),
            None => Err(SettingError::NoProfile { profile: name, file }),
        }
    }
}

/// Reads every profile, so that a secret in any of them is refused.
fn load(path: &Path) -> Result<ConfigFile, TomlError> {
    let mut file = Section::parse(&read_text_file(path)?)?;
    file.refuse_literal(SECRETS)?;
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

/// The default path: under XDG's folder on every Unix, macOS included; under `%APPDATA%` on Windows.
pub(super) fn default_path() -> Option<PathBuf> {
    let folder = if cfg!(windows) {
        absolute("APPDATA")
    } else {
        absolute("XDG_CONFIG_HOME").or_else(|| Some(absolute("HOME")?.join(".config")))
    };
    Some(folder?.join("cg-auth").join("config.toml"))
}

/// The folder that a variable names. A relative path counts as unset, as the XDG specification requires.
fn absolute(variable: &str) -> Option<PathBuf> {
    env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute())
}
