//! Transports over real sockets: the contract, and what the transports of this workspace add to it.
//!
//! [`conformance`] runs the suite of `cg-auth-conformance` over each transport. Further behaviours stand in the
//! other files. Each is a generic function with a line such as `#[apply(every_transport)]`, from [`per_transport`].
//! Its tests are named after the function and the transport: `operations::many_calls_run_at_once::hyper`.

// A failed expectation in a helper is a failed test.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[macro_use]
mod per_transport;

#[cfg(unix)]
mod callers_connectors;
mod callers_reqwest;
mod certificates;
mod conformance;
mod connections;
mod day;
mod deadlines;
mod environment;
mod features_of_ureq;
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
mod service_settings;
mod settings;
mod subject;
mod tls;
