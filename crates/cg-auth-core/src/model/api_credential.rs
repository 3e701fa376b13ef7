//! [`ApiCredential`]: what the service is asked with.

use serde::{Deserialize, Deserializer, de::MapAccess};
use zeroize::Zeroizing;

use super::{
    ClientSecret, UserPrincipalName,
    json_reading::{self, FromJson, JsonError, Member, ReadJson, take_members},
};

/// A client secret together with the user that it acts for (SPEC section 3.1).
///
/// The wire type allows `null` for both; ours does not, since there is nothing to be had for it.
///
/// ```
/// use cg_auth_core::{ApiCredential, ClientSecret, UserPrincipalName, model::JsonContract};
///
/// let credential = ApiCredential::new(ClientSecret::new("s3cret")?, UserPrincipalName::new("a@example.com")?);
/// assert_eq!(
///     serde_json::to_string(&credential.wire(JsonContract::CamelCase))?,
///     r#"{"clientSecret":"s3cret","userPrincipalName":"a@example.com"}"#,
/// );
/// assert!(!format!("{credential:?}").contains("s3cret"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiCredential {
    client_secret: ClientSecret,
    user_principal_name: UserPrincipalName,
}

impl ApiCredential {
    /// A credential of its two parts.
    #[must_use]
    pub const fn new(client_secret: ClientSecret, user_principal_name: UserPrincipalName) -> Self {
        Self { client_secret, user_principal_name }
    }

    /// The secret of the API authentication profile.
    #[must_use]
    pub const fn client_secret(&self) -> &ClientSecret {
        &self.client_secret
    }

    /// The delegated user.
    #[must_use]
    pub const fn user_principal_name(&self) -> &UserPrincipalName {
        &self.user_principal_name
    }
}

impl<'de> Deserialize<'de> for ApiCredential {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        json_reading::deserialize(deserializer)
    }
}

pub(crate) struct FoundCredential {
    client_secret: Member<Option<ClientSecret>>,
    user_principal_name: Member<Zeroizing<String>>,
}

impl FromJson for FoundCredential {
    fn from_object<'de, A: MapAccess<'de>>(mut object: A) -> Result<Option<Self>, A::Error> {
        let mut found = Self {
            client_secret: Member::named("clientSecret"),
            user_principal_name: Member::named("userPrincipalName"),
        };
        take_members!(object, found.client_secret, found.user_principal_name);
        Ok(Some(found))
    }
}

impl ReadJson for ApiCredential {
    type Found = FoundCredential;

    fn judge(found: FoundCredential) -> Result<Self, JsonError> {
        let unusable = |member| JsonError::WrongType { member, found: "empty, null or no visible ASCII" };
        let name =
            found.user_principal_name.judge()?.and_then(|text| UserPrincipalName::new(text.as_str()).ok());
        Ok(Self {
            client_secret: found.client_secret.judge()?.flatten().ok_or_else(|| unusable("clientSecret"))?,
            user_principal_name: name.ok_or_else(|| unusable("userPrincipalName"))?,
        })
    }
}
