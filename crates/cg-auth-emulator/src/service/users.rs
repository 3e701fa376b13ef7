//! [`Users`]: the users that the service knows.

use crate::user::User;

/// Every user, in the builder's order.
#[derive(Debug, Clone)]
pub(crate) struct Users(Vec<User>);

impl Users {
    pub(crate) const fn new(users: Vec<User>) -> Self {
        Self(users)
    }

    /// The `n`th user in the builder's order, from 0.
    pub(crate) fn get(&self, n: usize) -> Option<&User> {
        self.0.get(n)
    }

    /// The user with exactly this secret and name, byte for byte.
    pub(super) fn find(&self, client_secret: &[u8], user_principal_name: &[u8]) -> Option<&User> {
        self.0.iter().find(|user| {
            let credential = user.credential();
            credential.client_secret().expose_secret().as_bytes() == client_secret
                && credential.user_principal_name().as_str().as_bytes() == user_principal_name
        })
    }
}
