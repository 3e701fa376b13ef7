//! The contract of a token store, over a server of its own for each case.

use std::{sync::Arc, time::Duration};

use cg_auth_core::{
    time::BoxFuture,
    token::store::{Holder, StoreEntry, TokenStore},
};
use cg_auth_redis::{ByteStore, RedisStore, Sealed};
use cg_auth_store::{
    byte_store::{ByteClaim, ByteClaimed, BytePublication},
    contract::{Failure, Subject, Suite},
};

use super::server::{self, Server};

cg_auth_store::store_contract!(OverRedis::new());

/// The suite, or nothing where there is no server.
struct OverRedis(Option<Suite>);

impl OverRedis {
    fn new() -> Self {
        Self(server::is_there().then(|| Suite::new(OnServer { server: Server::start(&[]) })))
    }

    fn check(&self, name: &str) -> Result<(), Failure> {
        self.0.as_ref().map_or(Ok(()), |suite| suite.check(name))
    }

    fn check_exemptions(&self) -> Result<(), Failure> {
        self.0.as_ref().map_or(Ok(()), Suite::check_exemptions)
    }
}

struct OnServer {
    server: Server,
}

impl Subject for OnServer {
    fn store(&self) -> Arc<dyn TokenStore> {
        Arc::new(Sealed::new(self.server.store().with_operation_limit(LIMIT)))
    }

    #[cfg(unix)]
    fn freeze(&self) -> BoxFuture<'_, bool> {
        self.server.freeze();
        Box::pin(async { true })
    }

    #[cfg(unix)]
    fn thaw(&self) -> BoxFuture<'_, ()> {
        self.server.thaw();
        Box::pin(async {})
    }

    fn operation_limit(&self) -> Duration {
        LIMIT
    }

    fn damage<'a>(&'a self, entry: &'a StoreEntry) -> BoxFuture<'a, bool> {
        Box::pin(async move { flip_a_bit(&self.server.store(), entry).await })
    }

    fn block_on(&self, case: BoxFuture<'_, ()>) {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(case);
    }
}

/// Publishes the token of the entry again, with one bit flipped.
async fn flip_a_bit(store: &RedisStore, entry: &StoreEntry) -> bool {
    let look = ByteClaim { holder: Holder::new(1), held: None, unwanted: Vec::new(), lease: None };
    let Ok(ByteClaimed::Token(mut token)) = store.claim(entry.name(), &look).await else { return false };
    token.sealed[20] ^= 1;
    store.remove(entry.name()).await.unwrap();
    store.publish(entry.name(), Holder::new(1), &BytePublication::Token(token)).await.is_ok()
}

/// Ten times what an operation may take in production. The cases about late operations wait for it.
const LIMIT: Duration = Duration::from_secs(4);
