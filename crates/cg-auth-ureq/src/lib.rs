#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod call;
mod cancellation;
mod client;
mod connector;
mod error;
mod pool;
mod transport;
mod wire;

pub use cg_auth_core;
pub use cg_auth_core::{
    ApiCredential, AuthClient, BaseUrl, CallError, CallErrorKind, ClientSecret, ConfigError, IssuedToken,
    Recovery, TokenError, TokenErrorKind, TokenPool, TokenProvider, TokenSource, UserPrincipalName,
};
pub use cg_auth_transport_util::{Http2, Proxy, ProxyChoice, TlsSettings, TlsVersion, TransportSettings};

pub use self::transport::{UreqTransport, UreqTransportBuilder};
