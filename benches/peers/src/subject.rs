//! [`Subject`]: who is measured, and why a peer has no figure in a row.

/// A floor, cg-auth or a peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    Floor,
    CgAuth,
    Huskarl,
    Tame,
    Yup,
    Azure,
    Google,
    Smithy,
    OAuth2,
}

impl Subject {
    pub const ALL: [Self; 9] = [
        Self::Floor,
        Self::CgAuth,
        Self::Huskarl,
        Self::Tame,
        Self::Yup,
        Self::Azure,
        Self::Google,
        Self::Smithy,
        Self::OAuth2,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Floor => "floor",
            Self::CgAuth => "cg-auth",
            Self::Huskarl => "huskarl",
            Self::Tame => "tame-oauth",
            Self::Yup => "yup-oauth2",
            Self::Azure => "azure_identity",
            Self::Google => "google-cloud-auth",
            Self::Smithy => "aws-smithy-runtime",
            Self::OAuth2 => "oauth2",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|subject| subject.name() == name)
    }

    pub const fn is_peer(self) -> bool {
        !matches!(self, Self::Floor | Self::CgAuth)
    }
}

/// The reason for each "–": which subjects have no figure in which rows.
pub const MISSING: [(&[Subject], &str, &str); 10] = {
    use Subject::{Azure, Google, Huskarl, OAuth2, Smithy, Tame, Yup};
    [
        (&[OAuth2], "cache", "it has no cache; the program keeps the token"),
        (
            &[Huskarl, Tame, Yup, Azure, Google],
            "pool",
            "a cache holds the token of one user; the program keeps the map",
        ),
        (&[OAuth2], "pool", "it has no cache"),
        (&[Huskarl, Yup, Azure, Google, Smithy], "sans-io", "it has no public function for it alone"),
        (&[Tame], "call", "it has no call; the program sends the request"),
        (&[Yup, Google], "call", "it takes no HTTP client that answers at once"),
        (&[Smithy], "call", "it caches identities and knows no token endpoint"),
        (&[Tame, Yup, Google], "herd", "it makes many requests for a herd, or waits for its background task"),
        (&[Smithy], "loopback", "it caches identities and knows no token endpoint"),
        (&[Google], "loopback", "it asks when it sees fit, and no call makes it ask"),
    ]
};
