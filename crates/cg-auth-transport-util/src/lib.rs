#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod builder_methods;
#[cfg(feature = "hyper")]
mod collect;
pub mod environment;
pub mod failure;
mod http2;
mod https_check;
mod proxies;
mod proxy;
mod settings;
#[cfg(feature = "rustls")]
mod tls;

/// For the methods that [`builder_methods`] writes into other crates.
#[doc(hidden)]
pub use cg_auth_core::transport::TransportError;

#[cfg(feature = "hyper")]
pub use self::collect::collect;
#[cfg(feature = "rustls")]
pub use self::tls::{PlatformRoots, Tls, TlsSettings, TlsVersion};
pub use self::{
    http2::Http2,
    https_check::HttpsCheck,
    proxies::{Proxies, ProxyReason},
    proxy::{Proxy, ProxyChoice},
    settings::TransportSettings,
};
