#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod authorized_by;
mod client;
mod error;
mod transport;
mod urls;

pub use cg_auth_core;
#[cfg(feature = "test-util")]
#[cfg_attr(docsrs, doc(cfg(feature = "test-util")))]
pub use cg_auth_core::testing;
// The same list in each transport: `.ci/check-reexports` compares them.
#[cfg(feature = "tracing")]
#[cfg_attr(docsrs, doc(cfg(feature = "tracing")))]
pub use cg_auth_core::token::{trace_event, trace_event_of};
pub use cg_auth_core::{
    ApiCredential, AuthClient, BaseUrl, CallError, CallErrorKind, ClientSecret, ConfigError, IssuedToken,
    Recovery, RetryPolicy, TokenError, TokenErrorKind, TokenPool, TokenProvider, TokenSource,
    UserPrincipalName,
    body::Body,
    causes::cause_chain,
    model::{AccessToken, DelegatedAccessToken, Environment, Origin, Origins, RefreshToken},
    time::Now,
    token::{
        EnvironmentSecret, Event, Expiry, ExpirySource, FileSecret, Grant, Reason, SecretFn, SecretResult,
        SecretSource, TokenFuture, authorized, is_unauthorized,
        session::{Phase, ProviderState},
    },
    transport::{HttpTransport, TransportError, TransportErrorKind},
};
pub use cg_auth_transport_util::{
    Http2, Proxy, ProxyChoice, TlsSettings, TlsVersion, TransportSettings,
    environment::{EnvironmentError, ServiceSettings},
};

pub use self::{
    authorized_by::AuthorizedBy,
    transport::{ReqwestTransport, ReqwestTransportBuilder},
};
