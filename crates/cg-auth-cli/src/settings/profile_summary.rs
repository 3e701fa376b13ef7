//! [`ProfileSummary`]: a profile as `cg-auth config profiles` lists it.

use cg_auth_core::causes::cause_chain;
use serde::Serialize;

use super::{base_url, config_file::ConfigFile, origin::Origin, profile::Profile};

/// A profile of the configuration file.
#[derive(Debug, Serialize)]
pub(crate) struct ProfileSummary {
    pub(crate) name: String,
    pub(crate) is_default: bool,
    pub(crate) base_url: Option<String>,
    pub(crate) user_principal_name: Option<String>,
    /// Why the profile cannot be used.
    pub(crate) problem: Option<String>,
}

impl ConfigFile {
    /// Every profile, in alphabetical order. `file` is the name of this file in messages.
    pub(crate) fn summaries(&self, file: &str) -> Vec<ProfileSummary> {
        let summary = |(name, profile): &(String, Result<Profile, _>)| {
            let is_default = self.default_profile.as_ref() == Some(name);
            let empty = ProfileSummary {
                name: name.clone(),
                is_default,
                base_url: None,
                user_principal_name: None,
                problem: None,
            };
            match profile {
                Err(problem) => ProfileSummary { problem: Some(cause_chain(problem)), ..empty },
                Ok(profile) => {
                    let origin = Origin::Profile { name: name.clone(), file: file.to_owned() };
                    // The text is parsed, because it may hold a password by mistake.
                    let parsed = profile
                        .base_url
                        .as_deref()
                        .map(|text| base_url::parse(text, profile.allow_http.unwrap_or(false), &origin));
                    let parsed = parsed.transpose();
                    ProfileSummary {
                        problem: parsed.as_ref().err().map(|problem| cause_chain(problem)),
                        base_url: parsed.ok().flatten().map(|url| url.to_string()),
                        user_principal_name: profile.user_principal_name.clone(),
                        ..empty
                    }
                }
            }
        };
        self.profiles.iter().map(summary).collect()
    }
}
