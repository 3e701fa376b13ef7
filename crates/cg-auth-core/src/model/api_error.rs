//! [`ApiError`]: the JSON body of an error answer.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::MapAccess, ser::SerializeStruct};
use zeroize::Zeroizing;

use super::{
    JsonContract, Wire,
    json_reading::{self, AnyScalar, FromJson, JsonError, Lines, Member, Pass, ReadJson, take_members},
};

/// The documented body of a 400 or 500 answer ([wire protocol, section 3.1]), every member optional.
///
/// Reading is lenient, because any detail of an error helps. A member of an unexpected type counts as
/// missing, and a single `message` as a list of one. Where the documented members are absent, these fill in:
/// `errorMsg` of a refusal, and `title`, `detail` and `traceId` of an RFC 9457 problem.
///
/// `Debug` shows lengths only, because the service may echo a secret.
///
/// [wire protocol, section 3.1]: crate::docs::wire#31-default-contract-c-typescript-no-jsoncontract-header--h
#[derive(Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ApiError {
    /// The error code, for programs.
    pub code: Option<String>,
    /// The error message for people, one entry for each line.
    pub message: Option<Vec<String>>,
    /// The id of the request, for the vendor's support.
    pub request_id: Option<String>,
    /// The time of the error, as text, because it may lack a UTC offset or be in the year 1.
    pub date: Option<String>,
}

impl ApiError {
    /// Whether every member is missing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The view that serialises this error in the spelling of `contract`.
    #[must_use]
    pub const fn wire(&self, contract: JsonContract) -> Wire<'_, Self> {
        Wire::new(self, contract)
    }
}

impl fmt::Debug for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiError")
            .field("code", &Hidden(self.code.as_deref()))
            .field("message", &self.message.as_ref().map(|lines| format!("{} lines", lines.len())))
            .field("request_id", &Hidden(self.request_id.as_deref()))
            .field("date", &Hidden(self.date.as_deref()))
            .finish()
    }
}

/// Text of the service in a `Debug` output: only its length.
pub(super) struct Hidden<'a>(pub(super) Option<&'a str>);

impl fmt::Debug for Hidden<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(text) => write!(f, "Some({} bytes)", text.len()),
            None => f.write_str("None"),
        }
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

impl<'de> Deserialize<'de> for ApiError {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut texts: ErrorTexts = json_reading::deserialize(deserializer)?;
        let taken = |text: Option<Zeroizing<String>>| text.map(|mut text| std::mem::take(&mut *text));
        Ok(Self {
            code: taken(texts.code),
            message: texts
                .message
                .as_mut()
                .map(|lines| lines.iter_mut().map(|line| std::mem::take(&mut **line)).collect()),
            request_id: taken(texts.request_id),
            date: taken(texts.date),
        })
    }
}

/// An [`ApiError`] as the service wrote it. It may echo a secret, so its texts are zeroed.
#[derive(Default)]
pub(crate) struct ErrorTexts {
    pub(crate) code: Option<Zeroizing<String>>,
    pub(crate) message: Option<Vec<Zeroizing<String>>>,
    pub(crate) request_id: Option<Zeroizing<String>>,
    pub(crate) date: Option<Zeroizing<String>>,
}

impl ErrorTexts {
    /// Whether every member is missing.
    pub(crate) const fn is_empty(&self) -> bool {
        self.code.is_none() && self.message.is_none() && self.request_id.is_none() && self.date.is_none()
    }
}

pub(crate) struct FoundError {
    code: Member<AnyScalar>,
    message: Member<Lines>,
    request_id: Member<AnyScalar>,
    date: Member<AnyScalar>,
    error_msg: Member<AnyScalar>,
    title: Member<AnyScalar>,
    detail: Member<AnyScalar>,
    trace_id: Member<AnyScalar>,
}

impl FromJson for FoundError {
    fn of_object() -> Option<Self> {
        Some(Self {
            code: Member::named("code"),
            message: Member::named("message"),
            request_id: Member::named("requestId"),
            date: Member::named("date"),
            error_msg: Member::named("errorMsg"),
            title: Member::named("title"),
            detail: Member::named("detail"),
            trace_id: Member::named("traceId"),
        })
    }

    fn read_members<'de, A: MapAccess<'de>>(&mut self, mut object: A, pass: Pass) -> Result<(), A::Error> {
        take_members!(
            object,
            pass,
            self.code,
            self.message,
            self.request_id,
            self.date,
            self.error_msg,
            self.title,
            self.detail,
            self.trace_id,
        );
        Ok(())
    }
}

impl From<ApiError> for ErrorTexts {
    fn from(error: ApiError) -> Self {
        let zeroed = |text: Option<String>| text.map(Zeroizing::new);
        Self {
            code: zeroed(error.code),
            message: error.message.map(|lines| lines.into_iter().map(Zeroizing::new).collect()),
            request_id: zeroed(error.request_id),
            date: zeroed(error.date),
        }
    }
}

impl ReadJson for ErrorTexts {
    type Found = FoundError;

    fn from_found(found: FoundError) -> Result<Self, JsonError> {
        let text = |member: Member<AnyScalar>| member.into_value().ok().flatten().map(AnyScalar::into_text);
        let documented = found.message.into_value().ok().flatten().map(Lines::into_lines);
        let others = [text(found.error_msg), text(found.title), text(found.detail)];
        let others: Vec<_> = others.into_iter().flatten().collect();
        let message = match documented {
            None if !others.is_empty() => Some(others),
            documented => documented,
        };
        Ok(Self {
            code: text(found.code),
            message,
            request_id: text(found.request_id).or(text(found.trace_id)),
            date: text(found.date),
        })
    }
}
