//! [`Connections`]: makes an exchange on a kept connection or a new one.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use cg_auth_core::{body::Body, causes::cause_chain, transport::TransportError};
use cg_auth_transport_util::{
    Proxy,
    failure::{Route, exchanging},
};
use http::{
    HeaderValue, Method, Request, Response, Uri,
    header::{CONTENT_LENGTH, HOST, PROXY_AUTHORIZATION},
    uri::Scheme,
};
use http_body_util::{BodyExt, Full, combinators::UnsyncBoxBody};
use hyper::{
    client::conn::{http1, http2},
    ext::on_informational,
};
use hyper_util::rt::{TokioExecutor, TokioIo};

use crate::{
    answer_defects,
    connecting::Connector,
    connection::{Connection, Sender},
    defect::Defect,
    request_defects::OfUnknownLength,
};

/// The body of a request on its way to hyper.
pub(crate) type Outgoing = UnsyncBoxBody<Bytes, Infallible>;

pub(crate) struct Connections {
    defect: Option<Defect>,
    connector: Connector,
    /// The idle ones, each with the scheme and the authority that it leads to.
    kept: Mutex<Vec<(String, Connection)>>,
}

impl Connections {
    pub(crate) const fn new(defect: Option<Defect>, connector: Connector) -> Self {
        Self { defect, connector, kept: Mutex::new(Vec::new()) }
    }

    pub(crate) const fn connector(&self) -> &Connector {
        &self.connector
    }

    /// Sends `request` on a kept connection, or on a new one if none takes it.
    pub(crate) async fn exchange(&self, request: Request<Body>) -> Result<Response<Body>, TransportError> {
        let uri = request.uri().clone();
        let proxy = self.connector.proxy_for(&uri)?;
        let route = if self.has(Defect::OpensNoTunnel) && proxy.is_some() {
            Route::new(&plain(&uri), proxy)
        } else {
            Route::new(&uri, proxy)
        };
        let key = format!("{:?} {:?}", uri.scheme(), uri.authority());
        let mut outgoing = self.outgoing(request, &uri, &route)?;
        let interim = Arc::new(Mutex::new(None));
        if self.has(Defect::TakesAnInterimAnswer) {
            let interim = interim.clone();
            on_informational(&mut outgoing, move |answer| *interim.lock().unwrap() = Some(answer.status()));
        }
        let (connection, answer) = loop {
            let (mut connection, is_kept) = match self.take(&key) {
                Some(kept) => (kept, true),
                None => (self.open(&uri, &route).await?, false),
            };
            let mut failed = match connection.send(outgoing, route.forwarding_proxy().is_some()).await {
                Ok(answer) => break (connection, answer),
                Err(failed) => failed,
            };
            match failed.take_message() {
                Some(request) if is_kept && !self.has(Defect::ReplacesNoDeadConnection) => outgoing = request,
                _ => {
                    let error = failed.into_error();
                    let quoted = cause_chain(&error);
                    let error = exchanging(error, &route);
                    let message = format!("{error} {quoted}");
                    let quotes = self.has(Defect::ErrorsQuoteAGoaway);
                    return Err(if quotes { error.with_message(message) } else { error });
                }
            }
        };
        let mut answer = answer_defects::collect(self.defect, answer, self.connector.body_limit()).await?;
        if let Some(status) = interim.lock().unwrap().take() {
            *answer.status_mut() = status;
        }
        if !self.has(Defect::KeepsNoConnection) && connection.is_open() {
            self.kept.lock().unwrap().push((key, connection));
        }
        Ok(answer)
    }

    /// Sends `request` on a new connection and does not wait for the answer.
    pub(crate) async fn send_only(&self, request: Request<Body>) -> Result<(), TransportError> {
        let uri = request.uri().clone();
        let route = Route::new(&uri, None);
        let outgoing = self.outgoing(request, &uri, &route)?;
        let mut connection = self.open(&uri, &route).await?;
        tokio::spawn(async move { drop(connection.send(outgoing, false).await) });
        Ok(())
    }

    fn has(&self, defect: Defect) -> bool {
        self.defect == Some(defect)
    }

    fn take(&self, key: &str) -> Option<Connection> {
        let mut kept = self.kept.lock().unwrap();
        let place = kept.iter().position(|(known, _)| known == key)?;
        Some(kept.swap_remove(place).1)
    }

    async fn open(&self, uri: &Uri, route: &Route<'_>) -> Result<Connection, TransportError> {
        let (stream, is_http2) = self.connector.connect(uri, route).await?;
        let stream = TokioIo::new(stream);
        if is_http2 {
            let opened = http2::handshake(TokioExecutor::new(), stream).await;
            let (sender, task) = opened.map_err(TransportError::closed_before_sending)?;
            return Ok(Connection::new(Sender::Http2(sender), task));
        }
        let mut http1 = http1::Builder::new();
        if self.has(Defect::AcceptsALongHead) {
            http1.max_headers(5000);
        }
        let (sender, task) = http1.handshake(stream).await.map_err(TransportError::closed_before_sending)?;
        Ok(Connection::new(Sender::Http1(sender), task))
    }

    /// The request with the headers that a transport adds.
    fn outgoing(
        &self,
        request: Request<Body>,
        uri: &Uri,
        route: &Route<'_>,
    ) -> Result<Request<Outgoing>, TransportError> {
        let (mut parts, body) = request.into_parts();
        let body = body.into_bytes();
        let host = match (self.has(Defect::HostHasNoPort), uri.authority()) {
            (true, Some(authority)) => authority.host(),
            (false, Some(authority)) => authority.as_str(),
            (_, None) => return Err(TransportError::config("the URI is not absolute")),
        };
        parts.headers.insert(HOST, HeaderValue::from_str(host).map_err(TransportError::config)?);
        if (parts.method == Method::POST || !body.is_empty()) && !parts.headers.contains_key(CONTENT_LENGTH) {
            parts.headers.insert(CONTENT_LENGTH, body.len().into());
        }
        if self.has(Defect::AnnouncesNoEmptyBody) && body.is_empty() {
            parts.headers.remove(CONTENT_LENGTH);
        }
        let reader = route.forwarding_proxy().filter(|_| !self.has(Defect::LogsInNowhere));
        let reader =
            reader.or_else(|| route.tunnelling_proxy().filter(|_| self.has(Defect::SendsTheLoginOn)));
        if let Some(login) = reader.and_then(Proxy::authorization) {
            parts.headers.insert(PROXY_AUTHORIZATION, login.clone());
        }
        if self.has(Defect::LosesTheSensitiveMark) {
            parts.headers.values_mut().for_each(|value| value.set_sensitive(false));
        }
        let body = if self.has(Defect::ChunksTheBody) && !body.is_empty() {
            parts.headers.remove(CONTENT_LENGTH);
            OfUnknownLength(Some(body)).boxed_unsync()
        } else {
            Full::new(body).boxed_unsync()
        };
        Ok(Request::from_parts(parts, body))
    }
}

/// The same URI with the scheme of plain http.
fn plain(uri: &Uri) -> Uri {
    let mut parts = uri.clone().into_parts();
    parts.scheme = Some(Scheme::HTTP);
    Uri::from_parts(parts).unwrap()
}
