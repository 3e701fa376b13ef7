//! aws-smithy-runtime: `IdentityCache::lazy`, as the orchestrator of a generated client uses it.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use aws_smithy_async::{rt::sleep::TokioSleep, time::SystemTimeSource};
use aws_smithy_runtime::client::identity::IdentityCache;
use aws_smithy_runtime_api::client::{
    identity::{
        Identity, IdentityFuture, ResolveCachedIdentity, ResolveIdentity, SharedIdentityCache,
        SharedIdentityResolver, http::Token,
    },
    runtime_components::{RuntimeComponents, RuntimeComponentsBuilder},
};
use aws_smithy_types::config_bag::ConfigBag;
use http::HeaderValue;
use serde::Deserialize;

use crate::{
    cache::{Cache, Phase, Refused, bearer},
    service::{HOUR, Service, Shape},
    subject::Subject,
};

pub struct Smithy {
    cache: SharedIdentityCache,
    resolvers: Vec<SharedIdentityResolver>,
    components: RuntimeComponents,
    settings: ConfigBag,
}

impl Smithy {
    /// A cache for `users` identities.
    pub fn new(service: &Arc<Service>, users: usize) -> Self {
        let resolver = || SharedIdentityResolver::new(Resolver(Arc::clone(service)));
        // What the cache does not use panics if it is used.
        let components = RuntimeComponentsBuilder::for_tests()
            .with_time_source(Some(SystemTimeSource::new()))
            .with_sleep_impl(Some(TokioSleep::new()));
        Self {
            cache: IdentityCache::lazy().max_partitions(users).build(),
            resolvers: (0..users).map(|_| resolver()).collect(),
            components: components.build().unwrap(),
            settings: ConfigBag::base(),
        }
    }

    pub async fn token_of(&self, user: usize) -> Result<usize, Refused> {
        Ok(self.identity_of(user).await?.data::<Token>().ok_or("no token")?.token().len())
    }

    async fn identity_of(&self, user: usize) -> Result<Identity, Refused> {
        let resolver = self.resolvers[user].clone();
        self.cache.resolve_cached_identity(resolver, &self.components, &self.settings).await
    }
}

impl Cache for Smithy {
    const SUBJECT: Subject = Subject::Smithy;
    const TURNOVER: u64 = 9;

    async fn open(service: Arc<Service>, phase: Phase) -> Self {
        // It takes an identity for expired five to ten seconds before its end.
        service.set_lifetime(match phase {
            Phase::Fresh => HOUR,
            Phase::Early => 4,
            Phase::Expired => 0,
        });
        let smithy = Self::new(&service, 1);
        smithy.token().await.unwrap();
        service.set_lifetime(HOUR);
        smithy
    }

    async fn token(&self) -> Result<usize, Refused> {
        self.token_of(0).await
    }

    async fn header(&self) -> Result<HeaderValue, Refused> {
        bearer(self.identity_of(0).await?.data::<Token>().ok_or("no token")?.token())
    }
}

#[derive(Debug)]
struct Resolver(Arc<Service>);

impl ResolveIdentity for Resolver {
    fn resolve_identity<'a>(&'a self, _: &'a RuntimeComponents, _: &'a ConfigBag) -> IdentityFuture<'a> {
        #[derive(Deserialize)]
        struct Answer {
            access_token: String,
            expires_in: u64,
        }
        IdentityFuture::new(async {
            let answer = self.0.answer(Shape::OAuth).await;
            if !answer.status().is_success() {
                return Err(answer.status().as_str().into());
            }
            let answer: Answer = serde_json::from_slice(answer.body())?;
            let expiry = Some(SystemTime::now() + Duration::from_secs(answer.expires_in));
            Ok(Identity::new(Token::new(answer.access_token, expiry), expiry))
        })
    }
}
