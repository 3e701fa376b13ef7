//! The two claims of an access token that tell its lifetime (RFC 7519 section 4.1).

use serde::{Deserialize, de::IgnoredAny, de::MapAccess};

use crate::model::{
    AccessToken, decode_base64url,
    json_reading::{Found, FromJson, next_name},
};

/// `exp` and `iat`, in seconds since 1970, truncated. The signature is not verified: only the service can do that.
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
                "exp" => claims.expires_at = object.next_value::<NumericDate>()?.0,
                "iat" => claims.issued_at = object.next_value::<NumericDate>()?.0,
                _ => drop(object.next_value::<IgnoredAny>()?),
            }
        }
        Ok(Some(claims))
    }
}

struct NumericDate(Option<i64>);

impl<'de> Deserialize<'de> for NumericDate {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(match Found::deserialize(deserializer)? {
            Found::Value(seconds) => Some(seconds),
            Found::Null | Found::Wrong(_) => None,
        }))
    }
}
