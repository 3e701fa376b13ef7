//! [`Precedence`]: takes each setting from its flag, else from its variable, else from the profile.

use super::{
    config_file::SelectedProfile,
    origin::{Chosen, Origin},
    profile::Profile,
    setting::Setting,
};
use crate::setting_error::SettingError;

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
            Some(Chosen { value: profile(&selected.profile)?, origin: selected.origin() })
        });
        match variable()? {
            Some(value) => {
                let name = setting.variable.map_or(setting.flag, |variable| variable.name);
                self.overriding.extend(profile.map(|_| name));
                Ok(Some(Chosen { value, origin: Origin::Variable(name) }))
            }
            None => Ok(profile),
        }
    }

    /// A warning if the user chose the profile by name and variables override it.
    pub(super) fn warning(&self) -> Option<String> {
        let selected = self.selected.filter(|selected| selected.is_explicit())?;
        let variables = self.overriding.join(", ");
        (!variables.is_empty())
            .then(|| format!("the environment overrides the profile \"{}\": {variables}", selected.name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::setting::TIMEOUT as SETTING;

    fn work(is_explicit: bool) -> SelectedProfile {
        let (name, file) = ("work".into(), "c.toml".into());
        let chosen_by = if is_explicit { "--profile" } else { "default_profile" };
        SelectedProfile { name, file, chosen_by, profile: Profile::default() }
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
