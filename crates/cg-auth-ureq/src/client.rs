//! [`Client`]: makes an exchange on the calling thread, over a connection of the pool or a new one.

use std::{io::Read, sync::Arc, time::Duration};

use cg_auth_core::{
    body::{Body, BodyCollector},
    transport::TransportError,
};
use cg_auth_transport_util::{HttpsCheck, Proxies, Proxy, TransportSettings, failure::Route};
use http::{
    Method, Request, Response, Uri, Version,
    header::{PROXY_AUTHORIZATION, TRANSFER_ENCODING},
    uri::{Authority, Scheme},
};
use ureq::{
    Agent,
    config::{AutoHeaderValue, Config},
};
use zeroize::Zeroizing;

use crate::{
    call::Answer,
    cancellation::{BlockedOn, Cancellation},
    connector::{Connection, Connector},
    error::{classify, cut_off},
    pool::{Key, Pool, Pooled},
    wire::{Extent, NoAddress, OneWire, SharedRecord, Wire, show_headers},
};

/// The connections of a transport, and its settings.
#[derive(Debug)]
pub(crate) struct Client {
    config: Config,
    connector: Connector,
    pool: Arc<Pool>,
    proxies: Proxies,
    https: HttpsCheck,
    body_limit: usize,
}

impl Client {
    /// A client for `settings`.
    ///
    /// # Errors
    /// [`TransportError`] of the config kind when the settings cannot be used.
    pub(crate) fn from_settings(settings: &TransportSettings) -> Result<Self, TransportError> {
        let (connector, https) = Connector::new(settings)?;
        Ok(Self {
            config: keeping_the_contract(),
            connector,
            pool: Arc::new(Pool::new(settings.pool_max_idle_per_host, settings.pool_idle_timeout)),
            proxies: Proxies::new(settings.proxy.clone()),
            https,
            body_limit: settings.body_limit,
        })
    }

    /// The idle connections.
    pub(crate) fn pool(&self) -> Arc<Pool> {
        Arc::clone(&self.pool)
    }

    /// How long the body of an answer may be, in bytes.
    pub(crate) const fn body_limit(&self) -> usize {
        self.body_limit
    }

    /// Sends `request` and reads the answer. Returns the connection too if it may carry another request.
    pub(crate) fn exchange(
        &self,
        request: Request<Body>,
        cancellation: &Cancellation,
    ) -> (Answer, Option<Pooled>) {
        let key = Key::of(request.uri());
        match self.try_exchange(request, &key, cancellation) {
            Ok((answer, kept)) => {
                let kept = kept.filter(|_| cancellation.is_over());
                (answer, kept.map(|connection| Pooled { key, connection }))
            }
            Err(error) => (Err(error), None),
        }
    }

    fn try_exchange(
        &self,
        request: Request<Body>,
        key: &Key,
        cancellation: &Cancellation,
    ) -> Result<(Answer, Option<Connection>), TransportError> {
        let (mut parts, body) = request.into_parts();
        parts.version = Version::HTTP_11;
        // ureq would send the userinfo as a login.
        parts.uri = without_userinfo(parts.uri)?;
        self.https.before_blocking(&parts.uri)?;
        let route = Route::new(&parts.uri, self.proxies.proxy_for(&parts.uri)?);
        if let Some(authorization) = route.forwarding_proxy().and_then(Proxy::authorization) {
            parts.headers.insert(PROXY_AUTHORIZATION, authorization.clone());
        }
        let request = Request::from_parts(parts, body);
        while let Some(connection) = self.pool.take(key) {
            let blocked_on = BlockedOn::Connected(Arc::clone(connection.connected()));
            cancellation.before(blocked_on).map_err(TransportError::closed_before_sending)?;
            let (answer, kept, has_sent) = self.exchange_over(connection, &request, &route);
            // The server had ended the connection before it took a byte.
            if answer.is_ok() || has_sent {
                return Ok((answer, kept));
            }
        }
        let connection = self.connector.connect(request.uri(), &route, cancellation)?;
        let (answer, kept, _) = self.exchange_over(connection, &request, &route);
        Ok((answer, kept))
    }

    /// Also returns whether a byte of the request may have left.
    fn exchange_over(
        &self,
        connection: Connection,
        request: &Request<Body>,
        route: &Route<'_>,
    ) -> (Answer, Option<Connection>, bool) {
        let record = SharedRecord::default();
        let is_https = request.uri().scheme() == Some(&Scheme::HTTPS);
        let mut wire = Wire::new(connection, is_https, &extent(request, self.body_limit), record.clone());
        if route.forwarding_proxy().is_some() {
            let authority = request.uri().authority().map(Authority::as_str).unwrap_or_default();
            wire = wire.with_absolute_target(request.method().as_str(), format!("http://{authority}"));
        }
        let agent = Agent::with_parts(self.config.clone(), OneWire::new(wire), NoAddress);
        let result = run(&agent, request).and_then(|response| self.read(response));
        drop(agent);
        let mut record = record.take();
        let (kept, has_sent) = (record.kept.take(), record.has_sent);
        let answer = match result {
            Ok(Ok(response)) if record.has_ended && response.headers().contains_key(TRANSFER_ENCODING) => {
                // ureq takes the end of the connection for the end of the last chunk.
                drop(response);
                Err(cut_off())
            }
            Ok(answer) => answer,
            Err(error) => Err(classify(error, record, route)),
        };
        let kept = kept.filter(|_| answer.is_ok());
        (answer, kept, has_sent)
    }

    /// Reads the body of a response within its limit.
    fn read(&self, response: Response<ureq::Body>) -> Result<Answer, ureq::Error> {
        let (parts, mut body) = response.into_parts();
        let mut collected = BodyCollector::new(self.body_limit);
        if let Err(too_large) = collected.expect(body.content_length().unwrap_or_default()) {
            return Ok(Err(too_large.into()));
        }
        let mut reader = body.as_reader();
        let mut piece = Zeroizing::new([0; PIECE]);
        loop {
            let length = reader.read(&mut *piece)?;
            if length == 0 {
                break;
            }
            if let Err(too_large) = collected.push(&piece[..length]) {
                return Ok(Err(too_large.into()));
            }
        }
        let mut response = Response::new(collected.finish());
        *response.status_mut() = parts.status;
        *response.version_mut() = parts.version;
        *response.headers_mut() = parts.headers;
        show_headers(response.headers_mut());
        Ok(Ok(response))
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.pool.close();
    }
}

/// ureq without the headers and the behaviour that the contract forbids. The pool and the time limits are those
/// of this crate.
fn keeping_the_contract() -> Config {
    Agent::config_builder()
        .proxy(None)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        .allow_non_standard_methods(true)
        .user_agent(AutoHeaderValue::None)
        .accept(AutoHeaderValue::None)
        .accept_encoding(AutoHeaderValue::None)
        .max_idle_connections(0)
        // A request with `expect: 100-continue` sends its body at once, as over the other transports.
        .timeout_await_100(Some(Duration::ZERO))
        .build()
}

fn run(agent: &Agent, request: &Request<Body>) -> Result<Response<ureq::Body>, ureq::Error> {
    let announces_nothing = ![Method::POST, Method::PUT, Method::PATCH].contains(request.method());
    let mut head = Request::new(());
    *head.method_mut() = request.method().clone();
    *head.uri_mut() = request.uri().clone();
    *head.headers_mut() = request.headers().clone();
    let bytes = request.body().as_bytes();
    if bytes.is_empty() && announces_nothing {
        agent.run(head.map(|()| ureq::SendBody::none()))
    } else {
        agent.run(head.map(|()| bytes))
    }
}

fn extent(request: &Request<Body>, body_limit: usize) -> Extent {
    let headers = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len());
    let target = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
    let authority = request.uri().authority().map_or(0, |authority| authority.as_str().len());
    // The first line of a proxied request, the host and the length of the body.
    let added = [request.method().as_str().len() + authority + target, authority, 0];
    let lines: Vec<_> = headers.chain(added).map(|length| length + ROOM_OF_A_LINE).collect();
    Extent {
        longest_line: lines.iter().copied().max().unwrap_or_default(),
        request: lines.iter().sum::<usize>() + request.body().len(),
        body_limit,
    }
}

fn without_userinfo(uri: Uri) -> Result<Uri, TransportError> {
    if !uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
        return Ok(uri);
    }
    let mut parts = uri.into_parts();
    let address = parts.authority.as_ref().and_then(|authority| authority.as_str().rsplit('@').next());
    parts.authority = address.map(str::parse).transpose().map_err(TransportError::config)?;
    Uri::from_parts(parts).map_err(TransportError::config)
}

const PIECE: usize = 4 * 1024;
const ROOM_OF_A_LINE: usize = 64;
