//! [`Forwarder`]: forwards a request to the upstream, or answers it itself.

use std::time::Duration;

use bytes::Bytes;
use cg_auth_core::{
    BaseUrl, CallErrorKind, IssuedToken, TokenError, TokenProvider,
    causes::cause_chain,
    token::is_unauthorized,
    transport::{TransportError, TransportErrorKind},
};
use cg_auth_hyper::HyperClient;
use http::{
    HeaderValue, Method, Request, Response, StatusCode, Version,
    header::{AUTHORIZATION, TRANSFER_ENCODING},
    request,
};
use http_body_util::BodyExt as _;
use hyper::body::{Body, Incoming};

use super::{
    answer::{AnswerBody, OwnAnswer},
    gate::{Asked, Gate},
    headers,
    recorded_body::{RecordedBody, Recording, Stalled},
    upstream::Upstream,
};
use crate::{failure::Failure, time_format::rfc3339};

/// What the proxy needs to answer.
pub(super) struct Forwarder<B = Incoming> {
    pub(super) gate: Gate,
    pub(super) upstream: Upstream,
    pub(super) client: HyperClient<RecordedBody<B>>,
    pub(super) provider: TokenProvider,
    /// The service that issues the tokens, for messages.
    pub(super) base_url: BaseUrl,
    /// How long a request may make no progress before its answer begins.
    pub(super) limit: Duration,
}

impl<B> Forwarder<B>
where
    B: Body<Data = Bytes> + Unpin + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    /// The answer to `request`. Dropping the future ends the request to the upstream.
    pub(super) async fn answer(&self, request: Request<B>) -> Response<AnswerBody> {
        let method = request.method().clone();
        let answer = match self.gate.admit(&request) {
            Err(refusal) => Err(refusal),
            Ok(Asked::Readiness) => Err(self.readiness()),
            Ok(Asked::Path(path)) => match self.upstream.uri(path, request.uri().query()) {
                Some(uri) => {
                    let (mut head, body) = request.into_parts();
                    (head.uri, head.version) = (uri, Version::HTTP_11);
                    self.gate.clean(&mut head.headers);
                    self.forward(&head, Recording::new(body)).await
                }
                None => Err(OwnAnswer::new(StatusCode::URI_TOO_LONG, "the URL is too long to forward")),
            },
        };
        let is_own = if answer.is_err() { " by the proxy itself" } else { "" };
        let answer = answer.unwrap_or_else(|own| own.into_response(method == Method::HEAD));
        // The path may hold a secret, and the prefix is one.
        tracing::debug!(target: "cg_auth::proxy", "{method}: {}{is_own}", answer.status().as_u16());
        answer
    }

    /// Whether the provider has a valid token. This calls neither the upstream nor the service.
    fn readiness(&self) -> OwnAnswer {
        if let Some(token) = self.provider.peek() {
            let until = token.expiry().expires_at().and_then(rfc3339);
            let until =
                until.map_or_else(|| "for an unknown time".to_owned(), |time| format!("until {time}"));
            return OwnAnswer::new(StatusCode::OK, format!("ready: the token is valid {until}"));
        }
        let reason = match self.provider.state().last_error {
            Some((error, _)) => cause_chain(&Failure::no_token(error, &self.base_url)),
            None => "the last one has expired or was refused".to_owned(),
        };
        OwnAnswer::new(StatusCode::SERVICE_UNAVAILABLE, format!("no valid token: {reason}"))
    }

    /// Sends the request with a valid token, and once more with a new one if the upstream refuses the first.
    async fn forward(
        &self,
        head: &request::Parts,
        body: Recording<B>,
    ) -> Result<Response<AnswerBody>, OwnAnswer> {
        let token = self.token().await?;
        let answer = self.send(head, &body, &token).await?;
        if !is_unauthorized(answer.status(), answer.headers()) {
            return for_client(answer);
        }
        self.provider.invalidate(&token);
        if !body.can_be_repeated() {
            // The token is renewed now, in case the client sends the request again.
            self.provider.prefetch();
            return for_client(answer);
        }
        let fresh = self.token().await?;
        if fresh.expose_secret() == token.expose_secret() || !body.can_be_repeated() {
            return for_client(answer);
        }
        drop(answer);
        for_client(self.send(head, &body, &fresh).await?)
    }

    async fn token(&self) -> Result<IssuedToken, OwnAnswer> {
        self.provider.token().await.map_err(|error| self.no_token(error))
    }

    /// Sends the request. If the connection ended, and the upstream certainly did not take the request, it is
    /// sent once more: a server may close a connection, or drain it, at any moment.
    async fn send(
        &self,
        head: &request::Parts,
        recording: &Recording<B>,
        token: &IssuedToken,
    ) -> Result<Response<Incoming>, OwnAnswer> {
        match self.send_once(head, recording, token).await? {
            Err(error) if was_not_taken(&error) && recording.can_be_repeated() => {
                self.send_once(head, recording, token).await?
            }
            answer => answer,
        }
        .map_err(|error| unreached(&error))
    }

    /// The outer error is the proxy's own answer, the inner one that of the connection.
    async fn send_once(
        &self,
        head: &request::Parts,
        recording: &Recording<B>,
        token: &IssuedToken,
    ) -> Result<Result<Response<Incoming>, TransportError>, OwnAnswer> {
        let body = recording.forward().ok_or_else(interrupted)?;
        let is_chunked = body.size_hint().exact().is_none() && !body.is_end_stream();
        let mut request = Request::new(body);
        *request.method_mut() = head.method.clone();
        *request.uri_mut() = head.uri.clone();
        *request.version_mut() = head.version;
        *request.headers_mut() = head.headers.clone();
        request.headers_mut().insert(AUTHORIZATION, token.authorization().clone());
        if is_chunked {
            // Otherwise hyper leaves out the body of a GET.
            request.headers_mut().insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
        }
        tokio::select! {
            answer = self.client.send(request) => match answer {
                // The fault is the client's, and the library tells it as one of the upstream.
                Err(_) if recording.has_failed() => Err(interrupted()),
                answer => Ok(answer),
            },
            stalled = recording.stalled(self.limit) => Err(self.timed_out(stalled)),
        }
    }

    fn no_token(&self, error: TokenError) -> OwnAnswer {
        let is_timeout = error.as_call().is_some_and(|call| call.kind() == CallErrorKind::Timeout);
        let status = if is_timeout { StatusCode::GATEWAY_TIMEOUT } else { StatusCode::BAD_GATEWAY };
        OwnAnswer::new(
            status,
            format!("no token: {}", cause_chain(&Failure::no_token(error, &self.base_url))),
        )
    }

    fn timed_out(&self, stalled: Stalled) -> OwnAnswer {
        let limit = humantime::format_duration(self.limit);
        match stalled {
            Stalled::Client => OwnAnswer::new(
                StatusCode::REQUEST_TIMEOUT,
                format!("the rest of the request's body did not arrive within {limit}"),
            ),
            Stalled::Upstream => OwnAnswer::new(
                StatusCode::GATEWAY_TIMEOUT,
                format!(
                    "the upstream {} did not begin to answer within {limit}; --answer-timeout allows more",
                    self.upstream.address()
                ),
            ),
        }
    }
}

fn interrupted() -> OwnAnswer {
    OwnAnswer::new(StatusCode::BAD_REQUEST, "the body of the request is malformed or not complete")
}

fn was_not_taken(error: &TransportError) -> bool {
    error.kind() == TransportErrorKind::Closed && !error.may_have_been_sent()
}

/// The upstream was not reached, or ended the connection. The text names its host and port.
fn unreached(error: &TransportError) -> OwnAnswer {
    OwnAnswer::new(StatusCode::BAD_GATEWAY, format!("no answer from the upstream: {}", cause_chain(error)))
}

/// The answer of the upstream for the client. Its body streams.
fn for_client(answer: Response<Incoming>) -> Result<Response<AnswerBody>, OwnAnswer> {
    let (head, body) = answer.into_parts();
    if head.status.is_informational() {
        return Err(OwnAnswer::new(
            StatusCode::BAD_GATEWAY,
            "the upstream switched to another protocol without being asked",
        ));
    }
    let mut answer = Response::new(body.map_err(Into::into).boxed_unsync());
    *answer.status_mut() = head.status;
    *answer.headers_mut() = head.headers;
    headers::keep_for_client(answer.headers_mut());
    Ok(answer)
}
