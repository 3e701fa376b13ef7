//! The configuration file: where it is, which profiles it holds, and which of them applies.

use std::{
    io,
    path::{Path, PathBuf},
};

use cg_auth_transport_util::environment::expanded;

use super::{
    origin::Origin,
    profile::{Profile, SECRETS},
    user_folder,
};
use crate::{
    bounded::read_text_file,
    setting_error::{SettingError, UnknownProfile},
    toml_section::{Section, TomlError},
    variable,
};

/// Where the configuration file is. It may not exist.
#[derive(Debug, Clone)]
pub(crate) struct ConfigLocation {
    pub(crate) path: PathBuf,
    pub(crate) origin: Origin,
}

impl ConfigLocation {
    /// The path of `--config`, else of `CG_AUTH_CONFIG`, else the default path. `None` if there is no default
    /// path either, because the user has no home folder.
    pub(crate) fn find(flag: Option<&Path>) -> Option<Self> {
        if let Some(path) = flag {
            return Some(Self { path: expanded(path), origin: Origin::Flag("--config") });
        }
        if let Some(path) = variable::CONFIG.value() {
            return Some(Self { path: expanded(path), origin: Origin::Variable(variable::CONFIG.name) });
        }
        Some(Self { path: default_path()?, origin: Origin::Default })
    }

    /// The path as messages name it.
    pub(crate) fn file(&self) -> String {
        self.path.display().to_string()
    }
}

/// The content of a configuration file.
#[derive(Debug)]
pub(crate) struct ConfigFile {
    pub(crate) default_profile: Option<String>,
    /// Each profile by its name, in alphabetical order. A profile that is not used may be faulty.
    pub(crate) profiles: Vec<(String, Result<Profile, TomlError>)>,
}

impl ConfigFile {
    /// Reads the file. `None` if there is none at the default path; a file that the user named must exist.
    pub(crate) fn read(location: &ConfigLocation) -> Result<Option<Self>, SettingError> {
        let folder = location.path.parent().unwrap_or(Path::new(""));
        let text = read_text_file(&location.path).map_err(TomlError::from);
        match text.and_then(|text| Self::parse(&text, folder)) {
            Ok(config) => Ok(Some(config)),
            Err(TomlError::Unreadable(error))
                if error.kind() == io::ErrorKind::NotFound && location.origin == Origin::Default =>
            {
                Ok(None)
            }
            Err(source) => Err(SettingError::ConfigFile { file: location.file(), source }),
        }
    }

    /// Reads the text of a file in `folder`: every profile, so that a secret in any of them is refused.
    pub(crate) fn parse(text: &str, folder: &Path) -> Result<Self, TomlError> {
        let mut file = Section::parse(text)?;
        file.refuse_literal(SECRETS)?;
        let default_profile = file.text("default_profile")?;
        let sections = file.section("profiles")?.map(Section::sections).unwrap_or_default();
        file.done()?;
        let mut profiles = Vec::with_capacity(sections.len());
        for (name, section) in sections {
            match section.and_then(|section| Profile::read(section, folder)) {
                Err(secret @ TomlError::Literal { .. }) => return Err(secret),
                profile => profiles.push((name, profile)),
            }
        }
        Ok(Self { default_profile, profiles })
    }

    /// The names of the profiles.
    pub(crate) fn names(&self) -> Vec<String> {
        self.profiles.iter().map(|(name, _)| name.clone()).collect()
    }
}

/// The profile whose settings apply.
#[derive(Debug)]
pub(crate) struct SelectedProfile {
    pub(crate) name: String,
    pub(crate) file: String,
    /// `--profile`, `CG_AUTH_PROFILE` or `default_profile`.
    pub(super) chosen_by: &'static str,
    pub(super) profile: Profile,
}

impl SelectedProfile {
    /// Whether the user named the profile. Otherwise it is the default profile of the file.
    pub(super) fn is_explicit(&self) -> bool {
        self.chosen_by != BY_FILE
    }

    /// The origin of a setting of this profile.
    pub(super) fn origin(&self) -> Origin {
        Origin::Profile { name: self.name.clone(), file: self.file.clone() }
    }
}

/// What a configuration file contributes to the settings.
#[derive(Debug, Default)]
pub(super) struct Selection {
    pub(super) location: Option<ConfigLocation>,
    pub(super) exists: bool,
    pub(super) profile: Option<SelectedProfile>,
    /// What is wrong with the profiles that do not apply.
    pub(super) warnings: Vec<String>,
}

impl Selection {
    /// The profile `wanted`, else that of `CG_AUTH_PROFILE`, else the default profile of the file.
    pub(super) fn find(wanted: Option<&str>, location: Option<ConfigLocation>) -> Result<Self, SettingError> {
        let (wanted, chosen_by) = match wanted {
            Some(name) => (Some(name.to_owned()), "--profile"),
            None => (variable::PROFILE.text()?, variable::PROFILE.name),
        };
        let Some(location) = location else {
            return match wanted {
                Some(profile) => Err(SettingError::NoConfigFile { profile }),
                None => Ok(Self::default()),
            };
        };
        let file = location.file();
        let Some(config) = ConfigFile::read(&location)? else {
            return match wanted {
                Some(profile) => Err(SettingError::ProfileWithoutFile { profile, file }),
                None => Ok(Self { location: Some(location), ..Self::default() }),
            };
        };
        let known = config.names();
        let is_explicit = wanted.is_some();
        let chosen_by = if is_explicit { chosen_by } else { BY_FILE };
        let wanted = wanted.or(config.default_profile);
        let mut selection = Self { location: Some(location), exists: true, ..Self::default() };
        for (name, profile) in config.profiles {
            match profile {
                profile if wanted.as_ref() == Some(&name) => {
                    let profile =
                        profile.map_err(|source| SettingError::ConfigFile { file: file.clone(), source })?;
                    selection.profile =
                        Some(SelectedProfile { name, file: file.clone(), chosen_by, profile });
                }
                Ok(_) => {}
                Err(problem) => {
                    selection.warnings.push(format!("{file}: {problem} (this profile is not used now)"));
                }
            }
        }
        match (wanted, &selection.profile) {
            (Some(profile), None) => {
                Err(SettingError::NoProfile(UnknownProfile { profile, file, known, is_explicit }))
            }
            _ => Ok(selection),
        }
    }
}

const BY_FILE: &str = "default_profile";

fn default_path() -> Option<PathBuf> {
    Some(user_folder::configuration()?.join("cg-auth").join("config.toml"))
}
