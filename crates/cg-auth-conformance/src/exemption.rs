//! [`Exemption`]: cases that a transport is known to fail, with the reason.

/// Cases that a transport is known to fail, with the reason.
///
/// An exemption must be in use: if it matches no case, if its cases all pass, or if it has no reason, the suite
/// fails. So it goes when the fault goes.
///
/// ```
/// use cg_auth_conformance::Exemption;
///
/// let exemption = Exemption::new("http_2_*_body", "the library hides resets");
/// assert!(exemption.covers("http_2_connection_reset_within_the_body"));
/// assert!(!exemption.covers("reset_within_the_body"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exemption {
    glob: String,
    reason: String,
}

impl Exemption {
    /// Exempts the cases whose names match `glob`, where `*` stands for any text.
    pub fn new(glob: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { glob: glob.into(), reason: reason.into() }
    }

    /// Whether the exemption is for the case with this name.
    #[must_use]
    pub fn covers(&self, name: &str) -> bool {
        matches(self.glob.as_bytes(), name.as_bytes())
    }

    /// The names of the cases, with `*` for any text.
    #[must_use]
    pub fn glob(&self) -> &str {
        &self.glob
    }

    /// Why the transport fails them.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// Whether there is a reason. An exemption without one excuses nothing.
    pub(crate) fn has_reason(&self) -> bool {
        !self.reason.trim().is_empty()
    }
}

fn matches(glob: &[u8], name: &[u8]) -> bool {
    match (glob, name) {
        ([b'*', glob @ ..], _) => (0..=name.len()).any(|skipped| matches(glob, &name[skipped..])),
        ([expected, glob @ ..], [byte, name @ ..]) => expected == byte && matches(glob, name),
        (rest, left) => rest.is_empty() && left.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_text() {
        for (glob, name, covers) in [
            ("head_too_long", "head_too_long", true),
            ("head_too_long", "head_too_long_", false),
            ("head", "head_too_long", false),
            ("*", "", true),
            ("*", "head_too_long", true),
            ("head_*", "head_too_long", true),
            ("*_long", "head_too_long", true),
            ("*too*", "head_too_long", true),
            ("h*o*g", "head_too_long", true),
            ("h*o*x", "head_too_long", false),
            ("", "head", false),
        ] {
            assert_eq!(Exemption::new(glob, "x").covers(name), covers, "{glob} {name}");
        }
    }
}
