//! yup-oauth2: an `Authenticator` for an authorized user, over the hyper client that it is given.

use std::{net::SocketAddr, sync::Arc};

use http::HeaderValue;
use hyper_util::{
    client::legacy::{
        Client,
        connect::{Connect, HttpConnector},
    },
    rt::TokioExecutor,
};
use yup_oauth2::{
    AuthorizedUserAuthenticator, CustomHyperClientBuilder, authenticator::Authenticator,
    authorized_user::AuthorizedUserSecret,
};

use crate::{
    cache::{Cache, Phase, Refused, bearer},
    connectors::{InMemory, ToServer, loopback},
    service::{HOUR, Service},
    subject::Subject,
};

pub struct Yup<C: Connect + Clone + Send + Sync + 'static>(Authenticator<C>);

pub type InMemoryYup = Yup<InMemory>;

impl<C: Connect + Clone + Send + Sync + 'static> Yup<C> {
    async fn over(connector: C) -> Self {
        let client = Client::builder(TokioExecutor::new()).build::<_, String>(connector);
        let secret = AuthorizedUserSecret {
            client_id: "client-id".into(),
            client_secret: "dGVzdC1vbmx5LXNlY3JldA==".into(),
            refresh_token: "cmVmcmVzaC10b2tlbg==".into(),
            key_type: "authorized_user".into(),
        };
        let builder =
            AuthorizedUserAuthenticator::with_client(secret, CustomHyperClientBuilder::from(client));
        Self(builder.build().await.unwrap())
    }
}

impl Yup<HttpConnector<ToServer>> {
    pub async fn over_loopback(server: SocketAddr) -> Self {
        Self::over(loopback(server)).await
    }

    pub async fn call(&self) -> usize {
        self.0.force_refreshed_token(&SCOPES).await.unwrap().token().unwrap().len()
    }
}

impl Cache for InMemoryYup {
    const SUBJECT: Subject = Subject::Yup;
    const TURNOVER: u64 = 61;

    async fn open(service: Arc<Service>, phase: Phase) -> Self {
        // It takes a token for expired in its last minute.
        service.set_lifetime(match phase {
            Phase::Fresh => HOUR,
            Phase::Early => 30,
            Phase::Expired => 0,
        });
        let yup = Self::over(InMemory(Arc::clone(&service))).await;
        yup.token().await.unwrap();
        service.set_lifetime(HOUR);
        yup
    }

    async fn token(&self) -> Result<usize, Refused> {
        let token = self.0.token(&SCOPES).await?;
        Ok(token.token().ok_or("no token")?.len())
    }

    async fn header(&self) -> Result<HeaderValue, Refused> {
        let token = self.0.token(&SCOPES).await?;
        bearer(token.token().ok_or("no token")?)
    }
}

const SCOPES: [&str; 1] = ["https://www.googleapis.com/auth/cloud-platform"];
