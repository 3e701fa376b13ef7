//! [`Planted`]: a transport over bare connections of hyper, correct but for one [`Defect`].

use std::{
    fmt,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use async_trait::async_trait;
use cg_auth_conformance::{Capabilities, Settings, Subject};
use cg_auth_core::{
    body::Body,
    transport::{HttpTransport, TransportError, TransportErrorKind},
};
use http::{Request, Response, StatusCode, header::LOCATION};
use tokio::{runtime::Handle, time::timeout};

use crate::{
    connecting::Connector, connections::Connections, defect::Defect, error_defects, request_defects::Jar,
};

/// Makes transports with a defect, or correct ones.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PlantedSubject(pub(crate) Option<Defect>);

impl Subject for PlantedSubject {
    fn transport(&self, settings: &Settings) -> Arc<dyn HttpTransport> {
        Arc::new(Planted::new(self.0, settings))
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::all()
    }
}

/// A clone shares the connections.
#[derive(Clone)]
pub(crate) struct Planted(Arc<Inner>);

struct Inner {
    defect: Option<Defect>,
    connections: Connections,
    jar: Jar,
    is_broken: AtomicBool,
    last_request: Mutex<String>,
}

impl Planted {
    pub(crate) fn new(defect: Option<Defect>, settings: &Settings) -> Self {
        let connector = Connector::new(defect, settings);
        Self(Arc::new(Inner {
            defect,
            connections: Connections::new(defect, connector),
            jar: Jar::default(),
            is_broken: AtomicBool::new(false),
            last_request: Mutex::default(),
        }))
    }

    fn has(&self, defect: Defect) -> bool {
        self.0.defect == Some(defect)
    }

    /// The exchange, and whatever a transport might do after it.
    async fn call(&self, request: Request<Body>) -> Result<Response<Body>, TransportError> {
        let again = copy(&request);
        let sent = self.exchange(request).await;
        match &sent {
            Ok(answer) if self.has(Defect::FollowsRedirects) && answer.status().is_redirection() => {
                let mut again = again;
                let location = answer.headers().get(LOCATION).and_then(|value| value.to_str().ok());
                let Some(location) = location.and_then(|text| text.parse().ok()) else { return sent };
                *again.uri_mut() = location;
                self.exchange(again).await
            }
            Ok(answer)
                if self.has(Defect::SendsAgainWhenTheServiceIsBusy)
                    && answer.status() == StatusCode::SERVICE_UNAVAILABLE =>
            {
                self.exchange(again).await
            }
            Ok(_) if self.has(Defect::SendsTwice) => {
                let this = self.clone();
                tokio::spawn(async move { this.exchange(again).await });
                sent
            }
            Err(error)
                if self.has(Defect::SendsAgainAfterALoss)
                    && error.kind() == TransportErrorKind::Closed
                    && error.may_have_been_sent() =>
            {
                self.exchange(again).await
            }
            _ => sent,
        }
    }

    async fn exchange(&self, request: Request<Body>) -> Result<Response<Body>, TransportError> {
        *self.0.last_request.lock().unwrap() = error_defects::shown(&request);
        let altered = self.0.jar.alter(self.0.defect, request);
        let sent = self.0.connections.exchange(altered).await;
        if let Ok(answer) = &sent {
            self.0.jar.keep(answer);
        }
        let shown = self.0.last_request.lock().unwrap().clone();
        error_defects::alter(self.0.defect, sent, &shown, self.0.connections.connector().proxy_url())
    }
}

#[async_trait]
impl HttpTransport for Planted {
    async fn send(&self, request: Request<Body>) -> Result<Response<Body>, TransportError> {
        if !self.has(Defect::PanicsOutsideARuntime) {
            Handle::try_current().map_err(TransportError::config)?;
        }
        match self.0.defect {
            Some(Defect::GoesOnAfterADrop) => {
                let this = self.clone();
                tokio::spawn(async move { this.call(request).await }).await.unwrap()
            }
            Some(Defect::IsUnusableAfterADrop) => {
                if self.0.is_broken.swap(true, Ordering::Relaxed) {
                    return Err(TransportError::config("a call was dropped"));
                }
                let sent = self.call(request).await;
                self.0.is_broken.store(false, Ordering::Relaxed);
                sent
            }
            Some(Defect::ConnectTimeoutIsADeadline) => {
                let limit = self.0.connections.connector().connect_timeout();
                timeout(limit, self.call(request)).await.map_err(TransportError::closed)?
            }
            _ => self.call(request).await,
        }
    }
}

impl fmt::Debug for Planted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Planted");
        if self.has(Defect::DebugShowsTheRequest) {
            shown.field("last_request", &self.0.last_request);
        }
        if self.has(Defect::DebugShowsTheProxy) {
            shown.field("proxy", &self.0.connections.connector().proxy_url());
        }
        shown.finish_non_exhaustive()
    }
}

fn copy(request: &Request<Body>) -> Request<Body> {
    let mut copy = Request::new(request.body().clone());
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.headers_mut() = request.headers().clone();
    copy
}
