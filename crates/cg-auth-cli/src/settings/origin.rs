//! [`Chosen`]: a value and its [`Origin`], where it comes from.

use std::fmt::{self, Display};

use crate::setting_error::SettingError;

/// A value, and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Chosen<T> {
    pub(crate) value: T,
    pub(crate) origin: Origin,
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
}

/// Where a value comes from. `Display` names the flag, the variable, or the profile and its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    Flag(&'static str),
    Variable(&'static str),
    Profile { name: String, file: String },
    Default,
}

impl Origin {
    pub(super) const fn is_profile(&self) -> bool {
        matches!(self, Self::Profile { .. })
    }
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
