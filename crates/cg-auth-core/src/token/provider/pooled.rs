//! What a pool does with the providers that it keeps.

use std::sync::Arc;

use super::{Shared, TokenProvider};
use crate::{
    client::AuthClient,
    token::{SecretSource, session::Session, turn::Turns},
};

impl TokenProvider {
    pub(in crate::token) fn of_pool(
        client: AuthClient,
        session: Session,
        secret: Arc<dyn SecretSource>,
        turns: Arc<Turns>,
    ) -> Self {
        Self { shared: Shared::new(client, session, secret, Some(turns)) }
    }

    /// Whether somebody besides the pool has it, or an attempt is on its way in a task of its own.
    pub(in crate::token) fn is_in_use(&self) -> bool {
        Arc::strong_count(&self.shared) > 1 || self.shared.has_spawned()
    }

    /// From now on no attempt is started.
    pub(in crate::token) fn close(&self) {
        self.shared.close();
    }

    /// Waits for an attempt under way.
    pub(in crate::token) async fn landed(&self) {
        self.shared.landed().await;
    }
}
