//! [`Choice`]: flag, else variable, else profile, for one setting after the other.

use super::{SettingError, config_file::SelectedProfile};

/// Chooses values, and remembers what a profile lost to the environment.
#[derive(Debug, Default)]
pub(super) struct Choice {
    lost: Vec<&'static str>,
}

impl Choice {
    /// The first of the three that there is. The variable is looked at only where the flag says nothing.
    pub(super) fn of<T>(
        &mut self,
        setting: &'static str,
        flag: Option<T>,
        variable: impl FnOnce() -> Result<Option<T>, SettingError>,
        profile: Option<T>,
    ) -> Result<Option<T>, SettingError> {
        let (chosen, origin) = if flag.is_some() {
            (flag, "flag")
        } else if let Some(value) = variable()? {
            if profile.is_some() {
                self.lost.push(setting);
            }
            (Some(value), "environment")
        } else {
            (profile, "profile")
        };
        tracing::debug!(setting, origin = if chosen.is_some() { origin } else { "default" });
        Ok(chosen)
    }

    /// What to tell somebody who chose `profile` by name and does not get all of it.
    pub(super) fn lost_by(&self, selected: &SelectedProfile) -> Option<String> {
        (selected.is_explicit && !self.lost.is_empty()).then(|| {
            let (name, lost) = (&selected.name, self.lost.join(", "));
            format!("the environment wins over the profile \"{name}\" in: {lost}")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::profile::Profile;

    #[test]
    fn the_first_of_flag_variable_and_profile_wins() {
        let mut choice = Choice::default();
        let mut of = |flag, variable, profile| choice.of("x", flag, || Ok(variable), profile).unwrap();
        assert_eq!(of(Some(1), Some(2), Some(3)), Some(1));
        assert_eq!(of(Some(1), None, Some(3)), Some(1));
        assert_eq!(of(Some(1), Some(2), None), Some(1));
        assert_eq!(of(None, None, Some(3)), Some(3));
        assert_eq!(of(None, None, None), None);
        assert!(choice.lost.is_empty());
        assert_eq!(choice.of("y", None, || Ok(Some(2)), Some(3)).unwrap(), Some(2));
        assert_eq!(choice.lost, ["y"]);
    }

    #[test]
    fn only_a_profile_that_was_asked_for_is_said_to_lose() {
        let choice = Choice { lost: vec!["base_url", "timeout"] };
        let selected =
            |is_explicit| SelectedProfile { name: "work".into(), is_explicit, profile: Profile::default() };
        assert_eq!(choice.lost_by(&selected(false)), None);
        assert_eq!(
            choice.lost_by(&selected(true)).unwrap(),
            r#"the environment wins over the profile "work" in: base_url, timeout"#
        );
        assert_eq!(Choice::default().lost_by(&selected(true)), None);
    }

    #[test]
    fn a_variable_that_cannot_be_used_does_not_matter_beside_a_flag() {
        let mut choice = Choice::default();
        let broken = || Err(SettingError::NotText("CG_AUTH_TIMEOUT"));
        assert_eq!(choice.of("timeout", Some(1), broken, None).unwrap(), Some(1));
        assert!(choice.of("timeout", None, broken, Some(1)).is_err());
    }
}
