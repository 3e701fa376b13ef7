//! [`ApiCredential`]: the client secret and the user that every request names.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::MapAccess, ser::SerializeStruct};
use zeroize::Zeroizing;

use super::{
    ClientSecret, JsonContract, UserPrincipalName, Wire,
    json_reading::{self, FromJson, JsonError, Member, Pass, ReadJson, take_members},
};

/// A client secret and the user that it acts for ([wire protocol, section 3.1]).
///
/// The service's own type allows `null` for both. This type requires both, because the service issues no
/// token without them.
///
/// ```
/// use cg_auth_core::{ApiCredential, ClientSecret, UserPrincipalName, model::JsonContract};
///
/// let secret = ClientSecret::new("s3cret")?;
/// let credential = ApiCredential::new(secret, UserPrincipalName::new("a@example.com")?);
/// assert_eq!(
///     serde_json::to_string(&credential.wire(JsonContract::CamelCase))?,
///     r#"{"clientSecret":"s3cret","userPrincipalName":"a@example.com"}"#,
/// );
/// assert!(!format!("{credential:?}").contains("s3cret"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// [wire protocol, section 3.1]: crate::docs::wire#31-default-contract-c-typescript-no-jsoncontract-header--h
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiCredential {
    client_secret: ClientSecret,
    user_principal_name: UserPrincipalName,
}

impl ApiCredential {
    /// A credential from its two parts.
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

    /// The view that serialises this credential, secret included, in the spelling of `contract`.
    #[must_use]
    pub const fn wire(&self, contract: JsonContract) -> Wire<'_, Self> {
        Wire::new(self, contract)
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
    fn of_object() -> Option<Self> {
        Some(Self {
            client_secret: Member::named("clientSecret"),
            user_principal_name: Member::named("userPrincipalName"),
        })
    }

    fn read_members<'de, A: MapAccess<'de>>(&mut self, mut object: A, pass: Pass) -> Result<(), A::Error> {
        take_members!(object, pass, self.client_secret, self.user_principal_name);
        Ok(())
    }
}

impl ReadJson for ApiCredential {
    type Found = FoundCredential;

    fn from_found(found: FoundCredential) -> Result<Self, JsonError> {
        let unusable = |member| JsonError::WrongType { member, found: "empty, null or not visible ASCII" };
        let name = found
            .user_principal_name
            .into_value()?
            .and_then(|text| UserPrincipalName::new(text.as_str()).ok());
        Ok(Self {
            client_secret: found
                .client_secret
                .into_value()?
                .flatten()
                .ok_or_else(|| unusable("clientSecret"))?,
            user_principal_name: name.ok_or_else(|| unusable("userPrincipalName"))?,
        })
    }
}
