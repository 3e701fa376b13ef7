//! [`UreqTransport`]: sends a request on a thread and waits for it. [`UreqTransportBuilder`] sets it up.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use cg_auth_core::{
    body::Body,
    transport::{HttpTransport, TransportError},
};
use cg_auth_transport_util::{TransportSettings, builder_methods, tls_builder_methods};
use http::{Request, Response};

use crate::{call::Call, client::Client};

/// An [`HttpTransport`] over ureq. A clone shares the connections.
///
/// It works on every executor and needs no runtime: each exchange runs on a thread of its own, and the future
/// waits for it. If the future is dropped, the connection is shut down and the thread ends.
#[derive(Clone)]
pub struct UreqTransport {
    client: Arc<Client>,
}

impl UreqTransport {
    /// A transport with the default settings.
    ///
    /// # Errors
    /// [`TransportError`] of the config kind when TLS cannot be set up. If the platform has no root
    /// certificate, the first `https:` request fails instead; plain http needs none.
    pub fn new() -> Result<Self, TransportError> {
        Self::builder().build()
    }

    /// A builder with the default settings.
    pub fn builder() -> UreqTransportBuilder {
        UreqTransportBuilder::new()
    }

    /// A transport with `settings`, which may be shared with other transports.
    ///
    /// # Errors
    /// As [`UreqTransportBuilder::build`].
    pub fn from_settings(settings: &TransportSettings) -> Result<Self, TransportError> {
        Ok(Self { client: Arc::new(Client::from_settings(settings)?) })
    }
}

#[async_trait]
impl HttpTransport for UreqTransport {
    async fn send(&self, request: Request<Body>) -> Result<Response<Body>, TransportError> {
        let client = Arc::clone(&self.client);
        let call = Call::start(move |cancellation, reply| {
            let (answer, kept) = client.exchange(request, cancellation);
            let pool = client.pool();
            // The last transport to be dropped closes the idle connections, so this thread keeps none alive.
            drop(client);
            let watched = kept.and_then(|connection| pool.put(connection));
            reply.send(answer);
            if let Some(watched) = watched {
                pool.watch(&watched);
            }
        });
        call?.await
    }
}

impl fmt::Debug for UreqTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UreqTransport").field("body_limit", &self.client.body_limit()).finish_non_exhaustive()
    }
}

/// Builds a [`UreqTransport`]. Each setting has a default that suits the service.
///
/// ```
/// use std::time::Duration;
///
/// # use cg_auth_ureq::{UreqTransport, cg_auth_core::transport::TransportError};
/// let builder = UreqTransport::builder().connect_timeout(Duration::from_secs(3));
/// let transport = builder.no_proxy().build()?;
/// # drop(transport);
/// # Ok::<(), TransportError>(())
/// ```
#[derive(Debug, Clone, Default)]
#[must_use = "a builder does nothing until it is built"]
pub struct UreqTransportBuilder {
    settings: TransportSettings,
}

impl UreqTransportBuilder {
    /// Every setting at its default.
    pub fn new() -> Self {
        Self::default()
    }
}

builder_methods!(UreqTransportBuilder.settings);
tls_builder_methods!(UreqTransportBuilder.settings);

impl UreqTransportBuilder {
    /// Builds the transport.
    ///
    /// # Errors
    /// [`TransportError`] of the config kind when the settings cannot be used together, or ask for HTTP/2 with
    /// prior knowledge, which ureq does not speak. If the platform has no root certificate, or a proxy variable
    /// of the environment cannot be read, the first `https:` request that needs it fails instead.
    pub fn build(self) -> Result<UreqTransport, TransportError> {
        UreqTransport::from_settings(&self.settings)
    }
}
