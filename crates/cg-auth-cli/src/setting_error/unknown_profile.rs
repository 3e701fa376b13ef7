//! [`UnknownProfile`]: a profile that the configuration file does not hold.

use std::{error::Error, fmt};

use crate::nearest::suggestion;

/// A profile that the configuration file does not hold. `Display` lists those that it does hold.
#[derive(Debug)]
pub(crate) struct UnknownProfile {
    pub(crate) profile: String,
    pub(crate) file: String,
    /// The profiles of the file.
    pub(crate) known: Vec<String>,
    /// Whether the user named the profile. Otherwise the file names it as its default.
    pub(crate) is_explicit: bool,
}

impl fmt::Display for UnknownProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { profile, file, known, is_explicit } = self;
        if *is_explicit {
            write!(f, "no profile \"{profile}\" in {file}")?;
        } else {
            write!(f, "default_profile names \"{profile}\", which is no profile in {file}")?;
        }
        if known.is_empty() {
            return f.write_str("; the file holds no profile");
        }
        let suggestion = suggestion(profile, known.iter().map(String::as_str));
        write!(f, "{suggestion}; the file holds {}", known.join(", "))
    }
}

impl Error for UnknownProfile {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_known_profiles_and_the_nearest_one_are_named() {
        let text = |known: &[&str], is_explicit| {
            let known = known.iter().map(ToString::to_string).collect();
            UnknownProfile { profile: "worc".into(), file: "c.toml".into(), known, is_explicit }.to_string()
        };
        assert_eq!(
            text(&["lab", "work"], true),
            "no profile \"worc\" in c.toml; did you mean work?; the file holds lab, work"
        );
        assert_eq!(text(&["lab"], true), "no profile \"worc\" in c.toml; the file holds lab");
        assert_eq!(
            text(&[], false),
            "default_profile names \"worc\", which is no profile in c.toml; the file holds no profile"
        );
    }
}
