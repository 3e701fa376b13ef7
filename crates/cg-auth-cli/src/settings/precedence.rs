//! [`Precedence`]: takes each setting from its flag, else from its variable, else from the profile.

use std::fmt::{self, Display};

use super::{config_file::SelectedProfile, profile::Profile};
use crate::{setting_error::SettingError, variable::Variable};

/// The names of a setting.
#[derive(Debug, Clone, Copy)]
pub(super) struct Setting {
    pub(super) label: &'static str,
    pub(super) flag: &'static str,
    pub(super) variable: Variable,
}

/// Chooses values, and remembers the variables that override the profile.
#[derive(Debug)]
pub(super) struct Precedence<'a> {
    selected: Option<&'a SelectedProfile>,
    overriding: Vec<&'static str>,
}

impl<'a> Precedence<'a> {
    pub(super) const fn new(selected: Option<&'a SelectedProfile>) -> Self {
        Self { selected, overriding: Vec::new() }
    }

    /// The first value among flag, variable and profile. `variable` is not called if there is a `flag`.
    pub(super) fn choose<T>(
        &mut self,
        setting: Setting,
        flag: Option<T>,
        variable: impl FnOnce() -> Result<Option<T>, SettingError>,
        profile: impl FnOnce(&'a Profile) -> Option<T>,
    ) -> Result<Option<Chosen<T>>, SettingError> {
        if let Some(value) = flag {
            return Ok(Some(Chosen { value, origin: Origin::Flag(setting.flag) }));
        }
        let profile = self.selected.and_then(|selected| {
            let origin = Origin::Profile { name: selected.name.clone(), file: selected.file.clone() };
            Some(Chosen { value: profile(&selected.profile)?, origin })
        });
        let name = setting.variable.name;
        match variable()? {
            Some(value) => {
                self.overriding.extend(profile.map(|_| name));
                Ok(Some(Chosen { value, origin: Origin::Variable(name) }))
            }
            None => Ok(profile),
        }
    }

    /// A warning if the user chose the profile by name and variables override it.
    pub(super) fn warning(&self) -> Option<String> {
        let selected = self.selected.filter(|selected| selected.is_explicit)?;
        let variables = self.overriding.join(", ");
        (!variables.is_empty())
            .then(|| format!("the environment overrides the profile \"{}\": {variables}", selected.name))
    }
}

/// A value, and where it comes from.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Chosen<T> {
    pub(super) value: T,
    pub(super) origin: Origin,
}

impl<T> Chosen<T> {
    pub(super) const fn by_default(value: T) -> Self {
        Self { value, origin: Origin::Default }
    }

    /// Replaces the value with the result of `parse`, and keeps the origin.
    pub(super) fn try_map<U>(
        self,
        parse: impl FnOnce(T, &Origin) -> Result<U, SettingError>,
    ) -> Result<Chosen<U>, SettingError> {
        Ok(Chosen { value: parse(self.value, &self.origin)?, origin: self.origin })
    }

    /// Logs the setting for `-v`, with `shown` as its value.
    pub(super) fn log(&self, setting: Setting, shown: impl Display) {
        tracing::debug!(target: "cg_auth::settings", "{}: {shown} ({})", setting.label, self.origin);
    }
}

/// Where a value comes from. `Display` names the flag, the variable, or the profile and its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Origin {
    Flag(&'static str),
    Variable(&'static str),
    Profile { name: String, file: String },
    Default,
}

impl Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) | Self::Variable(name) => f.write_str(name),
            Self::Profile { name, file } => write!(f, "profile \"{name}\" in {file}"),
            Self::Default => f.write_str("default"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::variable;

    const SETTING: Setting = Setting { label: "timeout", flag: "--timeout", variable: variable::TIMEOUT };

    fn work(is_explicit: bool) -> SelectedProfile {
        let (name, file) = ("work".into(), "c.toml".into());
        SelectedProfile { name, file, is_explicit, profile: Profile::default() }
    }

    #[test]
    fn the_first_of_flag_variable_and_profile_wins() {
        let selected = work(true);
        let mut precedence = Precedence::new(Some(&selected));
        let mut choose = |flag, variable, profile| {
            let chosen = precedence.choose(SETTING, flag, || Ok(variable), |_| profile).unwrap();
            chosen.map(|chosen| (chosen.value, chosen.origin.to_string()))
        };
        let (flag, in_profile) = ("--timeout".to_owned(), "profile \"work\" in c.toml".to_owned());
        assert_eq!(choose(Some(1), Some(2), Some(3)), Some((1, flag.clone())));
        assert_eq!(choose(Some(1), None, Some(3)), Some((1, flag.clone())));
        assert_eq!(choose(Some(1), Some(2), None), Some((1, flag)));
        assert_eq!(choose(None, None, Some(3)), Some((3, in_profile)));
        assert_eq!(choose(None, None, None), None);
        assert_eq!(choose(None, Some(2), None), Some((2, "CG_AUTH_TIMEOUT".to_owned())));
        assert!(precedence.overriding.is_empty());
        precedence.choose(SETTING, None, || Ok(Some(2)), |_| Some(3)).unwrap();
        assert_eq!(precedence.overriding, ["CG_AUTH_TIMEOUT"]);
    }

    #[test]
    fn only_a_profile_chosen_by_name_causes_a_warning() {
        for (is_explicit, overriding, warning) in [
            (false, vec!["CG_AUTH_TIMEOUT"], None),
            (true, Vec::new(), None),
            (
                true,
                vec!["CG_AUTH_BASE_URL", "CG_AUTH_TIMEOUT"],
                Some(r#"the environment overrides the profile "work": CG_AUTH_BASE_URL, CG_AUTH_TIMEOUT"#),
            ),
        ] {
            let selected = work(is_explicit);
            let precedence = Precedence { selected: Some(&selected), overriding };
            assert_eq!(precedence.warning().as_deref(), warning);
        }
        assert_eq!(Precedence::new(None).warning(), None);
    }

    #[test]
    fn an_unusable_variable_is_ignored_if_its_flag_is_given() {
        let mut precedence = Precedence::new(None);
        let broken = || Err(SettingError::NotText("CG_AUTH_TIMEOUT"));
        let chosen = precedence.choose(SETTING, Some(1), broken, |_| None).unwrap();
        assert_eq!(chosen.map(|chosen| chosen.value), Some(1));
        assert!(precedence.choose::<u32>(SETTING, None, broken, |_| None).is_err());
    }
}
