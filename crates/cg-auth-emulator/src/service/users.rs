//! [`Users`]: the users that the service knows, and [`UserError`]: why it refuses a change.

use crate::user::User;

/// Every user, in the order in which they were added. Names differ in more than ASCII case.
#[derive(Debug, Clone, Default)]
pub(crate) struct Users(Vec<User>);

/// The users cannot be changed like that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UserError {
    /// Another user has the name, perhaps in another case.
    #[error("a user of this name exists already; change or remove it")]
    Exists,
    /// No user has the name.
    #[error("no user has this name; add it first")]
    Unknown,
    /// The emulator has as many users as it can hold.
    #[error("the emulator holds 10000 users; remove one first")]
    TooMany,
}

impl Users {
    #[cfg(test)]
    pub(crate) fn new(users: impl IntoIterator<Item = User>) -> Result<Self, UserError> {
        let mut all = Self::default();
        users.into_iter().try_for_each(|user| all.add(user))?;
        Ok(all)
    }

    pub(crate) fn add(&mut self, user: User) -> Result<(), UserError> {
        if self.named(user.name().as_bytes()).is_some() {
            return Err(UserError::Exists);
        }
        if self.0.len() == MAX_USERS {
            return Err(UserError::TooMany);
        }
        self.0.push(user);
        Ok(())
    }

    /// Changes the user of this name. The change must keep the name.
    pub(super) fn change(&mut self, name: &str, change: impl FnOnce(User) -> User) -> Result<(), UserError> {
        let user = self.0.iter_mut().find(|user| user.is_named(name.as_bytes()));
        let user = user.ok_or(UserError::Unknown)?;
        *user = change(user.clone());
        Ok(())
    }

    pub(super) fn remove(&mut self, name: &str) -> Result<User, UserError> {
        let index = self.0.iter().position(|user| user.is_named(name.as_bytes()));
        index.map(|index| self.0.remove(index)).ok_or(UserError::Unknown)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &User> {
        self.0.iter()
    }

    /// The `n`th user, from 0.
    #[cfg(test)]
    pub(super) fn get(&self, n: usize) -> Option<&User> {
        self.0.get(n)
    }

    /// The user of this name, without regard to ASCII case.
    pub(crate) fn named(&self, user_principal_name: &[u8]) -> Option<&User> {
        self.0.iter().find(|user| user.is_named(user_principal_name))
    }

    /// The user with this name and exactly this secret.
    pub(super) fn find(&self, client_secret: &[u8], user_principal_name: &[u8]) -> Option<&User> {
        self.named(user_principal_name).filter(|user| user.accepts(client_secret))
    }
}

/// How many users the service knows at most.
const MAX_USERS: usize = 10_000;

#[cfg(test)]
mod tests {
    use cg_auth_core::{ApiCredential, ClientSecret, UserPrincipalName};

    use super::*;

    #[test]
    fn a_name_is_found_in_any_case_and_added_once() {
        let mut users = Users::new([user("U@x")]).unwrap();
        assert_eq!(users.add(user("u@X")), Err(UserError::Exists));
        assert_eq!(users.find(b"s", b"u@X").map(User::name), Some("U@x"));
        assert_eq!(users.find(b"S", b"u@X"), None);
        assert_eq!(users.remove("u@x").unwrap().name(), "U@x");
        assert_eq!(users.remove("u@x"), Err(UserError::Unknown));
        assert_eq!(users.change("u@x", |user| user), Err(UserError::Unknown));
    }

    #[test]
    fn a_second_secret_is_accepted_until_it_is_taken_away() {
        let second = ClientSecret::new("t").unwrap();
        let mut users = Users::new([user("u@x").second_secret(Some(second))]).unwrap();
        assert!(users.find(b"s", b"u@x").is_some() && users.find(b"t", b"u@x").is_some());
        users.change("U@X", |user| user.second_secret(None)).unwrap();
        assert!(users.find(b"s", b"u@x").is_some() && users.find(b"t", b"u@x").is_none());
    }

    #[test]
    fn the_number_of_users_is_bounded() {
        let mut users = Users((0..MAX_USERS).map(|n| user(&format!("{n}@x"))).collect());
        assert_eq!(users.add(user("u@x")), Err(UserError::TooMany));
        assert_eq!(users.remove("0@x").unwrap().name(), "0@x");
        users.add(user("u@x")).unwrap();
    }

    fn user(name: &str) -> User {
        let name = UserPrincipalName::new(name).unwrap();
        User::new(ApiCredential::new(ClientSecret::new("s").unwrap(), name))
    }
}
