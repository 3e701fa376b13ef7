//! [`text_value!`](text_value): the conversions of a value that is made from a checked text.

/// Implements `FromStr`, `TryFrom<&str>`, `TryFrom<String>` and `Deserialize` for a type, all by its function
/// `$parse`. Each error is the [`ConfigError`](crate::ConfigError) of that function, which never quotes the
/// text.
macro_rules! text_value {
    ($name:ident, $parse:path, $expected:literal) => {
        impl std::str::FromStr for $name {
            type Err = $crate::ConfigError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                $parse(text)
            }
        }

        impl TryFrom<&str> for $name {
            type Error = $crate::ConfigError;

            fn try_from(text: &str) -> Result<Self, Self::Error> {
                $parse(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::ConfigError;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                $parse(&text)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Visitor;

                impl serde::de::Visitor<'_> for Visitor {
                    type Value = $name;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str($expected)
                    }

                    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<$name, E> {
                        $parse(text).map_err(E::custom)
                    }
                }

                deserializer.deserialize_str(Visitor)
            }
        }
    };
}
pub(super) use text_value;
