//! [`Environment`]: the vendor's published base URLs, by name.

use std::fmt;

use super::{BaseUrl, ConfigError, text_value::text_value};

/// A published environment of the service ([wire protocol, section 5]).
///
/// The published list may be incomplete. For any other URL use [`BaseUrl::parse`].
///
/// [wire protocol, section 5]: crate::docs::wire#5-base-url
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Environment {
    /// Production, commercial: `commercial`.
    Commercial,
    /// Production, U.S. Government: `us-government`.
    UsGovernment,
    /// Insider, East US (Virginia): `insider-us-east`.
    InsiderUsEast,
    /// Insider, North Europe (Ireland): `insider-north-europe`.
    InsiderNorthEurope,
}

impl Environment {
    /// Every published environment.
    pub const ALL: [Self; 4] =
        [Self::Commercial, Self::UsGovernment, Self::InsiderUsEast, Self::InsiderNorthEurope];

    /// The name that `FromStr`, `TryFrom` and [`Deserialize`](serde::Deserialize) read, for instance
    /// `us-government`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Commercial => "commercial",
            Self::UsGovernment => "us-government",
            Self::InsiderUsEast => "insider-us-east",
            Self::InsiderNorthEurope => "insider-north-europe",
        }
    }

    /// The environment with this name, in any case.
    fn named(name: &str) -> Result<Self, ConfigError> {
        Self::ALL.into_iter().find(|environment| environment.name().eq_ignore_ascii_case(name)).ok_or(
            ConfigError::new(
                "the environment",
                "is unknown; expected commercial, us-government, insider-us-east or insider-north-europe",
            ),
        )
    }

    /// The base URL of this environment.
    #[must_use]
    pub fn base_url(self) -> BaseUrl {
        BaseUrl::published(match self {
            Self::Commercial => "go-api.avepointonlineservices.com",
            Self::UsGovernment => "governance-api-us-gov.avepointonlineservices.com",
            Self::InsiderUsEast => "insider-governance-api-us-east.avepointonlineservices.com",
            Self::InsiderNorthEurope => "insider-governance-api-north-europe.avepointonlineservices.com",
        })
    }
}

impl fmt::Display for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

text_value!(Environment, Environment::named, "the name of an environment, as text");

impl From<Environment> for BaseUrl {
    fn from(environment: Environment) -> Self {
        environment.base_url()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_parses_back_and_every_base_url_is_valid() {
        for environment in Environment::ALL {
            assert_eq!(environment.name().parse(), Ok(environment));
            let base = environment.base_url();
            assert_eq!(BaseUrl::parse(base.as_str()), Ok(base));
        }
        assert!("production".parse::<Environment>().is_err());
    }
}
