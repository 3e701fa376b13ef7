#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod builder;
mod collect;
pub mod failure;
mod proxy;
mod settings;
#[cfg(feature = "rustls")]
mod tls;

pub use self::{
    builder::{FromSettings, TransportBuilder},
    collect::collect,
    proxy::{Proxies, Proxy, ProxyChoice},
    settings::{Http2, TransportSettings},
};
#[cfg(feature = "rustls")]
pub use self::{
    settings::TlsVersion,
    tls::{Tls, TlsSettings},
};
