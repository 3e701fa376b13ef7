//! google-cloud-auth: the credentials of a user account with its own token URI. A background task renews the token,
//! over a reqwest client of the library's own, so its service answers over loopback.

use std::{net::SocketAddr, sync::Arc};

use google_cloud_auth::credentials::{
    AccessTokenCredentials, CacheableResource, CredentialsProvider, EntityTag, user_account::Builder,
};
use http::{Extensions, HeaderValue, header::AUTHORIZATION};
use tokio::task::JoinHandle;

use crate::{
    cache::{Cache, Phase, Refused},
    server::listen,
    service::{HOUR, Service},
    subject::Subject,
};

pub struct Google {
    credentials: AccessTokenCredentials,
    /// The headers that the library last made, and their tag. While the tag is current, the program keeps them.
    headers: arc_swap::ArcSwapOption<(EntityTag, HeaderValue)>,
    server: JoinHandle<()>,
}

impl Cache for Google {
    const SUBJECT: Subject = Subject::Google;
    const TURNOVER: u64 = 241;

    async fn open(service: Arc<Service>, phase: Phase) -> Self {
        // It renews a token in the background four minutes before its end, and ten seconds after it has seen one
        // that lives shorter.
        service.set_lifetime(match phase {
            Phase::Fresh => HOUR,
            Phase::Early => 200,
            Phase::Expired => 0,
        });
        let (address, server) = listen(Arc::clone(&service)).await;
        let google = Self { credentials: credentials(address), headers: None.into(), server };
        google.credentials.access_token().await.unwrap();
        service.set_lifetime(HOUR);
        google
    }

    async fn token(&self) -> Result<usize, Refused> {
        Ok(self.credentials.access_token().await?.token.len())
    }

    async fn header(&self) -> Result<HeaderValue, Refused> {
        let kept = self.headers.load();
        let mut extensions = Extensions::new();
        if let Some(kept) = &*kept {
            extensions.insert(kept.0.clone());
        }
        match (self.credentials.headers(extensions).await?, &*kept) {
            (CacheableResource::NotModified, Some(kept)) => Ok(kept.1.clone()),
            (CacheableResource::NotModified, None) => Err("no headers".into()),
            (CacheableResource::New { entity_tag, data }, _) => {
                let value = data.get(AUTHORIZATION).ok_or("no header")?.clone();
                self.headers.store(Some(Arc::new((entity_tag, value.clone()))));
                Ok(value)
            }
        }
    }
}

impl Drop for Google {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn credentials(server: SocketAddr) -> AccessTokenCredentials {
    let user = serde_json::json!({
        "client_id": "client-id",
        "client_secret": "dGVzdC1vbmx5LXNlY3JldA==",
        "refresh_token": "cmVmcmVzaC10b2tlbg==",
        "type": "authorized_user",
    });
    Builder::new(user)
        .with_token_uri(format!("http://{server}/token"))
        .build_access_token_credentials()
        .unwrap()
}
