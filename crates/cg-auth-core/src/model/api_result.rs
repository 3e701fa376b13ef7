//! [`DelegatedAccessTokenApiResult`]: the JSON answer of the two token operations.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::MapAccess, ser::SerializeStruct};
use zeroize::Zeroizing;

use super::{
    AccessToken, DelegatedAccessToken, JsonContract, RefreshToken, Wire,
    api_error::Hidden,
    json_reading::{self, Found, FromJson, JsonError, Member, Name, Pass, ReadJson, take_members},
};

/// The envelope around a token ([wire protocol, section 3.1]), as the service wrote it: every member may be
/// missing.
///
/// `Debug` shows neither a token nor the text of `error_msg`.
///
/// [wire protocol, section 3.1]: crate::docs::wire#31-default-contract-c-typescript-no-jsoncontract-header--h
#[derive(Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct DelegatedAccessTokenApiResult {
    /// The token, if the service issued one.
    pub value: Option<DelegatedAccessTokenApiResultValue>,
    /// Whether the operation succeeded.
    pub is_success: Option<bool>,
    /// The reason for a failure, for people.
    pub error_msg: Option<String>,
}

impl DelegatedAccessTokenApiResult {
    /// An answer that carries a token.
    #[must_use]
    pub const fn success(value: DelegatedAccessTokenApiResultValue) -> Self {
        Self { value: Some(value), is_success: Some(true), error_msg: None }
    }

    /// An answer that refuses the request.
    #[must_use]
    pub fn refusal(error_msg: impl Into<String>) -> Self {
        Self { value: None, is_success: Some(false), error_msg: Some(error_msg.into()) }
    }

    /// The view that serialises this answer, tokens included, in the spelling of `contract`.
    #[must_use]
    pub const fn wire(&self, contract: JsonContract) -> Wire<'_, Self> {
        Wire::new(self, contract)
    }
}

impl fmt::Debug for DelegatedAccessTokenApiResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DelegatedAccessTokenApiResult")
            .field("value", &self.value)
            .field("is_success", &self.is_success)
            .field("error_msg", &Hidden(self.error_msg.as_deref()))
            .finish()
    }
}

/// The token inside the envelope ([wire protocol, section 3.1]).
///
/// A token that is empty, or that no header can carry, is read as `None`.
///
/// [wire protocol, section 3.1]: crate::docs::wire#31-default-contract-c-typescript-no-jsoncontract-header--h
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct DelegatedAccessTokenApiResultValue {
    /// The access token.
    pub access_token: Option<AccessToken>,
    /// The refresh token, to exchange for the next access token.
    pub refresh_token: Option<RefreshToken>,
    /// The lifetime, in a unit that the vendor does not document ([wire protocol, section 8]); 0 if it is
    /// missing.
    ///
    /// [wire protocol, section 8]: crate::docs::wire#8-duration-unit-and-lifetime--unknown
    pub duration: i64,
}

impl DelegatedAccessTokenApiResultValue {
    /// A token with all its members.
    #[must_use]
    pub const fn new(access_token: AccessToken, refresh_token: Option<RefreshToken>, duration: i64) -> Self {
        Self { access_token: Some(access_token), refresh_token, duration }
    }

    /// Converts into a usable token. `None` if there is no access token.
    #[must_use]
    pub fn into_token(self) -> Option<DelegatedAccessToken> {
        let token = DelegatedAccessToken::new(self.access_token?, self.refresh_token);
        Some(token.with_duration(self.duration))
    }

    /// The view that serialises this value, tokens included, in the spelling of `contract`.
    #[must_use]
    pub const fn wire(&self, contract: JsonContract) -> Wire<'_, Self> {
        Wire::new(self, contract)
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

impl<'de> Deserialize<'de> for DelegatedAccessTokenApiResult {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Envelope { value, is_success, error_msg } = json_reading::deserialize(deserializer)?;
        Ok(Self { value, is_success, error_msg: error_msg.map(|mut text| std::mem::take(&mut *text)) })
    }
}

/// A [`DelegatedAccessTokenApiResult`] whose text is zeroed, because the service may echo a secret in it.
pub(crate) struct Envelope {
    pub(crate) value: Option<DelegatedAccessTokenApiResultValue>,
    pub(crate) is_success: Option<bool>,
    pub(crate) error_msg: Option<Zeroizing<String>>,
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

impl<'de> Deserialize<'de> for DelegatedAccessTokenApiResultValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        json_reading::deserialize(deserializer)
    }
}

pub(crate) struct FoundResult {
    value: Member<FoundValue>,
    is_success: SuccessFlag,
    error_msg: Member<Zeroizing<String>>,
}

impl FromJson for FoundResult {
    fn of_object() -> Option<Self> {
        Some(Self {
            value: Member::named("value"),
            is_success: SuccessFlag { member: Member::named("isSuccess"), is_refused: false },
            error_msg: Member::named("errorMsg"),
        })
    }

    fn read_members<'de, A: MapAccess<'de>>(&mut self, mut object: A, pass: Pass) -> Result<(), A::Error> {
        take_members!(object, pass, self.value, self.is_success, self.error_msg);
        Ok(())
    }
}

/// `isSuccess`, of which any `false` refuses, in whatever spelling and order it stands beside others.
struct SuccessFlag {
    member: Member<bool>,
    is_refused: bool,
}

impl SuccessFlag {
    const fn name(&self) -> &'static str {
        self.member.name()
    }

    fn take<'de, A: MapAccess<'de>>(&mut self, name: Name, object: &mut A, _: Pass) -> Result<(), A::Error> {
        let found = object.next_value()?;
        self.is_refused |= matches!(found, Found::Value(false));
        self.member.keep(name, found);
        Ok(())
    }

    fn into_value(self) -> Result<Option<bool>, JsonError> {
        if self.is_refused { Ok(Some(false)) } else { self.member.into_value() }
    }
}

impl ReadJson for Envelope {
    type Found = FoundResult;

    fn from_found(found: FoundResult) -> Result<Self, JsonError> {
        let is_success = found.is_success.into_value()?;
        let value = found
            .value
            .into_value()
            .and_then(|value| value.map(DelegatedAccessTokenApiResultValue::from_found).transpose());
        let error_msg = found.error_msg.into_value();
        if is_success == Some(false) {
            // A refusal ignores the other members, so a malformed one does not turn it into another error.
            return Ok(Self { value: value.ok().flatten(), is_success, error_msg: error_msg.ok().flatten() });
        }
        Ok(Self { value: value?, is_success, error_msg: error_msg? })
    }
}

pub(crate) struct FoundValue {
    access_token: Member<Option<AccessToken>>,
    refresh_token: Member<Option<RefreshToken>>,
    duration: Member<i64>,
}

impl FromJson for FoundValue {
    fn of_object() -> Option<Self> {
        Some(Self {
            access_token: Member::named("access_token"),
            refresh_token: Member::named("refresh_token"),
            duration: Member::named("duration"),
        })
    }

    fn read_members<'de, A: MapAccess<'de>>(&mut self, mut object: A, pass: Pass) -> Result<(), A::Error> {
        take_members!(object, pass, self.access_token, self.refresh_token, self.duration);
        Ok(())
    }
}

impl ReadJson for DelegatedAccessTokenApiResultValue {
    type Found = FoundValue;

    fn from_found(found: FoundValue) -> Result<Self, JsonError> {
        Ok(Self {
            access_token: found.access_token.into_value()?.flatten(),
            refresh_token: found.refresh_token.into_value()?.flatten(),
            duration: found.duration.into_value()?.unwrap_or(0),
        })
    }
}
