//! Writing a model: [`JsonContract`] names the spelling, [`Wire`] is the view that serialises. Each model's
//! file has its own `impl Serialize for Wire`.

/// How the member names of a JSON document are spelled ([wire protocol, section 3]).
///
/// The contract matters for writing only. Reading accepts both, in any mixture.
///
/// [wire protocol, section 3]: crate::docs::wire#3-json-shapes
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum JsonContract {
    /// The service's default: `isSuccess` outside, `access_token` inside `value`.
    #[default]
    CamelCase,
    /// `IsSuccess`, `AccessToken`; requested with the header `X-CLOUD-GOVERNANCE-JSONCONTRACT: PascalCase`.
    PascalCase,
}

impl JsonContract {
    /// Every contract.
    pub const ALL: &'static [Self] = &[Self::CamelCase, Self::PascalCase];

    /// The contract as a short stable word, for configuration files.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.pick("camel_case", "pascal_case")
    }

    pub(super) const fn pick(self, camel_case: &'static str, pascal_case: &'static str) -> &'static str {
        match self {
            Self::CamelCase => camel_case,
            Self::PascalCase => pascal_case,
        }
    }
}

/// A view that serialises a model, secrets included, in the spelling of one contract.
///
/// It writes `None` as `null`. Its `Debug` is the model's own, which is redacted.
#[derive(Debug, Clone, Copy)]
pub struct Wire<'a, T> {
    pub(super) model: &'a T,
    pub(super) contract: JsonContract,
}

impl<'a, T> Wire<'a, T> {
    pub(super) const fn new(model: &'a T, contract: JsonContract) -> Self {
        Self { model, contract }
    }
}
