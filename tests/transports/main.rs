//! The contract of `cg_auth_core::transport`, over real sockets, once per transport.
//!
//! A behaviour is a generic function with a line such as `#[apply(every_transport)]`, from [`per_transport`].
//! Its tests are named after the function and the transport: `answers::a_redirect_is_not_followed::hyper`.

// A failed expectation in a helper is a failed test.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[macro_use]
mod per_transport;

mod answers;
#[cfg(unix)]
mod callers_connectors;
mod callers_reqwest;
mod certificates;
mod classification;
mod conformance;
mod connections;
mod day;
mod deadlines;
mod environment;
mod http2;
mod logs;
mod messages;
#[cfg(target_os = "linux")]
mod names;
mod operations;
mod pem_texts;
mod proxies;
mod proxy_environment;
mod proxy_failures;
mod proxy_tunnels;
mod retries;
mod settings;
mod subject;
mod tls;
mod wire;
