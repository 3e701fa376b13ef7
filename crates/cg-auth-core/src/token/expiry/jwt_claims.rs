//! The two claims of an access token that tell its lifetime (RFC 7519 section 4.1).

use serde::de::{IgnoredAny, MapAccess};

use crate::model::{
    AccessToken, decode_base64url,
    json_reading::{Found, FromJson, next_name},
};

/// `exp` and `iat`, in seconds since 1970, truncated. Only the service can verify the signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct JwtClaims {
    pub(super) expires_at: Option<i64>,
    pub(super) issued_at: Option<i64>,
}

impl JwtClaims {
    /// The claims of a signed JWT; a token of any other form has none.
    pub(super) fn read(token: &AccessToken) -> Self {
        let mut parts = token.expose_secret().split('.');
        let (Some(_), Some(payload), Some(_), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Self::default();
        };
        let Some(json) = decode_base64url(payload) else { return Self::default() };
        match serde_json::from_slice(&json) {
            Ok(Found::Value(claims)) => claims,
            _ => Self::default(),
        }
    }
}

impl FromJson for JwtClaims {
    fn from_object<'de, A: MapAccess<'de>>(mut object: A) -> Result<Option<Self>, A::Error> {
        let mut claims = Self::default();
        while let Some(name) = next_name(&mut object)? {
            match &*name {
                "exp" => claims.expires_at = whole_seconds(&object.next_value()?),
                "iat" => claims.issued_at = whole_seconds(&object.next_value()?),
                _ => drop(object.next_value::<IgnoredAny>()?),
            }
        }
        Ok(Some(claims))
    }
}

const fn whole_seconds(date: &Found<i64>) -> Option<i64> {
    if let Found::Value(seconds) = date { Some(*seconds) } else { None }
}
