//! [`Subject`]: a transport under test.

use std::{any::type_name, sync::Arc};

use cg_auth_core::transport::HttpTransport;

use crate::{capability::Capabilities, settings::Settings};

/// A transport under test: how the suite makes one, and what it can do.
///
/// ```
/// use std::sync::Arc;
///
/// use async_trait::async_trait;
/// use cg_auth_conformance::{Capabilities, Settings, Subject, cg_auth_core};
/// use cg_auth_core::{
///     body::Body,
///     transport::{HttpTransport, TransportError},
/// };
/// use http::{Request, Response};
///
/// #[derive(Debug)]
/// struct MyTransport {
///     body_limit: usize,
/// }
///
/// #[async_trait]
/// impl HttpTransport for MyTransport {
///     async fn send(
///         &self,
///         _request: Request<Body>,
///     ) -> Result<Response<Body>, TransportError> {
///         // ...
/// #       Err(TransportError::config("an example"))
///     }
/// }
///
/// struct MySubject;
///
/// impl Subject for MySubject {
///     fn transport(&self, settings: &Settings) -> Arc<dyn HttpTransport> {
///         Arc::new(MyTransport { body_limit: settings.body_limit })
///     }
///
///     fn capabilities(&self) -> Capabilities {
///         Capabilities::none()
///     }
/// }
/// ```
pub trait Subject: Send + Sync {
    /// Makes a transport with `settings`. The suite calls this within a tokio runtime, once or more for each
    /// case.
    ///
    /// A panic fails the case, so `unwrap` is fine.
    fn transport(&self, settings: &Settings) -> Arc<dyn HttpTransport>;

    /// What the transport can do. Cases that need more do not apply to it, and the report says so.
    fn capabilities(&self) -> Capabilities;

    /// The name of the transport in the report. Default: the name of the type.
    fn name(&self) -> &str {
        type_name::<Self>()
    }
}

impl<S: Subject + ?Sized> Subject for Arc<S> {
    fn transport(&self, settings: &Settings) -> Arc<dyn HttpTransport> {
        S::transport(self, settings)
    }

    fn capabilities(&self) -> Capabilities {
        S::capabilities(self)
    }

    fn name(&self) -> &str {
        S::name(self)
    }
}
