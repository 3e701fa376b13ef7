//! Writing a model: [`JsonContract`] names the spelling, [`Wire`] is the view that serialises.

use serde::{Serialize, Serializer, ser::SerializeStruct};

use super::{
    AccessToken, ApiCredential, ApiError, DelegatedAccessTokenApiResult, DelegatedAccessTokenApiResultValue,
    RefreshToken,
};

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
    const fn pick(self, camel_case: &'static str, pascal_case: &'static str) -> &'static str {
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
    model: &'a T,
    contract: JsonContract,
}

impl<'a, T> Wire<'a, T> {
    pub(super) const fn new(model: &'a T, contract: JsonContract) -> Self {
        Self { model, contract }
    }
}

impl Serialize for Wire<'_, ApiCredential> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let name = |camel, pascal| self.contract.pick(camel, pascal);
        let mut object = serializer.serialize_struct("ApiCredential", 2)?;
        object.serialize_field(
            name("clientSecret", "ClientSecret"),
            self.model.client_secret().expose_secret(),
        )?;
        object.serialize_field(
            name("userPrincipalName", "UserPrincipalName"),
            self.model.user_principal_name().as_str(),
        )?;
        object.end()
    }
}

impl Serialize for Wire<'_, DelegatedAccessTokenApiResult> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let name = |camel, pascal| self.contract.pick(camel, pascal);
        let value = self.model.value.as_ref().map(|value| value.wire(self.contract));
        let mut object = serializer.serialize_struct("DelegatedAccessTokenApiResult", 3)?;
        object.serialize_field(name("value", "Value"), &value)?;
        object.serialize_field(name("isSuccess", "IsSuccess"), &self.model.is_success)?;
        object.serialize_field(name("errorMsg", "ErrorMsg"), &self.model.error_msg)?;
        object.end()
    }
}

impl Serialize for Wire<'_, DelegatedAccessTokenApiResultValue> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let name = |camel, pascal| self.contract.pick(camel, pascal);
        let access_token = self.model.access_token.as_ref().map(AccessToken::expose_secret);
        let refresh_token = self.model.refresh_token.as_ref().map(RefreshToken::expose_secret);
        let mut object = serializer.serialize_struct("DelegatedAccessTokenApiResultValue", 3)?;
        object.serialize_field(name("access_token", "AccessToken"), &access_token)?;
        object.serialize_field(name("refresh_token", "RefreshToken"), &refresh_token)?;
        object.serialize_field(name("duration", "Duration"), &self.model.duration)?;
        object.end()
    }
}

impl Serialize for Wire<'_, ApiError> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let name = |camel, pascal| self.contract.pick(camel, pascal);
        let mut object = serializer.serialize_struct("ApiError", 4)?;
        object.serialize_field(name("code", "Code"), &self.model.code)?;
        object.serialize_field(name("message", "Message"), &self.model.message)?;
        object.serialize_field(name("requestId", "RequestId"), &self.model.request_id)?;
        object.serialize_field(name("date", "Date"), &self.model.date)?;
        object.end()
    }
}
