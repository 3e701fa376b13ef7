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
        matches(&self.glob, name)
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

/// The time is linear in the number of stars: each part between two of them takes its first place.
fn matches(glob: &str, name: &str) -> bool {
    let Some((first, rest)) = glob.split_once('*') else { return glob == name };
    let (middle, last) = rest.rsplit_once('*').unwrap_or(("", rest));
    let Some(mut left) = name.strip_prefix(first) else { return false };
    for part in middle.split('*') {
        let Some((_, after)) = left.split_once(part) else { return false };
        left = after;
    }
    left.ends_with(last)
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
            ("", "", true),
            ("**", "", true),
            ("h**d", "head", true),
            ("ab*ba", "aba", false),
            ("ab*ba", "abba", true),
            ("*a*a", "a", false),
            ("a*b*b", "ab", false),
            ("*ab*ab*", "aab_aab", true),
            ("\u{fc}*", "\u{fc}ber", true),
        ] {
            assert_eq!(Exemption::new(glob, "x").covers(name), covers, "{glob} {name}");
        }
    }

    /// Trying every place of every star takes longer than anyone waits.
    #[test]
    fn many_stars_cost_no_more_than_few() {
        let glob = "*a".repeat(40) + "*x";
        assert!(!Exemption::new(glob, "x").covers(&"a".repeat(200)));
    }
}
