//! [`as_str`]: enums whose variants have a short stable word each.

/// Implements `as_str`, and `Display` with it.
macro_rules! as_str {
    ($type:ident: $($variant:ident = $word:literal),*) => {
        impl $type {
            /// The variant as a short stable word, for logs, metrics and machine-readable output.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}
pub(super) use as_str;
