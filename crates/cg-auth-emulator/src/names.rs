//! [`Named`]: values that have a name in JSON, in a query and in the configuration file.

use std::fmt;

use cg_auth_core::{model::JsonContract, token::DurationUnit};

/// A type of which each value has a name.
pub(crate) trait Named: Copy + 'static {
    /// Every value, in the order in which a message lists them.
    const VALUES: &'static [Self];

    fn name(self) -> &'static str;

    fn of_name(name: &str) -> Option<Self> {
        Self::VALUES.iter().copied().find(|value| value.name() == name)
    }

    fn names() -> Vec<&'static str> {
        Self::VALUES.iter().map(|value| value.name()).collect()
    }
}

/// The text is not the name of a value. The message lists the names and does not quote the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct UnknownName {
    names: Vec<&'static str>,
    nearest: Option<&'static str>,
}

impl UnknownName {
    pub(crate) fn new<T: Named>(text: &str) -> Self {
        let names = T::names();
        let nearest = nearest(text, names.iter().copied());
        Self { names, nearest }
    }
}

impl fmt::Display for UnknownName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {}", one_of(&self.names))?;
        self.nearest.map_or(Ok(()), |name| write!(f, "; did you mean {name}?"))
    }
}

/// Gives the variants of an enum their names: `ALL`, `as_str`, `Display`, `FromStr` and [`Named`].
macro_rules! named {
    ($visible:vis $type:ident: $($variant:ident = $name:literal),+ $(,)?) => {
        impl $type {
            /// Every value.
            $visible const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The value's stable name, in the control API and in the configuration file.
            #[must_use]
            $visible const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }
        }

        impl $crate::names::Named for $type {
            const VALUES: &'static [Self] = Self::ALL;

            fn name(self) -> &'static str {
                self.as_str()
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $type {
            type Err = $crate::names::UnknownName;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let value = <Self as $crate::names::Named>::of_name(text);
                value.ok_or_else(|| $crate::names::UnknownName::new::<Self>(text))
            }
        }
    };
}
pub(crate) use named;

impl Named for DurationUnit {
    const VALUES: &'static [Self] = Self::ALL;

    fn name(self) -> &'static str {
        self.as_str()
    }
}

impl Named for JsonContract {
    const VALUES: &'static [Self] = Self::ALL;

    fn name(self) -> &'static str {
        self.as_str()
    }
}

/// `a, b or c`.
pub(crate) fn one_of(names: &[&str]) -> String {
    match names.split_last() {
        Some((last, others)) if !others.is_empty() => format!("{} or {last}", others.join(", ")),
        _ => names.concat(),
    }
}

/// The known name that is most like `word`, if one is like it at all.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let bare = |name: &str| name.replace(['_', '-', ' '], "").to_ascii_lowercase();
    // Comparing costs the product of the lengths, and no known name is nearly as long.
    let word = bare(word.get(..word.len().min(64))?);
    let likeness = known.into_iter().map(|name| (strsim::jaro(&word, &bare(name)), name));
    // The threshold is that of clap, so that the command line and the control API suggest alike.
    likeness.filter(|(like, _)| *like > 0.7).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Alpn, AnswerPart, ConnectionEnd, HeaderValues, KeyHeaderPolicy, Operation, Part, RefreshRotation,
        Refusals, When,
    };

    #[test]
    fn every_value_is_found_by_its_name_and_no_two_share_one() {
        fn check<T: Named + PartialEq + fmt::Debug>() {
            for (index, &value) in T::VALUES.iter().enumerate() {
                assert_eq!(T::of_name(value.name()), Some(value));
                assert!(!T::VALUES[..index].iter().any(|other| other.name() == value.name()));
                assert!(value.name().bytes().all(|it| it.is_ascii_lowercase() || b"_12".contains(&it)));
            }
            assert!(T::of_name("").is_none() && T::of_name("ROTATE").is_none());
        }
        check::<Operation>();
        check::<Part>();
        check::<When>();
        check::<ConnectionEnd>();
        check::<AnswerPart>();
        check::<RefreshRotation>();
        check::<Refusals>();
        check::<KeyHeaderPolicy>();
        check::<HeaderValues>();
        check::<Alpn>();
        check::<DurationUnit>();
        check::<JsonContract>();
        assert_eq!(Operation::Other.to_string().parse(), Ok(Operation::Other));
    }

    #[test]
    fn an_unknown_name_lists_the_names_suggests_one_and_is_not_quoted() {
        for (text, message) in [
            ("rotat", "expected rotate or keep; did you mean rotate?"),
            ("s3cret", "expected rotate or keep"),
            ("", "expected rotate or keep"),
        ] {
            assert_eq!(text.parse::<RefreshRotation>().unwrap_err().to_string(), message);
        }
        let error = "http3".parse::<Alpn>().unwrap_err().to_string();
        assert_eq!(error, "expected http2_and_http1, http2, http1 or off; did you mean http1?");
    }

    #[test]
    fn the_nearest_name_is_found_in_any_spelling_and_however_long_the_word_is() {
        let known = ["advance_seconds", "frozen", "set"];
        for (word, expected) in [
            ("advanceSeconds", Some("advance_seconds")),
            ("frozne", Some("frozen")),
            ("colour", None),
            ("", None),
            ("€", None),
        ] {
            assert_eq!(nearest(word, known), expected, "{word}");
        }
        assert_eq!(nearest(&"x".repeat(60_000), known), None);
        assert_eq!(nearest(&"€".repeat(60_000), known), None);
    }
}
