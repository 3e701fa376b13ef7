//! [`CallersReqwest`]: a client of the caller's, set up against the contract in every way there is.

use async_trait::async_trait;
use cg_auth_core::{
    body::Body,
    transport::{HttpTransport, TransportError, TransportErrorKind},
};
use cg_auth_reqwest::ReqwestTransport;
use http::{Request, Response, StatusCode};
use reqwest::{Client, ClientBuilder, redirect, retry};

use super::subject::{Settings, Subject};

#[derive(Debug)]
pub(crate) struct CallersReqwest(ReqwestTransport);

#[async_trait]
impl HttpTransport for CallersReqwest {
    async fn send(&self, request: Request<Body>) -> Result<Response<Body>, TransportError> {
        self.0.send(request).await
    }
}

impl Subject for CallersReqwest {
    fn with(settings: Settings<'_>) -> Self {
        let mut builder = against_the_contract().connect_timeout(settings.connect_timeout);
        if settings.http2_prior_knowledge {
            builder = builder.http2_prior_knowledge();
        }
        if let Some(pem) = settings.extra_roots {
            builder = builder.tls_certs_merge([reqwest::Certificate::from_pem(pem.as_bytes()).unwrap()]);
        }
        Self(ReqwestTransport::from_builder(builder).unwrap().with_body_limit(settings.body_limit))
    }
}

/// Every coding that a feature of reqwest brings is undone unless it is told not to.
fn against_the_contract() -> ClientBuilder {
    let again_and_again =
        retry::for_host("127.0.0.1").no_budget().max_retries_per_request(5).classify_fn(|attempt| {
            match attempt.status() {
                Some(StatusCode::OK) => attempt.success(),
                _ => attempt.retryable(),
            }
        });
    Client::builder().redirect(redirect::Policy::limited(10)).retry(again_and_again).referer(true).gzip(true)
}

#[test]
fn a_client_that_keeps_cookies_is_refused() {
    let refused = ReqwestTransport::from_builder(Client::builder().cookie_store(true)).unwrap_err();
    assert_eq!(refused.kind(), TransportErrorKind::Config);
    assert!(format!("{refused:?}").contains("cookies"));
}

#[test]
fn a_client_that_cannot_be_built_is_a_config_error() {
    let unreadable = Client::builder().user_agent("line\nbreak");
    let refused = ReqwestTransport::from_builder(unreadable).unwrap_err();
    assert_eq!(refused.kind(), TransportErrorKind::Config);
}
