//! [`Planted`]: a transport over bare connections of hyper, correct but for one [`Defect`].

use std::{
    fmt,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use cg_auth_conformance::{Capabilities, Settings, Subject};
use cg_auth_core::{
    body::Body,
    transport::{HttpTransport, TransportError, TransportErrorKind},
};
use http::{Method, Request, Response, StatusCode, header::LOCATION};
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
    mixed_up: MixedUp,
    is_broken: AtomicBool,
    answered: AtomicUsize,
    one_at_a_time: tokio::sync::Mutex<()>,
    last_request: Mutex<String>,
    key: Option<String>,
}

impl Planted {
    pub(crate) fn new(defect: Option<Defect>, settings: &Settings) -> Self {
        let connector = Connector::new(defect, settings);
        Self(Arc::new(Inner {
            defect,
            connections: Connections::new(defect, connector),
            jar: Jar::default(),
            mixed_up: MixedUp::default(),
            is_broken: AtomicBool::new(false),
            answered: AtomicUsize::new(0),
            one_at_a_time: tokio::sync::Mutex::default(),
            last_request: Mutex::default(),
            key: settings.client_certificate.clone(),
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
                timeout(A_MOMENT, self.exchange(again)).await.unwrap_or(sent)
            }
            Ok(_) if self.has(Defect::SendsAGetTwice) && again.method() == Method::GET => {
                let _ = self.0.connections.send_only(again).await;
                sent
            }
            Ok(_) if self.has(Defect::SendsTwice) && self.0.answered.fetch_add(1, Ordering::Relaxed) > 0 => {
                let _ = self.0.connections.send_only(again).await;
                sent
            }
            Err(error)
                if self.has(Defect::SendsAgainAfterALoss)
                    && error.kind() == TransportErrorKind::Closed
                    && error.may_have_been_sent() =>
            {
                // A server that expects no second request does not answer it.
                timeout(A_MOMENT, self.exchange(again)).await.unwrap_or(sent)
            }
            _ => sent,
        }
    }

    async fn exchange(&self, request: Request<Body>) -> Result<Response<Body>, TransportError> {
        let shown = error_defects::shown(&request);
        if self.has(Defect::LogsTheRequest) {
            tracing::trace!(headers = shown, "a request");
        }
        self.0.last_request.lock().unwrap().clone_from(&shown);
        let altered = self.0.jar.alter(self.0.defect, request);
        let sent = self.0.connections.exchange(altered).await;
        if let Ok(answer) = &sent {
            self.0.jar.keep(answer);
        }
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
                if self.0.is_broken.load(Ordering::Relaxed) {
                    return Err(TransportError::config("a call was dropped"));
                }
                let mut breaks = BreaksIfDropped(Some(&self.0.is_broken));
                let sent = self.call(request).await;
                breaks.0 = None;
                sent
            }
            Some(Defect::MakesOneCallAtATime) => {
                let _turn = self.0.one_at_a_time.lock().await;
                self.call(request).await
            }
            Some(Defect::MixesUpAnswers) => self.0.mixed_up.mix(self.call(request)).await,
            Some(Defect::EndsACallAfterAMinute) => {
                timeout(Duration::from_secs(60), self.call(request)).await.map_err(TransportError::closed)?
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
        if self.has(Defect::DebugShowsTheKey) {
            shown.field("client_certificate", &self.0.key);
        }
        shown.finish_non_exhaustive()
    }
}

/// Breaks the transport unless the call has ended.
struct BreaksIfDropped<'a>(Option<&'a AtomicBool>);

impl Drop for BreaksIfDropped<'_> {
    fn drop(&mut self) {
        if let Some(is_broken) = self.0 {
            is_broken.store(true, Ordering::Relaxed);
        }
    }
}

/// Gives a call the answer to the one before it, while others are in flight.
#[derive(Default)]
struct MixedUp {
    in_flight: AtomicUsize,
    last: Mutex<Option<Response<Body>>>,
}

impl MixedUp {
    async fn mix(
        &self,
        call: impl Future<Output = Result<Response<Body>, TransportError>>,
    ) -> Result<Response<Body>, TransportError> {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        let answer = call.await;
        let others = self.in_flight.fetch_sub(1, Ordering::Relaxed) - 1;
        let answer = answer?;
        if others == 0 {
            return Ok(answer);
        }
        let copy = Response::new(answer.body().clone());
        Ok(self.last.lock().unwrap().replace(copy).unwrap_or(answer))
    }
}

fn copy(request: &Request<Body>) -> Request<Body> {
    let mut copy = Request::new(request.body().clone());
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.headers_mut() = request.headers().clone();
    copy
}

const A_MOMENT: Duration = Duration::from_millis(300);
