//! `/_emulator/users`: lists, adds and changes users.

use cg_auth_core::{ApiCredential, ClientSecret, UserPrincipalName, body::Body};
use serde::Serialize;
use serde_json::Value;

use super::error::ControlError;
use crate::{
    input::Members,
    service::{AuthService, UserError},
    user::User,
};

#[derive(Serialize)]
pub(super) struct UserList {
    users: Vec<Row>,
}

/// A [`User`] as JSON, without the secret.
#[derive(Serialize)]
pub(super) struct Row {
    user_principal_name: String,
    enabled: bool,
    administrator: bool,
    client_secret_digest: String,
    second_secret: bool,
}

pub(super) fn list(service: &AuthService) -> UserList {
    UserList { users: service.users().iter().map(|user| Row::new(service, user)).collect() }
}

impl Row {
    fn new(service: &AuthService, user: &User) -> Self {
        Self {
            user_principal_name: user.name().to_owned(),
            enabled: user.is_enabled(),
            administrator: user.is_administrator(),
            client_secret_digest: service.digest(user.credential().client_secret().expose_secret()),
            second_secret: user.has_second_secret(),
        }
    }
}

pub(super) fn add(service: &AuthService, body: &Body) -> Result<Row, ControlError> {
    let mut members = Members::parse(body.as_bytes())?;
    let name =
        members.get("user_principal_name", NAME, |value| UserPrincipalName::new(value.as_str()?).ok())?;
    let changes = Changes::read(&mut members)?;
    let name = name.ok_or_else(|| members.missing("user_principal_name", NAME))?;
    let secret = changes.client_secret.clone().ok_or_else(|| members.missing("client_secret", SECRET))?;
    let user = changes.apply(User::new(ApiCredential::new(secret, name)));
    let row = Row::new(service, &user);
    service.add_user(user)?;
    Ok(row)
}

pub(super) fn change(service: &AuthService, name: &str, body: &Body) -> Result<Row, ControlError> {
    let mut members = Members::parse(body.as_bytes())?;
    members.some()?;
    let changes = Changes::read(&mut members)?;
    service.change_user(name, |user| changes.apply(user))?;
    let users = service.users();
    let user = users.named(name.as_bytes()).ok_or(UserError::Unknown)?;
    Ok(Row::new(service, user))
}

/// The members that a request may set.
struct Changes {
    enabled: Option<bool>,
    administrator: Option<bool>,
    client_secret: Option<ClientSecret>,
    /// `Some(None)` takes the second secret away.
    second_secret: Option<Option<ClientSecret>>,
}

impl Changes {
    fn read(members: &mut Members) -> Result<Self, ControlError> {
        let secret = |value: &Value| ClientSecret::new(value.as_str()?).ok();
        let changes = Self {
            enabled: members.flag("enabled")?,
            administrator: members.flag("administrator")?,
            client_secret: members.get("client_secret", SECRET, secret)?,
            second_secret: members.get("second_secret", SECOND_SECRET, |value| match value {
                Value::Null => Some(None),
                value => secret(value).map(Some),
            })?,
        };
        members.done()?;
        Ok(changes)
    }

    fn apply(self, mut user: User) -> User {
        if let Some(secret) = self.client_secret {
            user = user.client_secret(secret);
        }
        if let Some(secret) = self.second_secret {
            user = user.second_secret(secret);
        }
        let enabled = self.enabled.unwrap_or(user.is_enabled());
        let administrator = self.administrator.unwrap_or(user.is_administrator());
        user.enabled(enabled).administrator(administrator)
    }
}

const NAME: &str = "a string of visible ASCII without spaces, such as user@example.com";
const SECRET: &str = "a string of visible ASCII without spaces";
const SECOND_SECRET: &str = "a string of visible ASCII without spaces, or null for none";
